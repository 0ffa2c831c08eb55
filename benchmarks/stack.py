"""Measure a whole analysis of vectors beside the libraries on their own, each in a fresh process, on the same synthetic vectors.

python -m benchmarks.stack [--rows 10000,50000] [--only ours,peers]    (or pieces by name: --only "umap-learn,5-d UMAP + hdbscan")

The peers are used as their documentation says: ``umap.UMAP``, ``openTSNE.TSNE``, HDBSCAN on a 5-d UMAP, and cleanlab's Datalab with the
out-of-sample probabilities of a 5-fold logistic regression. Every process runs once before on a few rows, so that nobody pays for what
is compiled at the first use after installation. Trustworthiness is measured in the same way on all maps.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.synthetic import write

FLIPPED = 0.05
SMALL = 600
OURS = ("ours: UMAP", "ours: whole analysis")
PEERS = ("umap-learn", "openTSNE", "5-d UMAP + hdbscan", "logistic regression + Datalab")


def load(folder: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Read the vectors, memory-mapped, and their labels with some of them wrong."""
    return np.load(folder / "vectors.npy", mmap_mode="r"), np.load(folder / "labels.npy")


def umap_learn(folder: Path) -> npt.NDArray[Any]:
    """Lay out by umap-learn alone."""
    import umap

    return np.asarray(umap.UMAP(metric="cosine").fit_transform(load(folder)[0]))


def open_tsne(folder: Path) -> npt.NDArray[Any]:
    """Lay out by openTSNE alone."""
    from openTSNE import TSNE

    return np.asarray(TSNE(metric="cosine", n_jobs=os.cpu_count() or 1).fit(np.array(load(folder)[0])))


def density(folder: Path) -> None:
    """Cluster as topic models do: a UMAP of five dimensions, then HDBSCAN."""
    import hdbscan
    import umap

    space = umap.UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine").fit_transform(load(folder)[0])
    hdbscan.HDBSCAN(min_cluster_size=15).fit(space)


def datalab(folder: Path) -> None:
    """Check labels, outliers and duplicates by cleanlab."""
    from cleanlab import Datalab
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    vectors, labels = np.array(load(folder)[0]), load(folder)[1]
    probabilities = cross_val_predict(LogisticRegression(), vectors, labels, cv=5, method="predict_proba")
    lab = Datalab(data={"label": labels}, label_name="label", verbosity=0)
    lab.find_issues(features=vectors, pred_probs=probabilities)


def our_umap(folder: Path) -> npt.NDArray[Any]:
    """Find neighbors and lay out by our engines."""
    from engines.neighbors.auto import AutoNeighbors
    from engines.project.umap import Umap
    from engines.told import given_embeddings

    return Umap()(AutoNeighbors(k=15)(given_embeddings(load(folder)[0]))).coords


def our_analysis(folder: Path) -> npt.NDArray[Any]:
    """Run the command: graph, UMAP, t-SNE, two clusterings with layers, names, local geometry and every check."""
    out = folder / "out"
    command = [sys.executable, "-m", "explorer.cli", "analyze", str(folder / "source.npz"), "--out", str(out)]
    choice = ["--workspace", str(folder / "space"), "--projector", "umap,tsne", "--clusterer", "leiden,hdbscan"]
    subprocess.run([*command, *choice], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    import pyarrow.parquet as pq

    table = pq.read_table(out / "samples.parquet", columns=["x", "y"])
    return np.stack([table.column("x").to_numpy(), table.column("y").to_numpy()], axis=1)


WORK = dict(zip((*OURS, *PEERS), (our_umap, our_analysis, umap_learn, open_tsne, density, datalab), strict=True))


def measured(name: str, folder: Path) -> dict[str, float]:
    """Run one piece in a fresh process; CPU seconds include all of its child processes."""
    command = [sys.executable, "-m", "benchmarks.stack", "--piece", name, "--folder", str(folder)]
    started = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, "OMP_WAIT_POLICY": "passive"}, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} failed with code {process.returncode}")
    return {"cpu": usage.ru_utime + usage.ru_stime, "wall": time.monotonic() - started, "peak": usage.ru_maxrss / 1024}


def make(folder: Path, rows: int) -> None:
    """Write vectors, labels with flips, and both together as a source."""
    write(folder / "vectors.npy", rows, 512, labels=folder / "labels.npy")
    vectors, labels = np.load(folder / "vectors.npy"), np.load(folder / "labels.npy")
    rng = np.random.default_rng(0)
    kinds = np.unique(labels)
    flipped = rng.random(rows) < FLIPPED
    labels[flipped] = rng.choice(kinds, int(flipped.sum()))
    np.save(folder / "labels.npy", labels)
    np.savez(folder / "source.npz", vectors=vectors, labels=labels)


def trust(folder: Path) -> str:
    """Give the trustworthiness of the map that was written last, on 2,000 rows; empty where there is none."""
    place = folder / "map.npy"
    if not place.exists():
        return ""
    from engines.project.trust import map_quality

    vectors = np.array(load(folder)[0])
    vectors -= vectors.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    value = map_quality(vectors, np.load(place).astype(np.float32))["trustworthiness"]
    place.unlink()
    return f"{value:.3f}"


def compare(rows: int, names: list[str]) -> None:
    """Print the lines of one size."""
    spent: dict[str, float] = {}
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            make(folder, SMALL)
            measured(name, folder)
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            make(folder, rows)
            used = measured(name, folder)
            spent[name] = used["cpu"]
            print(
                f"| {rows:,} | {name} | {used['cpu']:.1f} | {used['wall']:.1f} | {used['peak']:,.0f} | {trust(folder)} |",
                flush=True,
            )
    if set(PEERS) <= set(spent):
        whole = sum(spent[name] for name in PEERS)
        print(f"| {rows:,} | the four libraries, one after the other | {whole:.1f} | | | |")
        if OURS[0] in spent:
            print(f"| {rows:,} | **ratio, UMAP** | **{spent[PEERS[0]] / spent[OURS[0]]:.1f}** | | | |")
        if OURS[1] in spent:
            print(f"| {rows:,} | **ratio, whole analysis** | **{whole / spent[OURS[1]]:.1f}** | | | |", flush=True)


def main() -> None:
    """Print the table, or do one piece of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="10000,50000")
    parser.add_argument("--only", default="ours,peers")
    parser.add_argument("--piece", default="")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.piece:
        found = WORK[given.piece](given.folder)
        if found is not None:
            np.save(given.folder / "map.npy", found)
        return
    wanted = given.only.split(",")
    names = [name for group, of in (("ours", OURS), ("peers", PEERS)) for name in of if group in wanted or name in wanted]
    print("| rows | what | CPU s | wall s | peak MiB | trustworthiness |\n|---|---|---|---|---|---|", flush=True)
    for rows in given.rows.split(","):
        compare(int(rows), names)


if __name__ == "__main__":
    main()
