"""The Python face: frames, selections, decisions, undo, and two explorers over one workspace."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import explorer
from engines.errors import DecisionError, ParameterError, SourceError, UserError
from explorer.api import Explorer
from tests.corpus import picture
from tests.fakes import blobs


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATASET_EXPLORER_HOME", str(tmp_path / "home"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    vectors, truth = blobs(200)
    np.savez(tmp_path / "blobs.npz", vectors=vectors, labels=np.array([f"class {t}" for t in truth]))
    return tmp_path / "blobs.npz"


@pytest.fixture
def ex(source: Path) -> Explorer:
    return explorer.open(source, projectors=("pca",), checks=("outlier", "label_issue")).analyze()


def test_selecting_by_expression_ids_and_numbers_is_the_same(ex: Explorer) -> None:
    by_expression = ex.select("label = 'class 2' AND NOT excluded")
    numbers = np.flatnonzero(ex.samples["label"] == "class 2")
    assert by_expression.rows.tolist() == numbers.tolist()
    assert ex.select(numbers).ids == ex.select(by_expression.ids).ids == by_expression.ids


def test_decisions_show_in_the_frames_and_undo_takes_them_back(ex: Explorer) -> None:
    ex.select([1, 2]).exclude().tag("odd")
    ex.select([3]).relabel("class 9")
    samples = ex.samples
    assert samples["excluded"].to_numpy().nonzero()[0].tolist() == [1, 2]
    assert [list(tags) for tags in samples["tags"][1:3]] == [["odd"], ["odd"]]
    assert samples["label_decided"][3] == "class 9"
    assert ex.labels_now()[3] == "class 9"
    assert ex.undo() is not None
    assert ex.labels_now()[3] != "class 9"
    assert ex.redo() is not None
    assert ex.labels_now()[3] == "class 9"
    for _ in range(3):
        ex.undo()
    assert ex.undo() is None
    assert not ex.samples["excluded"].any()


def test_a_threshold_is_a_decision_that_cuts_anew(ex: Explorer) -> None:
    ex.decide("threshold", value=0.05, check="outlier")
    assert ex.threshold("outlier") == 0.05
    assert (ex.samples["outlier_flagged"] == (ex.samples["outlier_severity"] >= np.float32(0.05))).all()
    assert (ex.issues["check"] == "outlier").sum() == ex.samples["outlier_flagged"].sum()
    ex.undo()
    assert ex.threshold("outlier") == 0.5


def test_two_explorers_see_each_others_decisions(ex: Explorer, source: Path) -> None:
    other = explorer.open(source, projectors=("pca",), checks=("outlier", "label_issue")).analyze()
    ex.select([7]).exclude()
    assert other.samples["excluded"][7]
    other.select([8]).exclude()
    assert ex.samples["excluded"][8]


def test_decisions_hold_ids_and_outlive_a_change_of_the_rows(ex: Explorer, source: Path) -> None:
    ids = ex.dataset.ids
    ex.select([0, 50]).exclude()
    vectors, truth = blobs(200)
    np.savez(source, vectors=vectors[40:], labels=np.array([f"class {t}" for t in truth[40:]]))
    again = explorer.open(source, projectors=("pca",), checks=("outlier",)).analyze()
    excluded = [again.dataset.ids[row] for row in np.flatnonzero(again.state.excluded)]
    assert excluded == [ids[50]]
    assert again.state.orphans == (ids[0],)


def test_a_rename_survives_another_clustering(ex: Explorer, source: Path) -> None:
    clustering = ex.values.clusterings["leiden"]
    cluster = int(clustering.labels[0])
    ex.decide("rename", np.flatnonzero(clustering.labels == cluster), value="my own name")
    assert ex.cluster_names()[cluster] == "my own name"
    other = explorer.open(source, projectors=("pca",), checks=("outlier",), settings={"cluster.resolution": 1.3}).analyze()
    assert "my own name" in other.cluster_names().values()


def test_a_cluster_of_ones_own_survives_another_clustering(ex: Explorer, source: Path) -> None:
    ex.select(range(12)).cluster("mine")
    assert ex.samples["cluster_name"][:12].tolist() == ["mine"] * 12
    other = explorer.open(source, projectors=("pca",), checks=("outlier",), settings={"cluster.resolution": 1.3}).analyze()
    assert other.samples["cluster_name"][:12].tolist() == ["mine"] * 12
    assert other.select("cluster_name = 'mine'").ids == other.dataset.ids[:12]


def test_mistakes_have_words(ex: Explorer, source: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="colour"):
        ex.select("colour = 'red'")
    with pytest.raises(DecisionError, match="no row"):
        ex.select(["not there"])
    with pytest.raises(DecisionError, match="rows go from"):
        ex.decide("exclude", [200])
    with pytest.raises(SourceError, match="did you mean"):
        explorer.open(tmp_path / "blob.npz")
    with pytest.raises(UserError, match="unknown option colour"):
        explorer.open(source, colour="red")
    with pytest.raises(UserError, match="not been read"):
        _ = explorer.open(source).samples
    with pytest.raises(UserError, match="not been read"):
        explorer.open(source).where("x > 0")
    with pytest.raises(SourceError, match="cannot be opened"):
        explorer.open("x" * 5000)
    for look in (ex.threshold, ex.severity, ex.flagged):
        with pytest.raises(ParameterError, match="no check called 'outlyer' has run"):
            look("outlyer")
    with pytest.raises(ParameterError, match="no issues engine is called 'outlyer'") as told:
        ex.select([0]).keep("outlyer")
    assert told.value.hint == "did you mean 'outlier'?"
    with pytest.raises(DecisionError, match="the value of why is text"):
        ex.select([0]).exclude(why=None)  # type: ignore[arg-type]  # what a person may do
    assert ex.log.version == 0


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("limit", -1, "--limit cannot be -1"),
        ("limit", 0, "--limit cannot be 0"),
        ("limit", 1.5, "--limit cannot be 1.5"),
        ("limit", "all", "--limit cannot be 'all'"),
        ("label", 5, "--label cannot be 5"),
        ("projectors", [5], "projectors cannot be"),
        ("clusterers", 5, "clusterers cannot be 5"),
        ("checks", ["outlier", None], "checks cannot be"),
        ("neighbors", 5, "no neighbors engine is called 5"),
        ("settings", ["project.min_dist=1"], "settings cannot be"),
        ("settings", {5: 1}, "settings cannot be"),
    ],
)
def test_an_option_of_a_wrong_kind_is_refused_with_a_hint(source: Path, option: str, value: object, words: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(words)) as told:
        explorer.open(source, **{option: value})
    assert told.value.hint


def test_pictures_are_served_by_row_and_a_file_that_disappears_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(4):
        Image.new("RGB", (300, 200), (number * 60, 90, 200)).save(folder / f"{number}.png")
    ex = explorer.open(folder, encoder="pixels", projectors=("pca",)).analyze()
    thumb, image = ex.thumb(2), ex.image(2, side=100)
    assert thumb is not None
    assert thumb[:2] == b"\xff\xd8"
    assert image is not None
    (folder / "2.png").unlink()
    assert ex.image(2) is None
    assert ex.thumb(2) == thumb
    assert ex.image(99) is None
    assert ex.thumb(-1) is None


def test_given_vectors_join_pictures_by_order_or_say_what_does_not_fit(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(6):
        Image.new("RGB", (30, 20), (number * 40, 90, 200)).save(folder / f"{number}.png")
    vectors = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    np.save(tmp_path / "six.npy", vectors)
    np.save(tmp_path / "five.npy", vectors[:5])
    ex = explorer.open(folder, embeddings=tmp_path / "six.npy", projectors=("pca",)).analyze()
    assert ex.values.embeddings is not None
    np.testing.assert_array_equal(ex.values.embeddings.vectors, vectors)
    assert ex.thumb(0) is not None
    with pytest.raises(SourceError, match="5 vectors, the source 6 rows"):
        explorer.open(folder, embeddings=tmp_path / "five.npy", projectors=("pca",)).analyze()
    order = [f"{number}.png" for number in (5, 4, 3, 2, 1, 0)]
    np.savez(tmp_path / "named.npz", vectors=vectors[::-1], ids=np.array(order))
    named = explorer.open(folder, embeddings=tmp_path / "named.npz", projectors=("pca",)).analyze()
    assert named.values.embeddings is not None
    np.testing.assert_array_equal(named.values.embeddings.vectors, vectors)


def test_an_exported_folder_opens_again_with_what_was_decided(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    for number in range(12):
        (folder / f"class {number % 2}").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), (number * 20, 90, 255 - number * 20)).save(
            folder / f"class {number % 2}" / f"{number:02d}.png"
        )
    ex = explorer.open(folder, encoder="pixels", projectors=("pca",)).analyze()
    ex.select([0, 1]).exclude(why="test")
    ex.select([2]).relabel("class 1")
    ex.select([3]).tag("seen")
    record = ex.export(tmp_path / "clean")
    assert (record["rows_in"], record["rows_out"]) == (12, 10)
    assert {entry["id"] for entry in record["dropped"]} == set(ex.dataset.ids[:2])
    again = explorer.open(tmp_path / "clean", encoder="pixels", projectors=("pca",)).analyze()
    assert len(again.rejects) == 0
    stayed = [row for row in range(12) if row not in (0, 1)]
    contents, labels = ex.contents(), ex.labels_now()
    expected = sorted((contents[row], labels[row]) for row in stayed)
    assert sorted(zip(again.contents(), again.dataset.labels, strict=True)) == expected


def test_thumbnails_facts_and_vectors_are_new_after_verify_and_stay_so(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(6):
        picture(number).save(folder / f"{number}.bmp")

    def found(*, verify: bool = False, **more: object) -> tuple[bytes | None, str, list[float]]:
        ex = explorer.open(folder, encoder="pixels", projectors=("pca",), checks=("dark",), verify=verify, **more).analyze()
        assert ex.values.facts is not None
        return ex.thumb(4), str(ex.values.facts.column("content_hash")[4]), ex.values.embeddings.vectors[4].tolist()

    old = found()
    before = (folder / "4.bmp").stat()
    picture(90).save(folder / "4.bmp")
    os.utime(folder / "4.bmp", ns=(before.st_atime_ns, before.st_mtime_ns))
    after = (folder / "4.bmp").stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    assert found() == old
    new = found(workspace=tmp_path / "fresh")
    assert all(one != other for one, other in zip(old, new, strict=True))
    assert found(verify=True) == new
    assert found() == new
