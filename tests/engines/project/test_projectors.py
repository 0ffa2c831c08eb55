"""What every map promises, for all projectors over all hard graphs."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from engines.errors import Cancelled, ParameterError
from engines.neighbors.exact import ExactNeighbors
from engines.parameters import build
from engines.project import ENGINES
from engines.protocols import no_progress
from tests.engines.neighbors.hard import HARD, digits, embeddings, hard_graph, normal

FAST = {
    "umap": {"n_epochs": "20"},
    "tsne": {"n_iter": "20", "threads": "1"},
    "pca": {},
    "heat": {},
    "opentsne": {"n_iter": "20", "threads": "1"},
    "umap-learn": {"n_epochs": "20"},
}

WHOLE = {"umap": {"n_epochs": None}, "umap-learn": {"n_epochs": None}, "tsne": {"n_iter": 500}}


def make(name, **more):
    return build(ENGINES.load(name), {**FAST[name], **more})


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("hard", HARD)
@pytest.mark.parametrize("name", ENGINES.names())
def test_every_map_of_a_hard_graph_is_finite_and_duplicates_coincide(name, hard, metric):
    graph = hard_graph(hard, metric)
    projection = make(name)(graph)
    assert projection.coords.shape == (len(graph.unique_of), 2)
    assert np.isfinite(projection.coords).all()
    for node in range(graph.m):
        rows = projection.coords[graph.unique_of == node]
        assert (rows == rows[0]).all()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("hard", HARD)
def test_a_map_with_densities_of_a_hard_graph_is_finite(hard, metric):
    assert np.isfinite(make("umap", density="2")(hard_graph(hard, metric)).coords).all()


@pytest.mark.parametrize("name", ENGINES.names())
def test_a_few_rows_that_are_all_neighbors_of_each_other_do_not_fall_into_one_point(name):
    coords = ENGINES.load(name)()(ExactNeighbors()(embeddings(normal(16, 4))), progress=no_progress).coords
    assert (np.ptp(coords, axis=0) > 0.1).all()
    assert len(np.unique(coords, axis=0)) == 16


@pytest.mark.parametrize("name", ENGINES.names())
def test_rows_without_a_node_lie_apart_below_the_map(name):
    graph = hard_graph("rows of zeros")
    coords = make(name)(graph).coords
    lost = graph.unique_of < 0
    assert (coords[lost, 1] < coords[~lost, 1].min()).all()
    assert len(np.unique(coords[lost, 0])) == 3


@pytest.mark.parametrize("name", ENGINES.names())
def test_the_same_seed_gives_the_same_bytes_and_another_one_others(name):
    graph = ExactNeighbors()(embeddings(normal(300)))
    first, second = make(name)(graph), make(name)(graph)
    assert first.coords.tobytes() == second.coords.tobytes()
    assert first.key == second.key
    if name != "pca":
        other = make(name, seed="1")(graph)
        assert other.coords.tobytes() != first.coords.tobytes()
        assert other.key != first.key


@pytest.mark.parametrize("name", [name for name in ENGINES.names() if name != "pca"])
def test_cancel_leaves_the_optimization(name):
    graph = ExactNeighbors()(embeddings(normal(900)))
    seen = []

    def stop(fraction, message):
        seen.append(fraction)
        if fraction > 0.2:
            raise Cancelled

    with pytest.raises(Cancelled):
        ENGINES.load(name)()(graph, progress=stop)
    assert seen[-1] < 0.9
    # Another thread can lay out afterwards: a cancel leaves no lock of a library behind.
    again = threading.Thread(target=make(name), args=(ExactNeighbors()(embeddings(normal(60))),), daemon=True)
    again.start()
    again.join(timeout=60)
    assert not again.is_alive()


@pytest.mark.parametrize("name", ENGINES.names())
def test_progress_never_falls(name):
    seen = []
    make(name)(ExactNeighbors()(embeddings(normal(300))), progress=lambda fraction, message: seen.append(fraction))
    assert seen == sorted(seen)
    assert 0 <= seen[0] <= seen[-1] <= 1


def test_min_dist_reaches_umap_and_its_key():
    graph = ExactNeighbors()(embeddings(normal(200)))
    near, far = make("umap", min_dist="0.01"), make("umap", min_dist="0.3")
    assert (near.min_dist, far.min_dist) == (0.01, 0.3)
    assert near(graph).key != far(graph).key
    with pytest.raises(ParameterError):
        make("umap", min_dist="3")


@pytest.mark.parametrize(("name", "floor"), [("umap", 0.97), ("tsne", 0.98)])
def test_trustworthiness_on_digits(name, floor):
    from sklearn.manifold import trustworthiness

    graph, _ = digits()
    projection = make(name, **WHOLE[name])(graph)
    assert trustworthiness(graph.nodes, projection.coords, n_neighbors=15) >= floor
    assert projection.notes["kept_neighbors"] > 0.45


def test_tsne_takes_the_uniform_kernel_where_the_graph_is_narrow():
    graph = ExactNeighbors(k=20)(embeddings(normal(200)))
    assert make("tsne")(graph).notes["uniform_neighbors"] == 15
    assert make("tsne", perplexity="5")(graph).notes["perplexity"] == 5


def test_umap_gives_the_same_bytes_in_another_process():
    code = (
        "import hashlib\n"
        "from engines.neighbors.exact import ExactNeighbors\n"
        "from engines.project.umap import Umap\n"
        "from tests.engines.neighbors.hard import embeddings, normal\n"
        "graph = ExactNeighbors()(embeddings(normal(120)))\n"
        "print(hashlib.sha256(Umap(n_epochs=30)(graph).coords.tobytes()).hexdigest())\n"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(runs) == 1
