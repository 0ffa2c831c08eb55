import dataclasses

import numpy as np
import pytest

from engines.errors import Cancelled
from engines.neighbors.exact import ExactNeighbors
from engines.project import axes, randomized_pca
from engines.project.pca import Pca
from tests.engines.neighbors.hard import embeddings, normal


@pytest.mark.parametrize("dense", [4096, 10])
def test_nodes_on_the_disk_give_the_map_of_those_in_memory(tmp_path, monkeypatch, dense):
    monkeypatch.setattr(axes, "DENSE_UP_TO", dense)
    monkeypatch.setattr(axes, "ENTRIES", 1 << 10)
    monkeypatch.setattr(randomized_pca, "BLOCK_BYTES", 1 << 12)
    graph = ExactNeighbors(k=5)(embeddings(normal(300, 40) * np.linspace(3, 1, 40)))
    np.save(tmp_path / "nodes.npy", graph.nodes)
    mapped = dataclasses.replace(graph, nodes=np.load(tmp_path / "nodes.npy", mmap_mode="r"))
    there, here = Pca()(graph), Pca()(mapped)
    assert there.coords.tobytes() == here.coords.tobytes()
    assert there.notes["explained"] == here.notes["explained"]
    assert there.notes["explained"][0] >= there.notes["explained"][1] > 0


def test_cancel_leaves_between_blocks(monkeypatch):
    monkeypatch.setattr(randomized_pca, "BLOCK_BYTES", 1 << 12)
    seen = []

    def stop(fraction, message):
        seen.append(fraction)
        if len(seen) == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        Pca()(ExactNeighbors(k=5)(embeddings(normal(2000, 8))), progress=stop)
    assert len(seen) == 4
