"""How far a map can be trusted: at each row, as a whole, and under another seed; and what not to read out of it, in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, NeighborGraph
from engines.nearest import all_nearest, others_of, squared_distances
from engines.protocols import Progress, available_threads, no_progress, part

Float64 = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

NEIGHBORS = 15
TOLERANCE = 3
"""A neighbor is still near when it is among this many times ``NEIGHBORS``: ranks within a neighborhood are mostly noise."""
SAMPLE, FEWEST_ASKED, COMPARISONS = 2_000, 100, 1e9
"""Nodes whose ranks are measured: all up to 2,000, fewer where that would take more distances than this."""
STABILITY_SAMPLE = 1_000
BLOCK = 4_096
CROWD = 64
"""A tree of places slows down without bound where more than this many nodes share one."""


def local_trust(
    graph: NeighborGraph, per_node: Float32, progress: Progress = no_progress
) -> tuple[Float32, Float32, dict[str, Any]]:
    """Give ``torn`` and ``false`` (m) per node, and their means with the share of kept neighbors as notes. Our definition.

    With the k = 15 nearest and a tolerance of K = 3 k (as far as the graph knows neighbors; k is at most a sixth of the nodes): torn is the
    share of a node's k true neighbors that are farther on the map than its K-th nearest there; false is the share of its k nearest on
    the map that are truly farther than its K-th true neighbor. A tie with the K-th nearest counts as near; of nodes that share a place on
    the map some are taken as its k nearest. NaN and None where there are too few nodes.
    """
    from scipy.spatial import cKDTree

    m = graph.m
    k = min(NEIGHBORS, graph.k, m // 6)
    if k < 1:
        unknown = np.full(m, np.nan, dtype=np.float32)
        return unknown, unknown, {"kept_neighbors": None, "kept_k": k, "torn": None, "false": None}
    wide = min(TOLERANCE * k, graph.k)
    torn, false, kept = np.empty(m, dtype=np.float32), np.empty(m, dtype=np.float32), 0.0
    progress(0.0, f"trust of {m:,} rows")
    places, moved = _apart(per_node)
    progress(0.0, f"trust of {m:,} rows")
    tree = cKDTree(places)
    threads = available_threads()
    for start in range(0, m, BLOCK):
        progress(start / m, f"trust of {start:,} of {m:,} rows")
        rows = np.arange(start, min(start + BLOCK, m))
        away, near = tree.query(places[rows], k=wide + 1, workers=threads)  # itself included
        true = graph.indices[rows, :k].astype(np.int64)
        on_map = np.linalg.norm(places[true] - places[rows][:, None, :], axis=2)
        away = away * (1.0 + 1e-9) + moved
        torn[rows] = (on_map > away[:, -1:]).mean(axis=1)
        kept += float((on_map <= away[:, k : k + 1]).sum())
        others = near[others_of(near, rows)].reshape(len(rows), -1)[:, :k]
        limit = graph.distances[rows, wide - 1].astype(np.float64)[:, None]
        false[rows] = (_true_distances(graph, rows, others, threads) > limit * (1.0 + 1e-6) + 1e-9).mean(axis=1)
    notes = {"kept_neighbors": round(kept / (m * k), 4), "kept_k": k, "near_k": wide}
    return torn, false, {**notes, "torn": round(float(torn.mean()), 4), "false": round(float(false.mean()), 4)}


def _apart(per_node: Float32) -> tuple[Float64, float]:
    """Move nodes of a crowd apart by less than the step of their float32 numbers; give places (m, 2) and the largest distortion of a distance.

    Everything but one row is such a crowd where that row lies so far out that float32 numbers hold nothing else.
    """
    exact = np.ascontiguousarray(per_node, dtype=np.float32) + np.float32(0.0)  # -0.0 is the same place as 0.0
    places = exact.astype(np.float64)
    _, spot, sizes = np.unique(exact.view(np.int64).ravel(), return_inverse=True, return_counts=True)
    crowded = np.flatnonzero(sizes[spot] > CROWD)
    if not len(crowded):
        return places, 0.0
    step = np.abs(np.spacing(exact[crowded])).astype(np.float64)
    places[crowded] += np.random.default_rng(0).uniform(-0.25, 0.25, size=step.shape) * step
    return places, float(step.max())


def _true_distances(graph: NeighborGraph, rows: Rows, others: Rows, threads: int) -> Float64:
    squares = squared_distances(graph.nodes, rows, others, threads).astype(np.float64)
    return np.sqrt(squares) if graph.metric == "euclidean" else squares / 2


def map_quality(nodes: Float32, places: Float32, *, seed: int = 0, progress: Progress = no_progress) -> dict[str, Any]:
    """Give ``trustworthiness`` and ``continuity`` (Venna and Kaski 2001, k = 15), 0..1, of places (m, 2) of nodes (m, d).

    Trustworthiness punishes rows that are neighbors on the map only, by their true rank; continuity punishes true neighbors by their rank on
    the map. Ranks are exact, euclidean (which for unit vectors is the cosine's order). Up to 2,000 nodes are asked, fewer above
    150,000; all others are what they are ranked among. None where k is not below half of the nodes.
    """
    from engines.project.ranks import ranks_between

    m, k = len(nodes), NEIGHBORS
    if 2 * k >= m:
        return {"trustworthiness": None, "continuity": None, "quality_sample": 0}
    count = min(m, SAMPLE, max(int(COMPARISONS / m), FEWEST_ASKED))
    asked = np.sort(np.random.default_rng(seed).choice(m, count, replace=False))
    found = ranks_between(nodes, places, asked, k, threads=available_threads(), progress=progress)
    wrong_near, wrong_far = (float(np.maximum(ranks - k, 0).sum()) for ranks in found)
    scale = 2.0 / (count * k * (2.0 * m - 3.0 * k - 1.0))
    return {
        "trustworthiness": round(1.0 - scale * wrong_near, 4),
        "continuity": round(1.0 - scale * wrong_far, 4),
        "quality_sample": count,
    }


def seed_stability(
    projector: Any, graph: NeighborGraph, progress: Progress = no_progress, *, sample: int = STABILITY_SAMPLE
) -> dict[str, Any]:
    """Lay a sample of nodes (all, where there are no more than ``sample``) out twice, with two other seeds: how much of the maps is the same?

    Gives ``seed_stability``, the mean share of the 15 nearest on one map that are among the 15 nearest on the other, 0..1;
    ``seed_agreement``, the correlation 0..1 of the positions after the best shift, scaling, rotation and reflection (Procrustes), which says
    whether islands lie where they lay; and ``stability_sample``. None for small graphs and for projectors without a seed.
    """
    if graph.m < 4 * NEIGHBORS or not any(item.name == "seed" for item in dataclasses.fields(projector)):
        return {"seed_stability": None, "seed_agreement": None, "stability_sample": 0}
    rng = np.random.default_rng(projector.seed)
    rows = np.sort(rng.choice(graph.m, min(sample, graph.m), replace=False))
    part_of = _sub_graph(graph, rows)
    maps: list[Float32] = []
    for number in (1, 2):
        step = part(progress, (number - 1) / 2, number / 2)
        other = dataclasses.replace(projector, seed=(projector.seed + number) % 2**31)
        maps.append(other(part_of, progress=step).coords)
    first, second = (_nearest_on_map(coords) for coords in maps)
    same = (first[:, :, None] == second[:, None, :]).any(axis=2)
    return {
        "seed_stability": round(float(same.mean()), 4),
        "seed_agreement": round(_procrustes(maps[0], maps[1]), 4),
        "stability_sample": len(rows),
    }


def _procrustes(one: Float32, two: Float32) -> float:
    """Give the correlation of two layouts (s, 2) after the best similarity transformation (Schoenemann and Carroll 1970), 0 for a point."""
    first, second = (coords - coords.mean(axis=0, dtype=np.float64) for coords in (one, two))
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.linalg.svd(first.T @ second, compute_uv=False).sum()) / size if size > 0 else 0.0


def _sub_graph(graph: NeighborGraph, rows: Rows) -> NeighborGraph:
    """Give the graph of some nodes alone, with their exact nearest among themselves."""
    own = np.arange(len(rows))
    alone: dict[str, Any] = {"key": "", "unique_of": own.astype(np.int32), "representative": own.astype(np.int32)}
    if len(rows) == graph.m:
        return dataclasses.replace(graph, **alone)
    nodes = np.ascontiguousarray(graph.nodes[rows])
    k = min(graph.k, len(rows) - 1)
    near = all_nearest(nodes, k, threads=available_threads(), progress=no_progress).ids
    squares = squared_distances(nodes, own, near)
    away = np.sqrt(squares) if graph.metric == "euclidean" else squares * np.float32(0.5)
    order = np.lexsort((near, away), axis=1)
    return dataclasses.replace(
        graph,
        indices=np.take_along_axis(near, order, axis=1).astype(np.int32),
        distances=np.take_along_axis(away, order, axis=1),
        nodes=nodes,
        **alone,
    )


def _nearest_on_map(coords: Float32) -> Rows:
    from scipy.spatial import cKDTree

    places, _ = _apart(coords)
    _, near = cKDTree(places).query(places, k=NEIGHBORS + 1)
    return np.asarray(near[others_of(near, np.arange(len(coords)))].reshape(len(coords), -1), dtype=np.int64)


SHAPE = {
    "heat": "Distances are those along the data, as far as two dimensions hold them; branches may cross without meeting.",
    "pca": "Only two of all directions are shown: rows that lie on each other here may be far apart.",
    "tsne": "Only near neighbors mean something: not the distances between islands, nor their size or density.",
    "umap": "Near neighbors and islands mean something: not the distances between islands, nor their size.",
}
SHAPE |= {"umap-learn": SHAPE["umap"], "opentsne": SHAPE["tsne"]}
DENSITY = "Near neighbors and islands mean something, and wide islands are wide: not the distances between islands."


def caution(name: str, notes: Mapping[str, Any]) -> str:
    """Say in plain sentences what not to read out of a map, from its method and its figures (``Projection.notes``)."""
    if notes.get("coarse"):
        return "A first sketch from a sample of the rows; the map of all rows is being computed."
    shape = DENSITY if notes.get("density") else SHAPE.get(name)
    said = [shape] if shape else []
    torn, false, stable = notes.get("torn"), notes.get("false"), notes.get("seed_stability")
    if torn is not None and false is not None:
        said.append(
            f"{_percent(false)} of what looks near is far in truth; {_percent(torn)} of true neighbors are far on the map."
        )
    if stable is not None:
        said.append(f"Another seed would change {_percent(1 - stable)} of who is next to whom.")
    return " ".join(said)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"
