"""Score pairs of near duplicates: how much more alike two rows are than is usual in this data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engines.artifacts import Float32, NeighborGraph
from engines.issues.candidates import Mask, Pairs, graph_pairs, hash_pairs, together
from engines.issues.likeness import SMALLEST, Signatures, color_distance
from engines.protocols import Evidence, Progress, no_progress, part

IDENTICAL = 10.0
"""Score of two files with the same pixels, or of two texts with the same vector: above all others."""
ONLY_IDENTICAL = 9.5
"""A cut that only identical vectors pass: in one or two dimensions nearness proves nothing."""
ROUNDING = 1e-6
"""Distances of float32 vectors below this cannot be told from 0."""
VECTOR_WEIGHT = 0.3
GRAPH_REACH = 10
BLOCK = 16_384
FLOOR = 0.2
"""The usual distance is at least this share of that of two random rows, so that groups of many copies do not become the usual."""
LOOSE = 0.45
CROP_GAIN = 0.5
"""Logarithm of the factor by which a crop must improve the match to be believed in full."""
SAME_COLORS = 0.15
"""Color distance up to which compression, brightness and small crops explain it: at most 0.08 on planted copies looked at; 0.23
and more between pictures that differ in color alone."""
COLOR_WEIGHT = 100.0
MIN_SCORE = 1.0
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Scored:
    """Pairs of row numbers (p) with scores (p), high = more alike, and the least cut that makes sense in this data set."""

    a: Rows
    b: Rows
    score: Float32
    least_cut: float


def picture_pairs(evidence: Evidence, rows: Rows, seed: int, progress: Progress) -> Scored:
    """Score pairs among ``rows`` (one row per content, ascending) of a data set of pictures.

    The score is ln(usual / found) of the distance of signatures, plus ``VECTOR_WEIGHT`` times the same of the vectors. Either the whole
    pictures agree in every box, or one agrees with a crop of the other, which is believed only where the crop improves the match. What
    differs in color alone is no copy.
    """
    facts, graph = evidence.facts, evidence.graph
    assert facts is not None
    progress(0.0, "near duplicates: signatures")
    signatures = Signatures.of(facts, rows)
    hashes = [facts.column("dhash")[rows], facts.column("phash")[rows]]
    proposals = [hash_pairs(hashes, part(progress, 0.0, 0.1))]
    progress(0.1, "near duplicates: candidates")
    same = _chain(facts.facts.column("pixel_hash").take(rows).to_numpy())
    proposals.append(same)
    if graph is not None:
        proposals.append(within(graph_pairs(graph, GRAPH_REACH, None, part(progress, 0.1, 0.11)), rows))
        progress(0.11, "near duplicates: candidates")
    a, b = together(*proposals)
    typical = signatures.typical(seed)
    vector = _vector_part(graph, rows[a], rows[b], progress=part(progress, 0.11, 0.12))
    found = signatures.distance(a, b, part(progress, 0.12, 0.2))
    loose = (found < LOOSE * typical) | (vector > 1.0)
    a, b, vector, found = a[loose], b[loose], vector[loose], found[loose]
    found = found * signatures.misshapen(a, b)
    whole = _closer(signatures, found, (a, b), seed, part(progress, 0.2, 0.25))
    progress(0.25, "near duplicates: aligning")
    blurred = signatures.blurred()
    uncut = blurred.distance(a, b, part(progress, 0.25, 0.3))
    cut = blurred.aligned(a, b, part(progress, 0.3, 0.9))
    gain = np.log(np.maximum(uncut, SMALLEST) / np.maximum(cut, SMALLEST))
    cropped = _closer(blurred, cut, (a, b), seed, part(progress, 0.9, 0.95)) - 2 * np.maximum(CROP_GAIN - gain, 0)
    score = np.maximum(whole, cropped) + VECTOR_WEIGHT * vector
    colors = color_distance(facts, rows[a], rows[b], part(progress, 0.95, 1.0))
    score -= COLOR_WEIGHT * np.maximum(colors - SAME_COLORS, 0)
    score = np.concatenate([score, np.full(len(same[0]), IDENTICAL)])
    a, b = np.concatenate([a, same[0]]), np.concatenate([b, same[1]])
    strong = score >= MIN_SCORE
    return Scored(rows[a[strong]], rows[b[strong]], np.minimum(score[strong], IDENTICAL).astype(np.float32), 0.0)


def _closer(signatures: Signatures, found: Float32, pairs: Pairs, seed: int, progress: Progress) -> Float32:
    """Give ln(usual / found) of the distances of pairs (p) of signatures."""
    a, b = pairs
    involved, place = np.unique(np.concatenate([a, b]), return_inverse=True)
    usual = np.maximum(signatures.background(involved, seed, progress), FLOOR * signatures.typical(seed))
    both = np.sqrt(usual[place[: len(a)]] * usual[place[len(a) :]])
    return np.asarray(np.log(both / np.maximum(found, SMALLEST)), dtype=np.float32)


def vector_pairs(graph: NeighborGraph, rows: Rows, progress: Progress = no_progress) -> Scored:
    """Score pairs among ``rows`` by their vectors alone: ln(usual / found distance), usual being that to the 10th neighbor.

    ``least_cut`` keeps chance out: where distances grow with the 1/q-th power of the rank (q from the 5th and 10th neighbor, Levina and
    Bickel 2004), a first neighbor closer than exp(-9.2 / q) of the tenth comes about once in a thousand rows.
    """
    pairs = graph_pairs(graph, GRAPH_REACH, _close(graph), part(progress, 0.0, 0.5))
    progress(0.5, "near duplicates: candidates")
    a, b = (rows[side] for side in within(pairs, rows))
    progress(0.5, "near duplicates: candidates")
    score = _vector_part(graph, a, b, 1e-4, part(progress, 0.5, 1.0))
    node_a, node_b = graph.unique_of[a], graph.unique_of[b]
    score = np.where((node_a == node_b) & (node_a >= 0), IDENTICAL, score)
    strong = score >= MIN_SCORE
    return Scored(a[strong], b[strong], np.minimum(score[strong], IDENTICAL).astype(np.float32), _chance_cut(graph))


def _usual(graph: NeighborGraph) -> Float32:
    """Give the usual distance of each node (m): that to its 10th neighbor, with a floor."""
    usual: Float32 = graph.distances[:, min(graph.k, 10) - 1]
    return np.maximum(usual, FLOOR * float(np.median(graph.distances[:, -1])) + 1e-12)


def _close(graph: NeighborGraph) -> Callable[[slice], Mask] | None:
    """Tell which neighbors can reach the least score, by the distances of the graph, with room for what these are off.

    A score of 1 takes a distance of 0.37 of the usual.
    """
    if graph.k == 0 or graph.m == 0:
        return None
    usual = _usual(graph)
    square = np.einsum("md,md->m", graph.nodes[:1000], graph.nodes[:1000])
    # Euclidean distances by the expansion of the square lose half of the digits.
    slack = 1e-5 if graph.metric == "cosine" else 2e-3 * float(np.sqrt(square.mean()))

    def near(block: slice) -> Mask:
        others = np.asarray(graph.indices[block, :GRAPH_REACH])
        both = np.sqrt(usual[block][:, None] * usual[others])
        found: Mask = graph.distances[block, :GRAPH_REACH] <= 2 * np.exp(-MIN_SCORE) * both + slack
        return found

    return near


def _chance_cut(graph: NeighborGraph) -> float:
    k = min(graph.k, 10)
    if k < 4:
        return 0.0
    far, middle = graph.distances[:, k - 1], graph.distances[:, k // 2 - 1]
    growth = float(np.median(np.log(np.maximum(far, 1e-12) / np.maximum(middle, 1e-12))))
    q = np.log(k / (k // 2)) / max(growth, 1e-3)
    return float(min(9.2 / q, ONLY_IDENTICAL))


def _vector_part(
    graph: NeighborGraph | None, a: Rows, b: Rows, smallest: float = 0.02, progress: Progress = no_progress
) -> Float32:
    """Give ln(usual / found) of the distances of the vectors of rows (p); 0 where a row has none."""
    if graph is None or graph.k == 0:
        return np.zeros(len(a), dtype=np.float32)
    usual = _usual(graph)
    node_a, node_b = graph.unique_of[a].astype(np.int64), graph.unique_of[b].astype(np.int64)
    both = np.sqrt(usual[node_a] * usual[node_b])
    found = np.empty(len(a), dtype=np.float32)
    for start in range(0, len(a), BLOCK):
        progress(start / len(a), "near duplicates: candidates")
        block = slice(start, start + BLOCK)
        one, other = graph.nodes[node_a[block]], graph.nodes[node_b[block]]
        found[block] = (
            1 - np.einsum("pd,pd->p", one, other) if graph.metric == "cosine" else np.linalg.norm(one - other, axis=1)
        )
    score = np.log(np.maximum(both, ROUNDING) / np.maximum(found, np.maximum(smallest * both, ROUNDING)))
    return np.where((node_a >= 0) & (node_b >= 0), score, 0.0).astype(np.float32)


def _chain(values: npt.NDArray[np.object_]) -> Pairs:
    """Pair each place with the first one that holds the same value."""
    _, first, inverse = np.unique(values.astype(str), return_index=True, return_inverse=True)
    head = first[inverse.ravel()]
    later = np.flatnonzero(head != np.arange(len(values)))
    return head[later].astype(np.int64), later.astype(np.int64)


def within(pairs: Pairs, rows: Rows) -> Pairs:
    """Turn pairs of row numbers into pairs of places in ``rows`` (ascending); a pair with a row that is not there is left out."""
    if not len(rows):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    places = [np.minimum(np.searchsorted(rows, side), len(rows) - 1) for side in pairs]
    there = (rows[places[0]] == pairs[0]) & (rows[places[1]] == pairs[1])
    return places[0][there], places[1][there]
