import numpy as np

from engines.memberships import memberships
from engines.neighbors.exact import ExactNeighbors
from engines.project.cells import cells_of
from tests.engines.neighbors.hard import embeddings, normal


def graph_of(vectors, k=8):
    graph = ExactNeighbors(metric="euclidean", k=k)(embeddings(vectors))
    return graph, memberships(graph.indices, graph.distances)


def test_few_nodes_are_cells_themselves():
    graph, weights = graph_of(normal(50))
    cells = cells_of(graph, weights, 8, 50, seed=0, threads=1)
    assert (cells.owner == np.arange(50)).all()
    assert (cells.points == graph.nodes).all()
    np.testing.assert_array_equal(cells.flow, weights.toarray())


def test_cells_follow_the_graph_and_not_the_space():
    # Two lines side by side, nearer to each other than a cell is long: no cell holds nodes of both.
    along = np.linspace(0, 1000, 1000)
    lines = np.concatenate([np.stack([along, np.full(1000, y)], axis=1) for y in (0.0, 12.0)])
    graph, weights = graph_of(lines, k=6)
    cells = cells_of(graph, weights, 6, 60, seed=0, threads=1)
    sides = [np.unique(graph.nodes[cells.owner == cell, 1]) for cell in range(60)]
    assert all(len(side) == 1 for side in sides)
    assert cells.flow[np.array([side[0] == 0 for side in sides])][:, np.array([side[0] != 0 for side in sides])].sum() == 0


def test_points_are_the_means_and_flow_is_summed_over_pairs():
    graph, weights = graph_of(normal(300))
    cells = cells_of(graph, weights, 8, 20, seed=0, threads=1)
    dense = weights.toarray().astype(float)
    for cell in range(20):
        own = cells.owner == cell
        assert own.any()
        np.testing.assert_allclose(cells.points[cell], graph.nodes[own].mean(axis=0), atol=1e-5)
        for other in range(20):
            wanted = 0.0 if cell == other else dense[own][:, cells.owner == other].sum()
            np.testing.assert_allclose(cells.flow[cell, other], wanted, rtol=1e-5)


def test_nodes_without_a_way_to_a_landmark_go_to_the_nearest_mean_and_do_not_move_it():
    groups = np.concatenate([normal(400, 3), *(normal(10, 3, seed=seed) * 0.1 + 100.0 * seed for seed in range(1, 31))])
    graph, weights = graph_of(groups, k=5)
    cells = cells_of(graph, weights, 5, 10, seed=0, threads=1)
    assert ((cells.owner >= 0) & (cells.owner < 10)).all()
    group = np.concatenate([np.zeros(400, dtype=int), np.repeat(np.arange(1, 31), 10)])
    nearest = np.linalg.norm(graph.nodes[:, None] - cells.points[None], axis=2).argmin(axis=1)
    lone = [number for number in range(1, 31) if len(np.unique(cells.owner[group == number])) == 1]
    assert len(lone) >= 20
    apart = [number for number in lone if np.linalg.norm(cells.points - 100.0 * number, axis=1).min() > 50]
    assert apart
    for number in apart:
        assert (cells.owner[group == number] == nearest[group == number]).all()


def test_any_number_of_threads_gives_the_same_cells():
    graph, weights = graph_of(normal(12_000, 3), k=5)
    one, two = (cells_of(graph, weights, 5, 100, seed=0, threads=threads) for threads in (1, 2))
    assert (one.owner == two.owner).all()
    assert one.points.tobytes() == two.points.tobytes()
    assert one.flow.tobytes() == two.flow.tobytes()
