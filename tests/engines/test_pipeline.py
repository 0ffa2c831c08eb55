"""The pipeline runs only what is not in the store, in the right order, can be stopped, and survives engines that crash or hang."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import engines.project
from engines.errors import Cancelled, ParameterError, UserError, WorkerCrashed
from engines.pipeline import Meter, Run, Values
from engines.protocols import SourceOptions, no_progress
from engines.recipe import Recipe, load_recipe, parse_settings
from engines.store import Store
from tests.fakes import blobs, install_plug_ins

ROOT = Path(__file__).parents[2]
QUICK = {"checks": ("outlier",), "clusterers": ("leiden",)}


@pytest.fixture
def plug_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install_plug_ins(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), str(ROOT)]))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    engines.project.ENGINES.__dict__.pop("entries", None)
    yield
    engines.project.ENGINES.__dict__.pop("entries", None)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    vectors, truth = blobs()
    np.savez(tmp_path / "blobs.npz", vectors=vectors, labels=truth)
    return tmp_path / "blobs.npz"


def run(source: Path, store: Store, recipe: Recipe, progress=no_progress) -> Run:
    made = Run(sources=[source], options=SourceOptions(), recipe=recipe, store=store)
    made(progress)
    return made


def recomputed(made: Run) -> set[tuple[str, str]]:
    return {(record.stage, record.name) for record in made.records if not record.cached}


def test_the_second_run_computes_nothing(source: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "space")
    recipe = Recipe(projectors=("pca",), **QUICK)
    first = run(source, store, recipe)
    assert {record.stage for record in first.records} == {
        "embed",
        "neighbors",
        "project",
        "cluster",
        "name",
        "measure",
        "issues",
        "compare",
    }
    second = run(source, store, recipe)
    assert recomputed(second) == set()
    np.testing.assert_array_equal(first.values.projections["pca"].coords, second.values.projections["pca"].coords)


def test_a_changed_parameter_recomputes_what_depends_on_it_only(source: Path, tmp_path: Path, plug_ins: None) -> None:
    store = Store(tmp_path / "space")
    recipe = Recipe(projectors=("pca", "mirror"), **QUICK)
    run(source, store, recipe)
    changed = run(source, store, Recipe(projectors=("pca", "mirror"), settings={"project.scale": "3"}, **QUICK))
    assert recomputed(changed) == {("project", "mirror")}
    faster = run(source, store, Recipe(projectors=("pca", "mirror"), threads=1, **QUICK))
    assert recomputed(faster) == set()


def test_changed_labels_recompute_neither_vectors_nor_maps(source: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "space")
    recipe = Recipe(projectors=("pca",), checks=("outlier", "label_issue"), clusterers=("leiden",))
    run(source, store, recipe)
    vectors, truth = blobs()
    truth[:10] = (truth[:10] + 1) % 5
    np.savez(source, vectors=vectors, labels=truth)
    stages = {stage for stage, _ in recomputed(run(source, store, recipe))}
    assert "label_issue" in {name for _, name in recomputed(run(source, Store(tmp_path / "other"), recipe))}
    assert stages <= {"issues", "measure", "name", "compare"}
    assert "issues" in stages


def test_a_broken_value_is_computed_again(source: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "space")
    recipe = Recipe(projectors=("pca",), **QUICK)
    first = run(source, store, recipe)
    graph = first.values.graph
    assert graph is not None
    (store.folder(type(graph), graph.key) / "distances.npy").write_bytes(b"broken")
    assert recomputed(run(source, store, recipe)) == {("neighbors", "auto")}


def test_engines_can_run_in_a_worker(source: Path, tmp_path: Path, plug_ins: None) -> None:
    made = run(source, Store(tmp_path / "space"), Recipe(projectors=("worker-mirror", "mirror"), **QUICK))
    there, here = made.values.projections["worker-mirror"], made.values.projections["mirror"]
    assert there.notes["pid"] != os.getpid() == here.notes["pid"]
    np.testing.assert_array_equal(there.coords, here.coords)
    record = next(record for record in made.records if record.name == "worker-mirror")
    assert record.cpu_seconds > 0
    assert record.peak_rss > 10_000_000


def test_a_crash_of_a_library_is_an_error_with_a_hint_and_the_rest_is_kept(
    source: Path, tmp_path: Path, plug_ins: None
) -> None:
    store = Store(tmp_path / "space")
    with pytest.raises(WorkerCrashed, match="SIGSEGV") as caught:
        run(source, store, Recipe(projectors=("crash",), **QUICK))
    assert caught.value.exit_code == 3
    assert recomputed(run(source, store, Recipe(projectors=("pca",), **QUICK))) == {("project", "pca"), ("compare", "encoders")}


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_library_that_cannot_be_interrupted_is_stopped_within_seconds(source: Path, tmp_path: Path, plug_ins: None) -> None:
    pids: list[int] = []
    asked = threading.Event()

    def progress(_fraction: float, message: str) -> None:
        if asked.is_set():
            raise Cancelled
        if "pid " in message:
            pids.append(int(message.rsplit("pid ", 1)[1].split(maxsplit=1)[0]))
            asked.set()

    started = time.monotonic()
    with pytest.raises(Cancelled):
        run(source, Store(tmp_path / "space"), Recipe(projectors=("deaf",), **QUICK), progress)
    assert time.monotonic() - started < 60
    assert pids
    assert not _alive(pids[0])


def test_cancel_before_the_first_step_leaves_no_values(source: Path, tmp_path: Path) -> None:
    def cancel(_fraction: float, _message: str) -> None:
        raise Cancelled

    made = Run(sources=[source], options=SourceOptions(), recipe=Recipe(), store=Store(tmp_path / "space"))
    with pytest.raises(Cancelled):
        made(cancel)
    assert made.values == Values()


def test_progress_never_falls_and_ends_at_one(source: Path, tmp_path: Path) -> None:
    heard: list[float] = []
    run(
        source,
        Store(tmp_path / "space"),
        Recipe(projectors=("pca",), **QUICK),
        lambda fraction, _message: heard.append(fraction),
    )
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_a_cancel_in_one_step_reaches_the_steps_beside_it() -> None:
    def cancel(_fraction: float, message: str) -> None:
        if message == "stop":
            raise Cancelled

    meter = Meter(cancel)
    one, other = meter.step("one", 0.5), meter.step("other", 0.5)
    one(0.1, "go")
    with pytest.raises(Cancelled):
        one(0.2, "stop")
    with pytest.raises(Cancelled):
        other(0.1, "go")


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (Recipe(projectors=("umapp",)), "umap"),
        (Recipe(projectors=("pca", "pca")), "once"),
        (Recipe(settings={"project.nonsense": 1}), "min_dist"),
        (Recipe(settings={"projection.min_dist": 1}), "project"),
        (Recipe(settings={"project.tsne.perplexity": 30}), "umap"),
        (Recipe(settings={"project.min_dist": "wide"}), "float"),
    ],
)
def test_a_wrong_recipe_is_refused_before_anything_is_computed(
    recipe: Recipe, words: str, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(ParameterError) as caught:
        run(source, Store(tmp_path / "space"), recipe)
    assert words in str(caught.value)
    assert not (tmp_path / "space").exists()


def test_a_recipe_survives_its_file(tmp_path: Path) -> None:
    import json

    recipe = Recipe(projectors=("umap", "tsne"), seed=3, settings=parse_settings(["project.min_dist=0.3"]))
    (tmp_path / "recipe.json").write_text(json.dumps(recipe.to_json()))
    assert load_recipe(tmp_path / "recipe.json") == recipe
    for text, words in (
        ('{"colour": 1}', "no recipe"),
        ('{"settings": [1]}', "settings cannot be"),
        ('{"settings": null}', "settings cannot be"),
        ('{"checks": "outlier"}', "must be a list of names"),
        ("[" * 100_000, "cannot read the recipe"),
    ):
        (tmp_path / "recipe.json").write_text(text)
        with pytest.raises(UserError, match=words) as told:
            load_recipe(tmp_path / "recipe.json")
        assert told.value.hint
