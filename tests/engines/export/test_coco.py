"""COCO out of COCO: what is read again is what was decided, and everything else stands as it stood."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engines.errors import Cancelled, ExportError
from engines.protocols import SourceOptions, no_progress
from engines.read.coco import CocoReader
from tests.engines.export.held import pictures
from tests.engines.export.made import dataset, leave, tree, write_files

CATEGORIES = [{"id": 3, "name": "cat", "supercategory": "animal"}, {"id": 7, "name": "dog"}]


def read(source):
    with tempfile.TemporaryDirectory() as scratch:
        return CocoReader()(source, SourceOptions(), scratch=Path(scratch), progress=no_progress).dataset


def box(number, image, category, side=2, **more):
    return {"id": number, "image_id": image, "category_id": category, "bbox": [0.5, 1, side, side], **more}


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "source"
    names = [*(f"train2017/{number}.png" for number in (1, 2, 3, 4)), "val2017/1.png"]
    write_files(root, dict(zip(names, pictures(5), strict=True)))
    instances = {
        "info": {"year": 2017, "note": "ünï"},
        "annotations": [
            box(1, 1, 3, 4, segmentation=[[1, 2, 3.25]], iscrowd=0),
            box(2, 1, 7),
            box(3, 1, 3),
            box(4, 2, 7),
            box(5, 3, 3),
            box(6, 3, 7),
            box(7, 99, 3),
        ],
        "categories": CATEGORIES,
        "images": [{"id": number, "file_name": f"{number}.png", "width": 8, "more": [number]} for number in (1, 2, 3, 4, 5)],
        "licenses": [],
    }
    captions = {
        "images": [{"id": number, "file_name": f"{number}.png"} for number in (1, 2)],
        "annotations": [{"id": 1, "image_id": 1, "caption": "one"}, {"id": 2, "image_id": 2, "caption": "two"}],
    }
    val = {"images": [{"id": 1, "file_name": "1.png"}], "annotations": [box(1, 1, 7)], "categories": CATEGORIES}
    for name, held in (("instances_train2017", instances), ("captions_train2017", captions), ("instances_val2017", val)):
        write_files(root, {f"annotations/{name}.json": json.dumps(held).encode()})
    return root


def held(folder, name):
    return json.loads((folder / f"annotations/{name}.json").read_text("utf-8"))


def test_what_is_read_again_is_what_was_decided(tmp_path, source):
    data = read(source)
    before = tree(source)
    assert data.labels == ["cat", "dog", None, None, "dog"]
    record = leave(data, tmp_path / "out", "coco", labels=["wolf", "cat", "cat", None, "dog"], excluded=[4])
    again = read(tmp_path / "out")
    assert again.ids == data.ids[:4]
    assert again.labels == ["wolf", "cat", None, None]
    assert again.rows.column("split").to_pylist() == ["train"] * 4
    assert again.rows.column("classes").to_pylist() == ["dog, wolf", "cat", "cat, dog", None]
    assert again.rows.column("caption").to_pylist() == ["one", "two", None, None]
    assert again.rejects.num_rows == 0
    assert [entry["id"] for entry in record["not_relabeled"]] == ["train2017/3.png"]
    assert "no class has most" in record["not_relabeled"][0]["reason"]
    assert "all of its boxes" in record["relabel_rule"]
    assert tree(source) == before
    assert {path: digest for path, digest in tree(tmp_path / "out").items() if path != "export.json"} == record["files"]


def test_whatever_was_not_decided_stands_as_it_stood(tmp_path, source):
    data = read(source)
    record = leave(data, tmp_path / "out", "coco", labels=["wolf", "dog", None, None, "dog"], excluded=[1])
    given, found = held(source, "instances_train2017"), held(tmp_path / "out", "instances_train2017")
    assert list(found) == list(given)
    assert found["info"] == given["info"]
    assert found["images"] == [given["images"][place] for place in (0, 2, 3)]
    changed = [dict(entry) for entry in given["annotations"] if entry["image_id"] in (1, 3)]
    for entry in changed:
        if entry["image_id"] == 1 and entry["category_id"] == 3:
            entry["category_id"] = 8
    assert found["annotations"] == changed
    assert found["categories"] == [*CATEGORIES, {"id": 8, "name": "wolf", "supercategory": ""}]
    assert held(tmp_path / "out", "captions_train2017")["annotations"] == [{"id": 1, "image_id": 1, "caption": "one"}]
    told = {entry["path"]: entry for entry in record["annotations"]}["annotations/instances_train2017.json"]
    assert told == {
        "path": "annotations/instances_train2017.json",
        "images": 3,
        "images_left_out": 2,
        "annotations": 5,
        "annotations_left_out": 2,
        "relabeled": 2,
        "added_classes": ["wolf"],
    }


def test_nothing_decided_changes_nothing(tmp_path, source):
    leave(read(source), tmp_path / "out", "coco")
    for name in ("captions_train2017", "instances_val2017"):
        assert held(tmp_path / "out", name) == held(source, name)
    for path in source.rglob("*.png"):
        assert (tmp_path / "out" / path.relative_to(source)).read_bytes() == path.read_bytes()


def test_one_file_beside_its_pictures(tmp_path):
    root = tmp_path / "source"
    write_files(
        root,
        {
            "a.png": pictures(1)[0],
            "set.json": json.dumps(
                {
                    "images": [{"id": "x", "file_name": "a.png"}],
                    "annotations": [box(1, "x", "c")],
                    "categories": [{"id": "c", "name": "cat"}],
                }
            ).encode(),
        },
    )
    leave(read(root / "set.json"), tmp_path / "out", "coco", labels=["dog"])
    assert read(tmp_path / "out/set.json").labels == ["dog"]
    assert json.loads((tmp_path / "out/set.json").read_text())["categories"][1] == {
        "id": "dog",
        "name": "dog",
        "supercategory": "",
    }


def test_names_are_safe_and_the_files_name_the_pictures_where_they_are(tmp_path):
    root = tmp_path / "source"
    names = ["images/con.png", "images/a:b.png", "images/ü/=x.png", "images/a_b.png"]
    write_files(root, dict(zip(names, pictures(4), strict=True)))
    images = [{"id": number, "file_name": name.removeprefix("images/")} for number, name in enumerate(names)]
    write_files(
        root,
        {
            "annotations/all.json": json.dumps(
                {"images": images, "annotations": [box(1, 0, 3)], "categories": CATEGORIES}
            ).encode()
        },
    )
    data = read(root)
    record = leave(data, tmp_path / "out", "coco")
    again = read(tmp_path / "out")
    assert sorted(again.ids) == ["images/_con.png", "images/a_b-2.png", "images/a_b.png", "images/ü/_=x.png"]
    assert again.rejects.num_rows == 0
    for row_id in data.ids:
        place = record["renamed_files"].get(row_id, row_id)
        assert (tmp_path / "out" / place).read_bytes() == (root / row_id).read_bytes()
    labels = dict(zip(again.ids, again.labels, strict=True))
    assert labels["images/_con.png"] == "cat"


def test_keypoints_are_corrected_only_where_they_have_the_class(tmp_path, source):
    keypoints = {
        "images": [{"id": 1, "file_name": "1.png"}],
        "annotations": [box(1, 1, 3, keypoints=[1])],
        "categories": [CATEGORIES[0]],
    }
    write_files(source, {"annotations/person_keypoints_train2017.json": json.dumps(keypoints).encode()})
    record = leave(read(source), tmp_path / "out", "coco", labels=["dog", "dog", None, None, "dog"])
    assert held(tmp_path / "out", "person_keypoints_train2017") == keypoints
    assert record["not_relabeled"] == []


def test_other_sources_are_refused_with_the_formats_that_hold_classes(tmp_path):
    write_files(tmp_path / "plain", {"cat/a.png": b"1"})
    with pytest.raises(ExportError, match="folder and yolo") as told:
        leave(dataset(tmp_path / "plain", ["cat/a.png"], ["cat"]), tmp_path / "out", "coco")
    assert "folder" in told.value.hint
    assert "coco" not in told.value.hint
    assert not (tmp_path / "out").exists()


def test_a_file_that_has_gone_or_broke_leaves_nothing(tmp_path, source):
    data = read(source)
    path = source / "annotations/instances_val2017.json"
    path.write_text(path.read_text()[:40])
    with pytest.raises(ExportError, match="cannot be read any more"):
        leave(data, tmp_path / "out", "coco")
    path.unlink()
    with pytest.raises(ExportError, match="not there any more"):
        leave(data, tmp_path / "out", "coco")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


@pytest.mark.parametrize("moment", range(6))
def test_stopped_at_any_moment_nothing_is_left(tmp_path, source, moment):
    seen = []

    def stop(fraction, message):
        seen.append(message)
        if len(seen) > moment:
            raise Cancelled

    with pytest.raises(Cancelled):
        leave(read(source), tmp_path / "out", "coco", progress=stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(lambda name: bool(name.strip()))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NAME, min_size=2, max_size=4, unique=True), NAME, st.booleans())
def test_whatever_classes_are_called(tmp_path_factory, names, new, gone):
    root = tmp_path_factory.mktemp("any")
    write_files(root / "source", {f"{number}.png": b"png" for number in range(len(names))})
    content = {
        "images": [{"id": number, "file_name": f"{number}.png"} for number in range(len(names))],
        "annotations": [box(number, number, number) for number in range(len(names))],
        "categories": [{"id": number, "name": name} for number, name in enumerate(names)],
    }
    write_files(root / "source", {"set.json": json.dumps(content).encode()})
    data = read(root / "source")
    assert data.labels == names
    leave(data, root / "out", "coco", labels=[new, *names[1:]], excluded=[1] if gone else [])
    assert read(root / "out").labels == [new, *names[1 + gone :]]
