"""The 1000 classes of ImageNet and the nouns of WordNet above them, for every stage that reads class probabilities."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

TABLE = Path(__file__).parent / "name" / "data" / "imagenet_wordnet.json"
VOCABULARY = "imagenet1k"
"""What ``Embeddings.vocabulary`` says where the probabilities are those of these classes."""


@dataclass(frozen=True, eq=False)
class WordNet:
    """Nouns above the classes, parents before children. ``names``: None where no cluster should be called by that noun.

    ``glosses`` say in a few words what a class is, empty for nouns above the classes. ``classes`` int64 (1000): the node of each class.
    """

    names: list[str | None]
    lemmas: list[tuple[str, ...]]
    glosses: list[str]
    parents: list[tuple[int, ...]]
    classes: npt.NDArray[np.int64]

    @cached_property
    def depth(self) -> npt.NDArray[np.int64]:
        """Give the longest way from "entity" down to each node."""
        depth = np.zeros(len(self.parents), dtype=np.int64)
        for node, parents in enumerate(self.parents):
            depth[node] = 1 + max((depth[parent] for parent in parents), default=-1)
        return depth

    @cached_property
    def ancestors(self) -> list[frozenset[int]]:
        """Give every node above a node, itself included."""
        found: list[frozenset[int]] = []
        for node, parents in enumerate(self.parents):
            found.append(frozenset([node]).union(*(found[parent] for parent in parents)))
        return found

    @cached_property
    def spread(self) -> npt.NDArray[np.float64]:
        """Give the matrix (classes, nodes) that adds the mass of each class to all nodes above it."""
        spread = np.zeros((len(self.classes), len(self.parents)))
        for row, node in enumerate(self.classes):
            spread[row, list(self.ancestors[node])] = 1
        return spread

    def above(self, node: int) -> str:
        """Name the nearest node above that a person would use, empty if there is none."""
        near = sorted(self.ancestors[node] - {node}, key=lambda other: -self.depth[other])
        return next((name for name in (self.names[other] for other in near) if name), "")


@cache
def wordnet() -> WordNet:
    """Load the table that ``scripts/build_wordnet_table.py`` made."""
    table = json.loads(TABLE.read_text("utf-8"))
    nodes = table["nodes"]
    return WordNet(
        names=[node["name"] for node in nodes],
        lemmas=[tuple(node["lemmas"]) for node in nodes],
        glosses=[node.get("gloss", "") for node in nodes],
        parents=[tuple(node["parents"]) for node in nodes],
        classes=np.array(table["classes"], dtype=np.int64),
    )


__all__ = ["TABLE", "VOCABULARY", "WordNet", "wordnet"]
