"""Write synthetic vectors that look like those of an image encoder: clusters of clusters in a cone, and some rows that belong nowhere.

python -m benchmarks.synthetic --rows 1000000 --dim 512 --out vectors.npy [--labels labels.npy]

200 anisotropic Gaussians of 20 to 40 dimensions, their sizes after Zipf, in 20 groups around a common mean; 5 % of the rows are isotropic.
The cosine is about 0.7 within a cluster and 0.4 between clusters. It is easy to cluster: it shows that a method is correct and what it costs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

CLUSTERS = 200
GROUPS = 20
OUTLIERS = 0.05
BLOCK = 20_000


def write(place: Path, rows: int, dim: int, *, labels: Path | None = None, seed: int = 0) -> None:
    """Write float32 (rows, dim), and int64 (rows) numbers of the groups 0..19 (of an isotropic row: a group at random)."""
    rng = np.random.default_rng(seed)
    mean = _unit(rng.normal(size=dim)) * 0.65
    groups = rng.normal(size=(GROUPS, dim)) / np.sqrt(dim) * 0.35
    group_of = rng.integers(0, GROUPS, CLUSTERS)
    centers = mean + groups[group_of] + rng.normal(size=(CLUSTERS, dim)) / np.sqrt(dim) * 0.42
    frames = [_frame(rng, dim) for _ in range(CLUSTERS)]
    share = 1.0 / np.arange(1, CLUSTERS + 1)
    share /= share.sum()
    vectors = np.lib.format.open_memmap(place, mode="w+", dtype=np.float32, shape=(rows, dim))
    groups_of_rows = np.empty(rows, dtype=np.int64)
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        cluster = rng.choice(CLUSTERS, count, p=share)
        block = centers[cluster]
        for number in np.unique(cluster):
            members = np.flatnonzero(cluster == number)
            frame = frames[number]
            block[members] += rng.normal(size=(len(members), len(frame))) @ frame
        lost = np.flatnonzero(rng.random(count) < OUTLIERS)
        block[lost] = mean + rng.normal(size=(len(lost), dim)) / np.sqrt(dim) * 0.7
        cluster_group = group_of[cluster]
        cluster_group[lost] = rng.integers(0, GROUPS, len(lost))
        vectors[start : start + count] = block
        groups_of_rows[start : start + count] = cluster_group
    vectors.flush()
    if labels is not None:
        np.save(labels, groups_of_rows)


def _frame(rng: np.random.Generator, dim: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Give the axes (20 to 40, dim) of a Gaussian, of lengths that fall, with a mean squared norm of 0.25."""
    count = min(int(rng.integers(20, 41)), dim)
    axes = rng.normal(size=(count, dim)) / np.sqrt(dim) * np.linspace(1.0, 0.3, count)[:, None]
    scaled: np.ndarray[tuple[int, int], np.dtype[np.float64]] = axes * np.sqrt(0.25 / (axes**2).sum())
    return scaled


def _unit(vector: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return vector / np.linalg.norm(vector)


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    write(given.out, given.rows, given.dim, labels=given.labels, seed=given.seed)


if __name__ == "__main__":
    main()
