"""Name clusters by what the encoder sees, through the nouns of WordNet above the 1000 ImageNet classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engines.name.candidates import Candidate, Members, Proposal
from engines.protocols import Progress
from engines.wordnet_classes import WordNet, wordnet

BLOCK = 65536
HINT = 0.15
"""Mass below which a node says nothing about a cluster."""
Masses = npt.NDArray[np.float64]


def mean_probabilities(probabilities: npt.NDArray[np.float16], clusters: Members, progress: Progress) -> Masses:
    """Average the class probabilities (n, classes) over each cluster, in blocks of rows; each mean sums to one."""
    total = np.zeros((len(clusters.ids), probabilities.shape[1]))
    by_row = clusters.matrix.tocsc()
    for start in range(0, len(probabilities), BLOCK):
        progress(start / len(probabilities), "class probabilities")
        block = np.asarray(probabilities[start : start + BLOCK], dtype=np.float32)
        total += by_row[:, start : start + BLOCK] @ block
    sums: Masses = total / np.maximum(total.sum(axis=1, keepdims=True), 1e-12)
    return sums


def propose(probabilities: npt.NDArray[np.float16], clusters: Members, *, mass: float, progress: Progress) -> list[Proposal]:
    """Propose the deepest node that holds ``mass`` of a cluster's mean class probability; the second name is the top class."""
    net = wordnet()
    means = mean_probabilities(probabilities, clusters, progress)
    sizes = clusters.sizes
    # The clusters of one layer hold each row at most once, so their sum is all that there is of a node.
    first = np.array(clusters.layer_of) == min(clusters.layer_of)
    total = (means[first] * sizes[first, None]).sum(axis=0) @ net.spread
    return [
        _proposal(net, row, np.minimum(size * (row @ net.spread) / np.maximum(total, 1e-9), 1), mass)
        for row, size in zip(means, sizes, strict=True)
    ]


def _proposal(net: WordNet, classes: Masses, found: Masses, mass: float) -> Proposal:
    nodes = classes @ net.spread

    def candidates(chosen: Sequence[int]) -> list[Candidate]:
        return [Candidate(name, float(nodes[node]), float(found[node])) for node in chosen if (name := net.names[node])]

    named = np.array([name is not None for name in net.names])
    top = int(net.classes[int(np.argmax(classes))])
    # Deeper is more specific; of two equally deep ones the heavier.
    holding = np.flatnonzero(named & (nodes >= mass))
    order = holding[np.lexsort((-nodes[holding], -net.depth[holding]))].tolist()
    # Where the name is taken: what lies below the first choice, the heaviest first.
    heavy = np.flatnonzero(named & (nodes >= HINT)).tolist()
    below = [node for node in heavy if order and order[0] in net.ancestors[node] - {node}]
    finer = sorted(below, key=lambda node: (-nodes[node], -net.depth[node]))
    strong = [node for node in finer if nodes[node] >= 0.6 * mass]
    tops = net.classes[np.argsort(-classes, kind="stable")[:3]].tolist()
    name = net.names[top] or ""
    first = candidates(order[:1])
    second = net.above(top) if first and first[0].name == name else name
    return Proposal("wordnet", [*first, *candidates(strong)], candidates([*finer, *tops]), second)
