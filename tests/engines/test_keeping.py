"""Maps stay in place when rows come and go, and are drawn anew when too much has changed."""

from pathlib import Path

import numpy as np
import pytest

import engines.stages
from engines.keeping import POINTER, forget
from engines.pipeline import Run
from engines.protocols import SourceOptions
from engines.recipe import Recipe
from engines.store import Store

QUICK = {"checks": ("outlier",), "clusterers": ("leiden",), "measures": ("density",)}


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Spare each run the start of three workers."""
    monkeypatch.setattr(engines.stages, "SMALL", 10_000)


def mixture(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    centers = np.random.default_rng(99).normal(size=(5, 16)) * 5
    of = rng.integers(0, 5, rows)
    return (centers[of] + rng.normal(size=(rows, 16))).astype(np.float32), of


def run(folder: Path, vectors, ids=None, *, keep=True, **more):
    source = folder / "vectors.npz"
    np.savez(source, vectors=vectors, ids=np.array([f"row {i}" for i in range(len(vectors))]) if ids is None else ids)
    recipe = Recipe(projectors=("umap",), settings=more, **QUICK)
    made = Run(sources=[source], options=SourceOptions(), recipe=recipe, store=Store(folder / "space"), keep_maps=keep)
    made()
    return made.values.projections["umap"]


def test_new_rows_lie_among_their_like_and_old_ones_do_not_move(tmp_path):
    vectors, of = mixture()
    before = run(tmp_path, vectors[:270])
    after = run(tmp_path, vectors)
    assert after.coords[:270].tobytes() == before.coords.tobytes()
    assert after.notes["placed"] == 30
    assert len(after.torn) == 300
    centers = np.stack([before.coords[of[:270] == group].mean(axis=0) for group in range(5)])
    nearest = np.linalg.norm(after.coords[270:, None] - centers[None], axis=2).argmin(axis=1)
    assert (nearest == of[270:]).mean() > 0.95
    assert run(tmp_path, vectors).coords.tobytes() == after.coords.tobytes()


def test_new_rows_lie_among_their_true_neighbors(tmp_path):
    from sklearn.datasets import load_digits

    vectors = load_digits().data.astype(np.float32)[:600]
    run(tmp_path, vectors[:520])
    kept = run(tmp_path, vectors)
    assert kept.notes["placed"] == 80
    forget(Store(tmp_path / "space"))
    anew = run(tmp_path, vectors)
    assert "placed" not in anew.notes
    assert kept.torn[520:].mean() < 0.3  # 0.14 drawn anew, 0.46 where new rows are only placed
    assert kept.notes["kept_neighbors"] > anew.notes["kept_neighbors"] - 0.05


def test_rows_that_are_gone_leave_the_others_where_they_were(tmp_path):
    vectors, _ = mixture()
    before = run(tmp_path, vectors)
    keep = np.sort(np.random.default_rng(0).choice(300, 250, replace=False))
    after = run(tmp_path, vectors[keep], ids=np.array([f"row {i}" for i in keep]))
    assert after.coords.tobytes() == before.coords[keep].tobytes()
    assert after.notes["placed"] == 0


def test_a_row_with_other_content_is_a_new_one(tmp_path):
    vectors, of = mixture()
    before = run(tmp_path, vectors)
    changed = vectors.copy()
    other = np.flatnonzero(of != of[0])[0]
    changed[0] = vectors[other] + 0.01
    after = run(tmp_path, changed)
    assert after.notes["placed"] == 1
    near, far = (np.linalg.norm(after.coords[0] - before.coords[row]) for row in (other, 0))
    assert near < far


def test_a_copy_of_a_known_row_lies_on_it(tmp_path):
    vectors, _ = mixture()
    before = run(tmp_path, vectors)
    after = run(tmp_path, np.concatenate([vectors, vectors[:3]]))
    assert after.coords[-3:].tobytes() == before.coords[:3].tobytes()


@pytest.mark.parametrize("why", ["too many new rows", "another parameter", "forgotten", "nobody asks"])
def test_the_map_is_drawn_anew(tmp_path, why):
    vectors, _ = mixture()
    before = run(tmp_path, vectors[: 150 if why == "too many new rows" else 290])
    if why == "forgotten":
        forget(Store(tmp_path / "space"))
    more = {"project.min_dist": "0.4"} if why == "another parameter" else {}
    after = run(tmp_path, vectors, keep=why != "nobody asks", **more)
    assert "placed" not in after.notes
    assert after.coords[: len(before.coords)].tobytes() != before.coords.tobytes()


def test_a_broken_pointer_is_no_obstacle(tmp_path):
    vectors, _ = mixture(100)
    run(tmp_path, vectors)
    (tmp_path / "space" / POINTER).write_text("[1, 2")
    assert "placed" not in run(tmp_path, vectors[:95]).notes
