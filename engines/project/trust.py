"""How far a map can be trusted: at each row, as a whole, and under another seed; and what not to read out of it, in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, NeighborGraph
from engines.nearest import nearest_to, squared_distances
from engines.protocols import Progress, available_threads, no_progress, part

Float64 = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

NEIGHBORS = 15
TOLERANCE = 3
"""A neighbor is still near when it is among this many times ``NEIGHBORS``: ranks within a neighborhood are mostly noise."""
SAMPLE, COMPARISONS = 2_000, 3e8
STABILITY_SAMPLE = 1_000
BLOCK = 65_536


def local_trust(
    graph: NeighborGraph, per_node: Float32, progress: Progress = no_progress
) -> tuple[Float32, Float32, dict[str, Any]]:
    """Give ``torn`` and ``false`` (m) per node, and their means with the share of kept neighbors as notes.

    With the k = 15 nearest and a tolerance of K = 3 k (as far as the graph knows neighbors; k is at most a sixth of the nodes): torn is the
    share of a node's k true neighbors that are farther on the map than its K-th nearest there; false is the share of its k nearest on
    the map that are truly farther than its K-th true neighbor. Ties count in favor of the map. NaN and None where there are too few nodes.
    """
    from scipy.spatial import cKDTree

    m = graph.m
    k = min(NEIGHBORS, graph.k, m // 6)
    if k < 1:
        unknown = np.full(m, np.nan, dtype=np.float32)
        return unknown, unknown, {"kept_neighbors": None, "kept_k": k, "torn": None, "false": None}
    wide = min(TOLERANCE * k, graph.k)
    torn, false, kept = np.empty(m, dtype=np.float32), np.empty(m, dtype=np.float32), 0.0
    places = np.ascontiguousarray(per_node, dtype=np.float64)
    tree = cKDTree(places)
    threads = available_threads()
    slack = 1.0 + 1e-9
    for start in range(0, m, BLOCK):
        progress(start / m, f"trust of {start:,} of {m:,} rows")
        rows = np.arange(start, min(start + BLOCK, m))
        away, near = tree.query(places[rows], k=wide + 1, workers=threads)  # itself included
        true = graph.indices[rows, :k].astype(np.int64)
        on_map = np.linalg.norm(places[true] - places[rows][:, None, :], axis=2)
        torn[rows] = (on_map > away[:, -1:] * slack).mean(axis=1)
        kept += float((on_map <= away[:, k : k + 1] * slack).sum())
        others = _without_self(near, rows)[:, :k]
        limit = graph.distances[rows, wide - 1].astype(np.float64)[:, None]
        false[rows] = (_true_distances(graph, rows, others, threads) > limit * (1.0 + 1e-6) + 1e-9).mean(axis=1)
    notes = {"kept_neighbors": round(kept / (m * k), 4), "kept_k": k, "near_k": wide}
    return torn, false, {**notes, "torn": round(float(torn.mean()), 4), "false": round(float(false.mean()), 4)}


def _without_self(near: npt.NDArray[Any], rows: Rows) -> Rows:
    """Drop each row from its own list, or the last where it does not find itself among points that coincide."""
    own = near == rows[:, None]
    own[~own.any(axis=1), -1] = True
    others: Rows = near[~own].reshape(len(near), -1).astype(np.int64)
    return others


def _true_distances(graph: NeighborGraph, rows: Rows, others: Rows, threads: int) -> Float64:
    squares = squared_distances(graph.nodes, rows, others, threads).astype(np.float64)
    return np.sqrt(squares) if graph.metric == "euclidean" else squares / 2


def map_quality(nodes: Float32, places: Float32, *, seed: int = 0, progress: Progress = no_progress) -> dict[str, Any]:
    """Give ``trustworthiness`` and ``continuity`` (Venna and Kaski 2001, k = 15), 0..1, of places (m, 2) of nodes (m, d).

    Trustworthiness punishes rows that are neighbors on the map only, by their true rank; continuity punishes true neighbors by their rank on
    the map. Ranks are exact, euclidean (which for unit vectors is the cosine's order). Up to 2,000 nodes are asked, fewer above
    150,000; all others are what they are ranked among. None where k is not below half of the nodes.
    """
    m = len(nodes)
    k = NEIGHBORS
    if 2 * k >= m:
        return {"trustworthiness": None, "continuity": None, "quality_sample": 0}
    count = min(m, SAMPLE, max(int(COMPARISONS / m), 100))
    asked = np.sort(np.random.default_rng(seed).choice(m, count, replace=False))
    halves = np.empty(m, dtype=np.float32)
    for start in range(0, m, BLOCK):
        block = nodes[start : start + BLOCK]
        halves[start : start + BLOCK] = np.einsum("ij,ij->i", block, block) * np.float32(0.5)
    flat = np.asarray(places, dtype=np.float32)
    flat = flat - flat.mean(axis=0)
    flat_halves = np.einsum("ij,ij->i", flat, flat) * np.float32(0.5)
    step = max(1, int(2e7 / m))
    wrong_near = wrong_far = 0.0
    for start in range(0, count, step):
        progress(start / count, "quality of the map")
        rows = asked[start : start + step]
        truth, shown = _ordering(nodes, halves, rows), _ordering(flat, flat_halves, rows)
        true_near, map_near = _least(truth, k), _least(shown, k)
        wrong_near += _excess_ranks(truth, map_near, k)
        wrong_far += _excess_ranks(shown, true_near, k)
    scale = 2.0 / (count * k * (2.0 * m - 3.0 * k - 1.0))
    return {
        "trustworthiness": round(1.0 - scale * wrong_near, 4),
        "continuity": round(1.0 - scale * wrong_far, 4),
        "quality_sample": count,
    }


def _ordering(points: Float32, halves: Float32, rows: Rows) -> Float32:
    """Give what orders all points by their distance to each row (b, m); infinity at the row itself."""
    scores = halves[None, :] - points[rows] @ points.T
    scores[np.arange(len(rows)), rows] = np.inf
    return scores


def _least(scores: Float32, k: int) -> Rows:
    return np.argpartition(scores, k - 1, axis=1)[:, :k]


def _excess_ranks(scores: Float32, others: Rows, k: int) -> float:
    """Sum over rows and ``others`` by how much the rank of an other exceeds k."""
    total = 0.0
    for row, near in zip(scores, others, strict=True):
        ranks = (row[None, :] < row[near][:, None]).sum(axis=1) + 1
        total += float(np.maximum(ranks - k, 0).sum())
    return total


def seed_stability(projector: Any, graph: NeighborGraph, progress: Progress = no_progress) -> dict[str, Any]:
    """Lay a sample of at most 1,000 nodes out twice, with two other seeds: how much of the two maps is the same?

    Gives ``seed_stability``, the mean share of the 15 nearest on one map that are among the 15 nearest on the other, 0..1; None for small
    graphs and for projectors without a seed.
    """
    if graph.m < 4 * NEIGHBORS or not any(item.name == "seed" for item in dataclasses.fields(projector)):
        return {"seed_stability": None}
    rng = np.random.default_rng(projector.seed)
    rows = np.sort(rng.choice(graph.m, min(STABILITY_SAMPLE, graph.m), replace=False))
    part_of = _sub_graph(graph, rows)
    nearest = []
    for number in (1, 2):
        step = part(progress, (number - 1) / 2, number / 2)
        other = dataclasses.replace(projector, seed=(projector.seed + number) % 2**31)
        nearest.append(_nearest_on_map(other(part_of, progress=step).coords))
    same = (nearest[0][:, :, None] == nearest[1][:, None, :]).any(axis=2)
    return {"seed_stability": round(float(same.mean()), 4), "stability_sample": len(rows)}


def _sub_graph(graph: NeighborGraph, rows: Rows) -> NeighborGraph:
    nodes = np.ascontiguousarray(graph.nodes[rows])
    k = min(graph.k, len(rows) - 1)
    found = nearest_to(
        nodes, lambda low, high: nodes[low:high], len(nodes), k + 1, threads=available_threads(), progress=no_progress
    )
    own = np.arange(len(rows))
    near = _without_self(found.ids, own)
    squares = squared_distances(nodes, own, near)
    away = np.sqrt(squares) if graph.metric == "euclidean" else squares * np.float32(0.5)
    order = np.lexsort((near, away), axis=1)
    return dataclasses.replace(
        graph,
        key="",
        indices=np.take_along_axis(near, order, axis=1).astype(np.int32),
        distances=np.take_along_axis(away, order, axis=1),
        unique_of=own.astype(np.int32),
        representative=own.astype(np.int32),
        nodes=nodes,
    )


def _nearest_on_map(coords: Float32) -> Rows:
    from scipy.spatial import cKDTree

    _, near = cKDTree(coords).query(coords, k=NEIGHBORS + 1)
    return _without_self(near, np.arange(len(coords)))


SHAPE = {
    "pca": "Only two of all directions are shown: rows that lie on each other here may be far apart.",
    "tsne": "Only near neighbors mean something: not the distances between islands, nor their size or density.",
    "umap": "Near neighbors and islands mean something: not the distances between islands, nor their size.",
}


def caution(name: str, notes: Mapping[str, Any]) -> str:
    """Say in plain sentences what not to read out of a map, from its method and its figures (``Projection.notes``)."""
    if notes.get("coarse"):
        return "A first sketch from a sample of the rows; the map of all rows is being computed."
    said = [SHAPE[name]] if name in SHAPE else []
    torn, false = notes.get("torn"), notes.get("false")
    if torn is not None and false is not None:
        said.append(f"{false:.0%} of what looks near is not, and {torn:.0%} of true neighbors lie elsewhere.")
    return " ".join(said)
