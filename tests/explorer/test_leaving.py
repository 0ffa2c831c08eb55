"""Exports through the Python face: which formats fit, what goes along, and parameters of the formats."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import explorer
from engines.errors import DecisionError, ExportError, ParameterError, UserError
from explorer.api import Explorer
from explorer.departure import formats


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("leaving") / "coco"
    rng = np.random.default_rng(0)
    for number in range(12):
        path = root / f"train2017/{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (24, 24, 3), dtype=np.uint8)).save(path)
    held = {
        "images": [{"id": number, "file_name": f"{number:02d}.png"} for number in range(12)],
        "annotations": [{"image_id": number, "category_id": number % 2, "bbox": [0, 0, 5, 5]} for number in range(12)],
        "categories": [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}],
    }
    (root / "annotations").mkdir()
    (root / "annotations/instances_train2017.json").write_text(json.dumps(held))
    return root


@pytest.fixture
def ex(source: Path, tmp_path: Path) -> Explorer:
    made = explorer.open(
        source, encoder="pixels", projectors=("pca",), checks=("dark",), workspace=tmp_path / "space"
    ).analyze()
    made.select([0, 1]).exclude()
    made.select([2]).relabel("wolf")
    made.select([3]).tag("odd")
    return made


def test_what_the_source_is_comes_first_among_the_formats(ex: Explorer) -> None:
    found = formats(ex)
    assert next(iter(found)) == "coco"
    assert {name for name, words in found.items() if words} == {"table", "yolo"}


def test_decisions_own_columns_and_tags_go_along(ex: Explorer, tmp_path: Path) -> None:
    record = ex.export(tmp_path / "coco", format="coco")
    assert (record["rows_out"], record["not_relabeled"]) == (10, [])
    found = json.loads((tmp_path / "coco/annotations/instances_train2017.json").read_text())
    assert [entry["name"] for entry in found["categories"]] == ["cat", "dog", "wolf"]
    ex.export(tmp_path / "hf", format="hf", where="label = 'dog'")
    table = pq.read_table(tmp_path / "hf/data/train-00000-of-00001.parquet")
    assert set(table.column_names) == {"image", "label", "id", "classes", "boxes", "tags"}
    assert table.column("tags").to_pylist() == [["odd"], [], [], [], []]
    ex.export(tmp_path / "parquet", format="parquet")
    columns = pq.read_table(tmp_path / "parquet/samples.parquet").column_names
    assert {"x", "y", "dark_severity", "classes", "boxes"} <= set(columns)


def test_parameters_of_a_format_and_what_has_no_meaning(ex: Explorer, tmp_path: Path) -> None:
    record = ex.export(tmp_path / "tars", format="webdataset", parameters={"shard_rows": "4"})
    assert [name for name in sorted(record["files"]) if name.endswith(".tar")] == [f"train-{n:06d}.tar" for n in range(3)]
    assert record["parameters"]["shard_rows"] == 4
    with pytest.raises(ParameterError, match="shard_rows cannot be"):
        ex.export(tmp_path / "never", format="webdataset", parameters={"shard_rows": "none"})
    with pytest.raises(UserError, match="copies no files"):
        ex.export(tmp_path / "never", format="hf", link="hardlink")
    with pytest.raises(ExportError, match="the format table does not fit"):
        ex.export(tmp_path / "never", format="table")
    for rows in ([999], [-1]):
        with pytest.raises(DecisionError, match="no row"):
            ex.export(tmp_path / "never", rows=rows)
    for name in ("x" * 300, "a\0b"):
        with pytest.raises(ExportError, match="cannot be a folder"):
            ex.export(tmp_path / name, format="csv")
    assert not (tmp_path / "never").exists()
