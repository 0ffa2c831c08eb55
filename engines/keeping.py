"""Keep maps in place when rows are added or removed: known rows stay where they were, new ones go to their nearest neighbors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.artifacts import Dataset, Embeddings, Float32, NeighborGraph, Projection
from engines.keys import chain, digest
from engines.parameters import parameters
from engines.project.placement import placed
from engines.protocols import Progress, part
from engines.store import Store, write_atomically
from engines.value import Artifact

POINTER = "maps.json"
MOST_NEW = 0.2
"""Above this share of rows that were placed and not laid out, a map is drawn anew."""
BLOCK = 65_536

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Atlas(Artifact):
    """The maps that a person saw last: ``rows`` holds the ids, ``maps`` the key of each map and the mark of the engine that made it."""

    kind_name: ClassVar[str] = "atlas"
    rows: pa.Table
    embeddings_key: str
    maps: dict[str, list[str]] = field(default_factory=dict)


def remember(store: Store, dataset: Dataset, embeddings: Embeddings, maps: Mapping[str, tuple[Projection, Any]]) -> None:
    """Note which maps, each with the engine that made it, are shown now, so that later ones can begin from them."""
    shown = {name: [made.key, _mark(name, engine)] for name, (made, engine) in maps.items() if _moves(engine)}
    if not shown:
        return
    key = digest("atlas", dataset.media_key, embeddings.key, json.dumps(shown, sort_keys=True))
    if not store.has(Atlas, key):
        store.put(Atlas(key=key, rows=dataset.rows.select(["id"]), embeddings_key=embeddings.key, maps=shown))
    pointers = _pointers(store)
    if pointers.get(embeddings.encoder) != key:
        text = json.dumps({**pointers, embeddings.encoder: key})
        write_atomically(store.root / POINTER, lambda path: path.write_text(text, encoding="utf-8"))


def latest(store: Store, encoder: str) -> Atlas | None:
    """Give the maps that were shown last for an encoder."""
    key = _pointers(store).get(encoder)
    return store.get(Atlas, key) if isinstance(key, str) else None


def forget(store: Store) -> None:
    """Let the next maps be drawn from nothing."""
    (store.root / POINTER).unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Turn an earlier map into one of the rows as they are now."""

    store: Store
    atlas: Atlas
    dataset: Dataset
    embeddings: Embeddings
    graph: NeighborGraph

    def __call__(self, name: str, engine: Any, progress: Progress) -> Projection | None:
        """Give the earlier map of an engine with these parameters, rows added or left out; None where it has to be drawn anew.

        A known row is one with the id and the vector that it had. Known rows keep their positions to the last bit. New rows come to their
        nearest neighbors that have a position: an engine with a method ``extend`` lays them out among the known ones, else they are placed
        (``Projection.place``), in as many rounds as it takes. ``notes["placed"]`` counts the rows that came so in all, since the
        map was laid out.
        """
        key, mark = self.atlas.maps.get(name, ["", ""])
        if not _moves(engine) or mark != _mark(name, engine):
            return None
        earlier = self.store.get(Projection, key)
        if earlier is None or self.atlas.embeddings_key == self.embeddings.key:
            return earlier
        kept_key = digest("kept", self.graph.key, earlier.key, mark)
        found = self.store.get(Projection, kept_key)
        if found is not None:
            return found
        was = self._known()
        fresh = int((was < 0).sum())
        placed_in_all = fresh + int(earlier.notes.get("placed", 0))
        if was.size == 0 or placed_in_all > MOST_NEW * len(was):
            return None
        progress(0.1, f"placing {fresh:,} new rows on the map")
        coords = self._coords(earlier, was, getattr(engine, "extend", None), part(progress, 0.1, 0.3))
        made = placed(
            self.graph,
            coords[self.graph.representative],
            key=kept_key,
            name=name,
            notes={"placed": placed_in_all},
            progress=part(progress, 0.3, 1.0),
        )
        exact = np.where((was >= 0)[:, None], coords, made.coords)
        return self.store.put(_with_coords(made, exact))

    def _known(self) -> Rows:
        """Give for each row the number that it had, -1 for a new one."""
        old = self.store.get(Embeddings, self.atlas.embeddings_key)
        number = {row_id: place for place, row_id in enumerate(self.atlas.rows.column("id").to_pylist())}
        was = np.array([number.get(row_id, -1) for row_id in self.dataset.ids], dtype=np.int64)
        if old is None or old.vectors.shape[1:] != self.embeddings.vectors.shape[1:]:
            return np.full(len(was), -1, dtype=np.int64)
        for start in range(0, len(was), BLOCK):
            rows = start + np.flatnonzero(was[start : start + BLOCK] >= 0)
            same = (old.vectors[was[rows]] == self.embeddings.vectors[rows]).all(axis=1)
            was[rows[~same]] = -1
        return was

    def _coords(self, earlier: Projection, was: Rows, extend: Any, progress: Progress) -> Float32:
        """Give positions (n, 2): those of known rows, and of the representatives of all nodes."""
        graph = self.graph
        coords = np.zeros((len(was), 2), dtype=np.float32)
        coords[was >= 0] = earlier.coords[was[was >= 0]]
        of_node = np.full(graph.m, -1, dtype=np.int64)  # a row of the node that has a position
        rows = np.flatnonzero((was >= 0) & (graph.unique_of >= 0))
        of_node[graph.unique_of[rows[::-1]]] = rows[::-1]
        known = of_node >= 0
        coords[graph.representative] = np.where(known[:, None], coords[of_node], coords[graph.representative])
        if extend is None:
            self._place(earlier, coords, of_node)
        else:
            coords[graph.representative] = extend(graph, coords[graph.representative], known, progress=progress)
        return coords

    def _place(self, earlier: Projection, coords: Float32, of_node: Rows) -> None:
        """Write the positions of nodes without one, round by round of those that neighbor a positioned one."""
        graph = self.graph
        while len(left := np.flatnonzero(of_node < 0)):
            near = of_node[graph.indices[left]]
            ready = (near >= 0).any(axis=1) if graph.k else np.zeros(len(left), dtype=bool)
            if not ready.any():
                ready, near = np.ones(len(left), dtype=bool), np.full((len(left), max(graph.k, 1)), -1, dtype=np.int64)
            nodes = left[ready]
            distances = graph.distances[nodes] if graph.k else np.zeros((len(nodes), 1), dtype=np.float32)
            so_far = _with_coords(earlier, coords)
            coords[graph.representative[nodes]] = so_far.place(near[ready], distances)
            of_node[nodes] = graph.representative[nodes]


def _with_coords(projection: Projection, coords: Float32) -> Projection:
    """Give the same map with other positions, unchecked: what moved is checked where the map is made."""
    made = projection.with_key(projection.key)
    object.__setattr__(made, "coords", coords)
    return made


def _moves(engine: Any) -> bool:
    """Tell whether a map hangs on chance: one that does not is as good drawn anew."""
    return any(parameter.name == "seed" for parameter in parameters(type(engine)))


def _mark(name: str, engine: Any) -> str:
    return chain("project", engine, [], name=name)


def _pointers(store: Store) -> dict[str, Any]:
    try:
        found = json.loads((store.root / POINTER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
