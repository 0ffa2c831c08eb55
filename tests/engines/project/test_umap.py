import subprocess
import sys
from functools import cache, partial

import numpy as np
import pytest

from engines.memberships import memberships
from engines.neighbors.exact import ExactNeighbors
from engines.project.axes import starting_places
from engines.project.coarse import coarse_map
from engines.project.trust import local_trust, map_quality
from engines.project.umap import COARSE_FROM, FINE_EPOCHS, Umap
from tests.engines.neighbors.hard import digits, embeddings, normal
from tests.engines.project.stopping import assert_stops_in_each_phase


def mixture(n, clusters=30, d=32, seed=0):
    """Gaussians of unequal size in a cone, and some rows that belong nowhere."""
    rng = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, clusters + 1)
    labels = rng.choice(clusters, n, p=share / share.sum())
    centers = 1.0 + rng.normal(size=(clusters, d))
    vectors = centers[labels] + rng.normal(size=(n, d)) * 0.5
    labels[: n // 20] = -1
    vectors[: n // 20] = 1.0 + rng.normal(size=(n // 20, d)) * 1.2
    return vectors.astype(np.float32), labels


@cache
def large():
    vectors, labels = mixture(COARSE_FROM + 200)
    given = embeddings(vectors)
    return given, ExactNeighbors(k=15)(given), labels


def same_shape(one, other):
    """Give the correlation of two maps after the best rotation, reflection and scaling (Procrustes)."""
    a, b = one - one.mean(axis=0), other - other.mean(axis=0)
    return np.linalg.svd(a.T @ b, compute_uv=False).sum() / (np.linalg.norm(a) * np.linalg.norm(b))


@pytest.mark.parametrize("name", ["digits", "from a sample"])
def test_maps_are_as_good_as_those_of_umap_learn(name):
    from umap.umap_ import find_ab_params, simplicial_set_embedding

    graph = digits()[0] if name == "digits" else large()[1]
    a, b = find_ab_params(1.0, 0.1)
    theirs, _ = simplicial_set_embedding(
        data=graph.nodes,
        graph=memberships(graph.indices[:, :14], graph.distances[:, :14]),
        n_components=2,
        initial_alpha=1.0,
        a=a,
        b=b,
        gamma=1.0,
        negative_sample_rate=5,
        n_epochs=500,
        init=starting_places(graph.nodes, 0).astype(np.float32),
        random_state=np.random.RandomState(0),
        metric="cosine",
        metric_kwds={},
        densmap=False,
        densmap_kwds={},
        output_dens=False,
    )
    theirs = theirs.astype(np.float32)
    ours = Umap()(graph).notes
    peer = {**map_quality(graph.nodes, theirs), **local_trust(graph, theirs)[2]}
    assert ours["trustworthiness"] >= peer["trustworthiness"] - 0.01
    assert ours["continuity"] >= peer["continuity"] - 0.01
    assert ours["kept_neighbors"] >= peer["kept_neighbors"] - 0.02


def test_a_coarse_map_is_refined_in_place():
    given, graph, labels = large()
    sketch = coarse_map(given, Umap(), "cosine")
    fine = Umap()(graph, start=sketch)
    assert same_shape(sketch.coords, fine.coords) > 0.97
    size = np.ptp(sketch.coords, axis=0).max()
    kinds = np.unique(labels[labels >= 0])
    moved = [np.linalg.norm((fine.coords - sketch.coords)[labels == kind].mean(axis=0)) for kind in kinds]
    assert np.median(moved) < 0.1 * size
    assert fine.notes["n_epochs"] == FINE_EPOCHS
    assert fine.notes["kept_neighbors"] > map_kept(graph, sketch) + 0.02


def map_kept(graph, projection):
    return local_trust(graph, projection.coords[graph.representative])[2]["kept_neighbors"]


def test_the_map_that_it_began_from_enters_the_key():
    graph = ExactNeighbors()(embeddings(normal(60)))
    first, second = (Umap(seed=seed, n_epochs=5)(graph) for seed in (0, 1))
    keys = {Umap(n_epochs=5)(graph, start=start).key for start in (None, first, second)}
    assert len(keys) == 3


def test_a_start_in_which_all_rows_coincide_is_parted():
    graph = ExactNeighbors()(embeddings(normal(200)))
    start = Umap(n_epochs=1)(graph)
    flat = start.with_key("flat")
    object.__setattr__(flat, "coords", np.zeros((200, 2), dtype=np.float32))
    found = Umap()(graph, start=flat).coords
    assert np.isfinite(found).all()
    assert len(np.unique(found, axis=0)) == 200


def test_a_large_map_is_the_same_on_one_thread_and_two():
    _, graph, _ = large()
    one, two = (Umap(threads=threads, n_epochs=10)(graph) for threads in (1, 2))
    assert one.coords.tobytes() == two.coords.tobytes()
    assert one.key == two.key


def test_cancel_leaves_a_large_map_in_each_of_its_phases():
    _, graph, _ = large()
    assert_stops_in_each_phase(partial(Umap(), graph), (0.0, 0.15, 0.6))


def test_small_graphs_stay_in_the_process_and_the_library_is_not_loaded():
    assert not Umap.isolated_for(10_000)
    assert Umap.isolated_for(1_000_000)
    code = (
        "import sys\n"
        "from engines.neighbors.exact import ExactNeighbors\n"
        "from engines.project.umap import Umap\n"
        "from tests.engines.neighbors.hard import embeddings, normal\n"
        "Umap(n_epochs=2)(ExactNeighbors()(embeddings(normal(40))))\n"
        "print(sorted({'umap', 'pynndescent', 'torch'} & set(sys.modules)))\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
