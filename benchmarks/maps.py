"""Measure how far maps keep the distances along data that grow, branch, turn back or roll up, beside Isomap, which takes the shortest paths.

python -m benchmarks.maps [--rows 2000,20000] [--seeds 5-9] [--only roll,tree] [--density]

The data are planted, so that the true distance along them is known: five curves and sheets in 60 dimensions with noise in all of them, and two sets of
real pixels, windows of a photo that comes with scikit-learn. "Order" is Spearman's correlation of distances on the map with those along the data,
over 20,000 pairs of rows; the mean over the seeds, of data and map alike, and the least. The digits have no such distances; they stand
here for what the map of clusters costs. All engines get the same graph of neighbors (euclidean) with their defaults; CPU seconds are those of the map and its
measures, without the search for neighbors (Isomap: with it, without measures; the best of 5, 10 and 15 neighbors is shown). Above 5,000
rows: the first seed, two sets, no Isomap. The constants of heat were chosen on the seeds 0-4 of these sets, which is why others are run.

A second table (alone with ``--density``, three seeds): do maps show what is dense and what is spread out? Correlation of the logarithms of local radii, the
mean distance to 15 neighbors, in the space and on the map. UMAP at several values of its parameter ``density``, beside umap-learn's
densMAP, which searches for its own neighbors.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engines.artifacts import NeighborGraph
from engines.neighbors.exact import ExactNeighbors
from engines.project import ENGINES
from engines.project.trust import local_trust, map_quality
from engines.told import given_embeddings

Array = npt.NDArray[Any]
Distance = Callable[[Array, Array], Array]
"""Give the true distances along the data of the pairs (i, j) of rows."""
Planted = tuple[Array, Distance | None]

DIMENSIONS = 60
PAIRS = 20_000
LARGE_FROM = 5_000
LARGE = ("tree", "roll")
MAPS = ("heat", "umap", "tsne", "pca")
PEERS = {f"Isomap (scikit-learn), {k} neighbors": k for k in (5, 10, 15)}
BRANCHES, STEPS = 10, 100
WINDOW, SHRUNK = 96, 3
STRENGTHS = (0.0, 0.5, 2.0)
DENSE_SETS = (("radii 1 to 8", 2_000), ("radii 1 to 8", 10_000), ("digits", 2_000))
AROUND = 15
DENSITY_WORDS = (
    "Density: correlation of the logarithms of local radii (mean distance to 15 neighbors) in the space and on the map, mean and least over "
    "three seeds. The set: twelve Gaussians in 16 dimensions with radii from 1 to 8. umap-learn's time is with its compilation."
)
WORDS = (
    "Order: Spearman's correlation of distances on the map with those along the data, mean and least over the seeds. All maps "
    "but Isomap's come from the same graphs."
)


def walk(rng: np.random.Generator, steps: int) -> Array:
    """Give a curve (steps, 60) of steps of length 1, whose direction changes slowly."""
    turns = 0.3 * rng.normal(size=(steps, DIMENSIONS)) / np.sqrt(DIMENSIONS)
    heading, curve = rng.normal(size=DIMENSIONS), np.zeros((steps, DIMENSIONS))
    heading /= np.linalg.norm(heading)
    for step in range(1, steps):
        heading = heading + turns[step]
        heading /= np.linalg.norm(heading)
        curve[step] = curve[step - 1] + heading
    return curve


def noisy(rng: np.random.Generator, rows: Array, noise: float) -> Array:
    """Add noise to every dimension."""
    return (rows + noise * rng.normal(size=rows.shape)).astype(np.float32)


def tree(n: int, rng: np.random.Generator) -> Planted:
    """Plant ten curves, each of which leaves an earlier one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    curves = [walk(rng, STEPS)]
    heads, tails = [], []
    for branch in range(1, BRANCHES):
        parent, place = int(rng.integers(branch)), int(rng.integers(STEPS // 3, STEPS))
        curves.append(curves[parent][place] + walk(rng, STEPS))
        heads.append(parent * STEPS + place)
        tails.append(branch * STEPS)
    inner = np.arange(BRANCHES * STEPS - 1)
    inner = inner[inner % STEPS != STEPS - 1]
    ends = np.concatenate([inner, heads]), np.concatenate([inner + 1, tails])
    lengths = np.concatenate([np.ones(len(inner)), np.full(len(heads), 1e-9)])
    along = dijkstra(coo_array((lengths, ends), shape=(BRANCHES * STEPS,) * 2).tocsr(), directed=False)
    which = rng.integers(0, BRANCHES * STEPS, n)
    return noisy(rng, np.concatenate(curves)[which], 1.5), lambda i, j: along[which[i], which[j]]


def path(n: int, rng: np.random.Generator) -> Planted:
    """Plant one long curve."""
    curve, when = walk(rng, 600), rng.integers(0, 600, n)
    return noisy(rng, curve[when], 1.5), lambda i, j: np.abs(when[i] - when[j])


def loop(n: int, rng: np.random.Generator) -> Planted:
    """Plant a closed curve of six harmonics."""
    angle = np.linspace(0, 2 * np.pi, 4_000, endpoint=False)
    curve = np.zeros((len(angle), DIMENSIONS))
    for harmonic in range(1, 7):
        axes = rng.normal(size=(2, DIMENSIONS)) / np.sqrt(DIMENSIONS) * 20 / harmonic**0.7
        curve += np.stack([np.cos(harmonic * angle), np.sin(harmonic * angle)], axis=1) @ axes
    steps = np.linalg.norm(np.roll(curve, -1, axis=0) - curve, axis=1)
    begins = np.cumsum(steps) - steps
    which = np.searchsorted(begins, rng.random(n) * steps.sum(), side="right") - 1

    def distance(i: Array, j: Array) -> Array:
        straight = np.abs(begins[which[i]] - begins[which[j]])
        return np.minimum(straight, steps.sum() - straight)

    return noisy(rng, curve[which], 1.5), distance


def rolled(n: int, rng: np.random.Generator, noise: float) -> Planted:
    """Plant a sheet that is rolled up in three of the dimensions; its turns are 6.3 apart, the noise is ``noise`` times 7.7 long."""
    angle = np.pi * np.sqrt(1.5**2 + rng.random(n) * (4.5**2 - 1.5**2))
    height = 21 * rng.random(n)
    axes = np.linalg.qr(rng.normal(size=(DIMENSIONS, 3)))[0]
    rows = np.stack([angle * np.cos(angle), height, angle * np.sin(angle)], axis=1) @ axes.T
    length = (angle * np.sqrt(1 + angle**2) + np.arcsinh(angle)) / 2
    return noisy(rng, rows, noise), lambda i, j: np.hypot(length[i] - length[j], height[i] - height[j])


def photo() -> Array:
    """Give a photo that comes with scikit-learn as float64 gray values (427, 640)."""
    from sklearn.datasets import load_sample_image

    return load_sample_image("china.jpg").mean(axis=2) / 255.0


def shrunk(window: Array) -> Array:
    """Give a square window as a row of means over squares of three pixels."""
    side = len(window) // SHRUNK
    return window.reshape(side, SHRUNK, side, SHRUNK).mean(axis=(1, 3)).ravel()


def panned(n: int, rng: np.random.Generator) -> Planted:
    """Plant windows of a photo around a square: a camera that pans once around it."""
    shown, when = photo(), rng.random(n)
    corners = np.array([[40, 60], [40, 460], [290, 460], [290, 60], [40, 60]])
    lengths = np.abs(np.diff(corners, axis=0)).sum(axis=1)
    begins = np.concatenate([[0], np.cumsum(lengths)])
    rows = np.empty((n, (WINDOW // SHRUNK) ** 2))
    for row, far in enumerate(when * begins[-1]):
        side = int(np.searchsorted(begins, far, side="right") - 1)
        y, x = (corners[side] + (corners[side + 1] - corners[side]) * (far - begins[side]) / lengths[side]).astype(int)
        rows[row] = shrunk(shown[y : y + WINDOW, x : x + WINDOW])

    def distance(i: Array, j: Array) -> Array:
        straight = np.abs(when[i] - when[j])
        return np.minimum(straight, 1.0 - straight)

    return noisy(rng, rows, 0.02), distance


def turned(n: int, rng: np.random.Generator) -> Planted:
    """Plant a round window of a photo, turned by any angle."""
    from scipy.ndimage import map_coordinates

    shown, angle = photo(), 2 * np.pi * rng.random(n)
    middle = np.array([rng.integers(80, 340), rng.integers(80, 560)])
    y, x = np.mgrid[-WINDOW // 2 : WINDOW // 2, -WINDOW // 2 : WINDOW // 2] + 0.5
    inside = np.hypot(x, y) < WINDOW / 2
    rows = np.empty((n, (WINDOW // SHRUNK) ** 2))
    for row, turn in enumerate(angle):
        places = middle[:, None, None] + np.stack([y * np.cos(turn) - x * np.sin(turn), y * np.sin(turn) + x * np.cos(turn)])
        rows[row] = shrunk(np.where(inside, map_coordinates(shown, places, order=1), 0.0))

    def distance(i: Array, j: Array) -> Array:
        straight = np.abs(angle[i] - angle[j])
        return np.minimum(straight, 2 * np.pi - straight)

    return noisy(rng, rows, 0.02), distance


def digits(n: int, rng: np.random.Generator) -> Planted:
    """Give the digits of scikit-learn: clusters, no distances along them."""
    from sklearn.datasets import load_digits

    rows = load_digits().data
    return rows[np.sort(rng.permutation(len(rows))[:n])].astype(np.float32), None


SETS: dict[str, Callable[[int, np.random.Generator], Planted]] = {
    "tree": tree,
    "path": path,
    "loop": loop,
    "roll": lambda n, rng: rolled(n, rng, 0.3),
    "roll, more noise": lambda n, rng: rolled(n, rng, 0.5),
    "photo, camera pans": panned,
    "photo, turned": turned,
    "digits": digits,
}


def isomap(rows: Array, k: int) -> Array:
    """Lay out by the shortest paths."""
    import warnings

    from sklearn.manifold import Isomap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it joins the parts of the graph
        return np.asarray(Isomap(n_neighbors=k).fit_transform(rows))


def measured(name: str, rows: Array, graph: NeighborGraph, seed: int) -> tuple[Array, dict[str, Any], float]:
    """Give the map, its measures and CPU seconds."""
    started = time.process_time()
    if name not in PEERS:
        made = ENGINES.load(name)(**({} if name == "pca" else {"seed": seed}))(graph)
        return made.coords, made.notes, time.process_time() - started
    coords = isomap(rows, PEERS[name])
    spent = time.process_time() - started
    places = coords[graph.representative].astype(np.float32)
    return coords, {**local_trust(graph, places)[2], **map_quality(graph.nodes, places)}, spent


def compare(n: int, name: str, seeds: list[int]) -> None:
    """Print the lines of one set."""
    from scipy.stats import spearmanr

    found: dict[str, list[list[float]]] = {}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        rows, distance = SETS[name](n, rng)
        graph = ExactNeighbors(metric="euclidean")(given_embeddings(rows))
        i, j = rng.integers(0, len(rows), (2, PAIRS))
        for method in (*MAPS, *(PEERS if n < LARGE_FROM else ())):
            coords, notes, spent = measured(method, rows, graph, seed)
            order = np.nan if distance is None else spearmanr(np.linalg.norm(coords[i] - coords[j], axis=1), distance(i, j))[0]
            found.setdefault(method, []).append([order, notes["trustworthiness"], notes["kept_neighbors"], spent])
    means = {method: np.mean(lines, axis=0) for method, lines in found.items()}
    ranked = sorted(means, key=lambda method: -np.nan_to_num(means[method][0]))
    best, peer = ranked[0], next((method for method in ranked if method in PEERS), None)
    for method, lines in found.items():
        if method in PEERS and method != peer:
            continue
        order, trust, kept, spent = means[method]
        shown = f"{order:.3f} | {min(line[0] for line in lines):.3f}" if np.isfinite(order) else " | "
        shown = f"**{order:.3f}** | {min(line[0] for line in lines):.3f}" if method == best and np.isfinite(order) else shown
        print(f"| {name} | {n:,} | {method} | {shown} | {trust:.3f} | {kept:.3f} | {spent:.1f} |", flush=True)


def radii(n: int, rng: np.random.Generator) -> Array:
    """Give twelve Gaussians in 16 dimensions whose radii grow from 1 to 8."""
    centers, which = 12.0 * rng.normal(size=(12, 16)), rng.integers(0, 12, n)
    return (centers[which] + np.geomspace(1, 8, 12)[which][:, None] * rng.normal(size=(n, 16))).astype(np.float32)


def local_radii_agree(graph: NeighborGraph, places: Array) -> float:
    """Give the correlation of the logarithms of local radii of the nodes in the space and at ``places``."""
    from scipy.spatial import cKDTree

    away = cKDTree(places.astype(np.float64)).query(places, k=AROUND + 1)[0][:, 1:]
    there = np.log(graph.distances[:, :AROUND].mean(axis=1))
    return float(np.corrcoef(there, np.log(away.mean(axis=1) + 1e-12))[0, 1])


def laid_densely(peer: bool, strength: float, rows: Array, graph: NeighborGraph, seed: int) -> list[float]:
    """Give agreement of radii, trustworthiness, neighbors kept and CPU seconds of one map."""
    import warnings

    started = time.process_time()
    if peer:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that a seed means one thread
            from umap import UMAP

            coords = UMAP(densmap=strength > 0, dens_lambda=strength, random_state=seed).fit_transform(rows)
        spent = time.process_time() - started
        places = coords[graph.representative].astype(np.float32)
        notes = {**local_trust(graph, places)[2], **map_quality(graph.nodes, places)}
    else:
        made = ENGINES.load("umap")(seed=seed, density=strength)(graph)
        spent = time.process_time() - started
        places, notes = made.coords[graph.representative], made.notes
    return [local_radii_agree(graph, places), notes["trustworthiness"], notes["kept_neighbors"], spent]


def compare_density(seeds: list[int]) -> None:
    """Print the second table."""
    print(f"{DENSITY_WORDS}\n\n| data | rows | map | density | least | trustworthiness | neighbors kept | CPU s |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name, n in DENSE_SETS:
        found: dict[str, list[list[float]]] = {}
        for seed in seeds:
            rng = np.random.default_rng(seed)
            rows = radii(n, rng) if name != "digits" else digits(n, rng)[0]
            graph = ExactNeighbors(metric="euclidean")(given_embeddings(rows))
            for strength in STRENGTHS:
                method = f"umap, density {strength:g}" if strength else "umap"
                found.setdefault(method, []).append(laid_densely(False, strength, rows, graph, seed))
            if n < LARGE_FROM:
                found.setdefault("densMAP (umap-learn), 0.5", []).append(laid_densely(True, 0.5, rows, graph, seed))
        for method, lines in found.items():
            density, trust, kept, spent = np.mean(lines, axis=0)
            least = min(line[0] for line in lines)
            print(
                f"| {name} | {n:,} | {method} | {density:.3f} | {least:.3f} | {trust:.3f} | {kept:.3f} | {spent:.1f} |",
                flush=True,
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="2000,20000")
    parser.add_argument("--seeds", default="5-9")
    parser.add_argument("--only", default="", help="sets, separated by semicolons")
    parser.add_argument("--density", action="store_true", help="the second table alone")
    given = parser.parse_args()
    first, _, last = given.seeds.partition("-")
    seeds = list(range(int(first), int(last or first) + 1))
    few = np.random.default_rng(0).normal(size=(1_500, 8)).astype(np.float32)
    graph = ExactNeighbors(metric="euclidean")(given_embeddings(few))
    for method in (*MAPS, *PEERS):
        measured(method, few, graph, 0)  # compiles what is compiled once
    laid_densely(False, 0.5, few, graph, 0)
    if given.density:
        compare_density(seeds[:3])
        return
    print(f"{WORDS}\n")
    print(
        "| data | rows | map | order | least | trustworthiness | neighbors kept | CPU s |\n|---|---|---|---|---|---|---|---|",
        flush=True,
    )
    for n in (int(rows) for rows in given.rows.split(",")):
        for name in SETS:
            if (not given.only or name in given.only.split(";")) and (n < LARGE_FROM or name in LARGE):
                compare(n, name, seeds if n < LARGE_FROM else seeds[:1])
    if not given.only:
        print()
        compare_density(seeds[:3])


if __name__ == "__main__":
    main()
