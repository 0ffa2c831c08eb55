"""The bundled sets are whole, small, and hold exactly the defects that their records name."""

import csv
import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

import sample_data

HOME = sample_data.path("digits").parent
LIMIT = 6_000_000
PLANTED = {
    "fluent_emoji": {"wrong_label": 18, "exact_duplicate": 10, "near_duplicate": 18, "outlier": 10, "broken": 2},
    "digits": {"wrong_label": 54, "exact_duplicate": 12, "near_duplicate": 18, "outlier": 12, "broken": 2},
}


@pytest.fixture(scope="module")
def pictures() -> Path:
    return sample_data.path("fluent_emoji")


@pytest.fixture(scope="module")
def digits() -> dict[str, np.ndarray]:
    with np.load(sample_data.path("digits")) as loaded:
        return dict(loaded)


def of_kind(name: str, kind: str) -> list[sample_data.Defect]:
    return [defect for defect in sample_data.ground_truth(name) if defect.kind == kind]


def test_first_sample_is_the_pictures():
    assert sample_data.names() == ["fluent_emoji", "digits"]
    assert all(sample_data.path(name).exists() and sample_data.describe(name) for name in sample_data.names())


def test_unknown_sample_names_those_that_exist():
    with pytest.raises(KeyError, match="digits"):
        sample_data.path("nothing")
    with pytest.raises(KeyError, match="fluent_emoji"):
        sample_data.ground_truth("../truth/digits")


def test_import_loads_nothing_heavy():
    code = "import sys, sample_data; sample_data.ground_truth('digits'); print([m for m in ('numpy', 'PIL', 'pyarrow') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOME.parent)
    assert done.stdout.strip() == "[]"


def test_all_stays_below_the_size_limit():
    sizes = [file.stat().st_size for file in HOME.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    assert 1_000_000 < sum(sizes) <= LIMIT


@pytest.mark.parametrize("name", ["fluent_emoji", "digits.npz", "truth"])
def test_manifest_matches_the_files(name):
    manifest = json.loads((HOME / "manifest.json").read_text())[name]
    path = HOME / name
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    state = hashlib.sha256()
    for file in files:
        state.update(f"{file.relative_to(path).as_posix()} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    assert manifest == {"files": len(files), "bytes": sum(f.stat().st_size for f in files), "sha256": state.hexdigest()}


@pytest.mark.parametrize("name", PLANTED)
def test_counts_of_planted_defects(name):
    truth = sample_data.ground_truth(name)
    assert Counter(defect.kind for defect in truth) == PLANTED[name]
    assert len({defect.id for defect in truth}) == len(truth)


def test_readme_states_the_counts():
    text = (HOME / "README.md").read_text(encoding="utf-8")
    for kind in PLANTED["digits"]:
        line = next(line for line in text.splitlines() if line.startswith(f"| `{kind}`"))
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[-2:] == [str(PLANTED["fluent_emoji"][kind]), str(PLANTED["digits"][kind])]


def test_truth_is_no_part_of_the_data(pictures):
    below = [file.name for file in pictures.rglob("*") if file.is_file() and file.suffix not in (".webp", ".jpg", ".png")]
    assert below == ["metadata.csv"]


def test_metadata_names_every_picture_once(pictures):
    with (pictures / "metadata.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    files = {file.relative_to(pictures).as_posix() for file in pictures.glob("*/*")}
    assert len(rows) == len(files)
    assert {row["file_name"] for row in rows} == files
    outliers = {defect.id for defect in of_kind("fluent_emoji", "outlier")}
    assert {row["file_name"] for row in rows if not row["caption"]} == outliers


def test_pictures_open_but_the_broken_ones(pictures):
    broken = {defect.id for defect in of_kind("fluent_emoji", "broken")}
    for file in sorted(pictures.glob("*/*")):
        if file.relative_to(pictures).as_posix() in broken:
            with pytest.raises((OSError, UnidentifiedImageError)), Image.open(file) as picture:
                picture.load()
        else:
            with Image.open(file) as picture:
                picture.load()
                assert picture.mode == "RGB"
                assert 100 <= picture.width <= 224


def test_exact_duplicates_are_equal_and_near_ones_are_not(pictures):
    for defect in of_kind("fluent_emoji", "exact_duplicate"):
        assert (pictures / defect.id).read_bytes() == (pictures / defect.detail).read_bytes()
    for defect in of_kind("fluent_emoji", "near_duplicate"):
        original, _, what = defect.detail.partition(": ")
        assert (pictures / defect.id).read_bytes() != (pictures / original).read_bytes()
        assert what


def test_wrong_labels_lie_in_another_class(pictures):
    classes = {folder.name for folder in pictures.iterdir() if folder.is_dir()}
    wrong = of_kind("fluent_emoji", "wrong_label")
    assert all(defect.detail in classes and defect.id.split("/")[0] != defect.detail for defect in wrong)
    # Every class lost some, so that a review of any of them finds one.
    assert {defect.detail for defect in wrong} == classes


def test_digits_have_the_planted_rows(digits):
    vectors, labels, ids = digits["vectors"], digits["labels"], digits["ids"].tolist()
    assert vectors.shape == (1841, 64)
    assert vectors.dtype == np.float32
    assert set(labels.tolist()) == set("0123456789")
    place = {name: row for row, name in enumerate(ids)}
    assert len(place) == len(ids)
    finite = np.isfinite(vectors).all(axis=1)
    assert {ids[row] for row in np.flatnonzero(~finite)} == {defect.id for defect in of_kind("digits", "broken")}
    for defect in of_kind("digits", "wrong_label"):
        assert labels[place[defect.id]] != defect.detail
    for kind, low, high in (("exact_duplicate", 0, 0), ("near_duplicate", 1, 6)):
        for defect in of_kind("digits", kind):
            changed = int((vectors[place[defect.id]] != vectors[place[defect.detail]]).sum())
            assert low <= changed <= high


def test_digits_are_scikit_learns(digits):
    from sklearn.datasets import load_digits

    original = load_digits()
    place = {name: row for row, name in enumerate(digits["ids"].tolist())}
    rows = np.array([place[f"digit-{row:04d}"] for row in range(len(original.data))])
    np.testing.assert_array_equal(digits["vectors"][rows], original.data.astype(np.float32))
    wrong = {defect.id: defect.detail for defect in of_kind("digits", "wrong_label")}
    labels = digits["labels"][rows].tolist()
    assert [wrong.get(f"digit-{row:04d}", label) for row, label in enumerate(labels)] == original.target.astype(str).tolist()


def test_readers_take_both_samples(tmp_path):
    from engines.protocols import SourceOptions, no_progress
    from engines.read import ENGINES

    options = {"scratch": tmp_path, "progress": no_progress}
    folder = ENGINES.load("folder")()(sample_data.path("fluent_emoji"), SourceOptions(), **options).dataset
    # 552 pictures; the one of zero bytes is refused at once, the truncated one when it is decoded.
    assert len(folder) == 551
    (empty,) = (defect.id for defect in of_kind("fluent_emoji", "broken") if defect.detail == "zero bytes")
    assert empty in folder.rejects.column("id").to_pylist()
    assert "caption" in folder.own_columns
    assert len(set(folder.labels)) == 7
    vectors = ENGINES.load("vectors")()(sample_data.path("digits"), SourceOptions(), **options).dataset
    assert len(vectors) == 1839
    assert vectors.rejects.num_rows == 2
