"""COCO folders: every listed picture is a row, its label comes from its boxes, and what is wrong is told with its number."""

import contextlib
import json
import os
import tempfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from engines.errors import SourceError
from engines.protocols import SourceOptions, no_progress
from engines.read import coco_file
from engines.read.coco import CocoReader
from engines.read.folder import FolderReader


def read(source, *, scratch=None, **options):
    with tempfile.TemporaryDirectory() as fresh:
        place = scratch or Path(fresh)
        return CocoReader()(source, SourceOptions(**options), scratch=place, progress=no_progress).dataset


def picture(path, color=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (color % 256, 7, 9)).save(path)


def write(path, held):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(held), "utf-8")


def box(image, category, width, height, number=0, **more):
    return {"id": number, "image_id": image, "category_id": category, "bbox": [1, 1, width, height], **more}


CATEGORIES = [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}, {"id": 9, "name": "never"}]


@pytest.fixture
def folder(tmp_path):
    """A folder as the real one lies: annotations beside a folder per split."""
    root = tmp_path / "coco"
    for number, name in enumerate(
        ["train2017/1.png", "train2017/2.png", "train2017/3.png", "val2017/1.png", "val2017/spare.png"]
    ):
        picture(root / name, number)
    train = {
        "info": {"year": 2017},
        "images": [{"id": number, "file_name": f"{number}.png", "width": 8, "height": 8} for number in (1, 2, 3)],
        "annotations": [box(1, 3, 4, 4), box(1, 7, 5, 2), box(2, 3, 2, 2), box(2, 7, 2, 2), box(1, 3, 1, 1)],
        "categories": CATEGORIES,
    }
    # The order of the arrays does not matter.
    val = {"annotations": [box(1, 7, 1, 1)], "categories": CATEGORIES, "images": [{"id": 1, "file_name": "1.png"}]}
    captions = {
        "images": train["images"],
        "annotations": [
            {"image_id": 1, "id": 1, "caption": "A cat."},
            {"image_id": 1, "id": 2, "caption": "A  cat\nand a dog."},
            {"image_id": 3, "id": 3, "caption": "=nothing"},
        ],
    }
    write(root / "annotations/instances_train2017.json", train)
    write(root / "annotations/instances_val2017.json", val)
    write(root / "annotations/captions_train2017.json", captions)
    return root


def test_rows_labels_splits_and_columns(folder):
    assert CocoReader.reads(folder)
    data = read(folder)
    rows = {row["id"]: row for row in data.rows.to_pylist()}
    assert list(rows) == ["train2017/1.png", "train2017/2.png", "train2017/3.png", "val2017/1.png"]
    one, two, three, other = rows.values()
    assert (one["label"], one["split"], one["classes"], one["boxes"]) == ("cat", "train", "cat, dog", 3)
    assert one["caption"] == "A cat.\nA cat and a dog."
    assert (two["label"], two["classes"], two["boxes"], two["caption"]) == (None, "cat, dog", 2, None), "neither holds most"
    assert (three["label"], three["split"], three["classes"], three["boxes"]) == (None, "train", None, 0)
    assert (other["label"], other["split"], other["boxes"]) == ("dog", "val", 1)
    assert data.rejects.num_rows == 0
    assert data.counts == {"pictures_without_entry": 1}
    assert data.origin["categories"] == ["cat", "dog", "never"]
    assert [entry["path"] for entry in data.origin["annotations"]] == [
        f"annotations/{name}.json" for name in ("captions_train2017", "instances_train2017", "instances_val2017")
    ]
    json.dumps(data.origin)


def test_media_ids_and_files_are_those_of_the_same_pictures_given_as_a_folder(folder):
    data = read(folder)
    plain = FolderReader()(folder, SourceOptions(), scratch=folder, progress=no_progress).dataset
    known = {row_id: number for number, row_id in enumerate(plain.ids)}
    for number, row_id in enumerate(data.ids):
        other = known[row_id]
        assert data.media_of(number) == plain.media_of(other)
        assert data.stats[number].tolist() == plain.stats[other].tolist()
        assert data.rows.column("path")[number] == plain.rows.column("path")[other]
    assert data.root == plain.root


def test_one_file_with_pictures_beside_it_and_where_else_they_may_lie(folder, tmp_path):
    data = read(folder / "annotations/instances_train2017.json")
    assert data.ids == ["train2017/1.png", "train2017/2.png", "train2017/3.png"]
    assert data.root == str(folder.resolve())
    for name, place in (("beside", ""), ("images", "images/"), ("deep", "x/y/")):
        root = tmp_path / name
        picture(root / f"{place}a.png")
        picture(root / "other.png")
        held = {
            "images": [{"id": 1, "file_name": "x/y/a.png" if name == "deep" else "a.png"}],
            "annotations": [],
            "categories": [],
        }
        write(root / "set.json", held)
        assert CocoReader.reads(root / "set.json")
        data = read(root / "set.json")
        assert data.ids == [f"{place}a.png"]
        assert data.rows.column("split").to_pylist() == [None]
    assert data.rejects.num_rows == 0, "what lies beside one file is not looked at"


def test_a_file_per_folder_as_roboflow_writes_it(tmp_path):
    for split in ("train", "valid"):
        picture(tmp_path / f"set/{split}/a.png")
        held = {"images": [{"id": 0, "file_name": "a.png"}], "categories": CATEGORIES, "annotations": [box(0, 3, 1, 1)]}
        write(tmp_path / f"set/{split}/_annotations.coco.json", held)
    data = read(tmp_path / "set")
    assert data.rows.select(["id", "label", "split"]).to_pylist() == [
        {"id": "train/a.png", "label": "cat", "split": "train"},
        {"id": "valid/a.png", "label": "cat", "split": "valid"},
    ]
    assert CocoReader.reads(tmp_path), "one folder around everything is passed through"
    assert read(tmp_path).ids == ["set/train/a.png", "set/valid/a.png"]


def test_the_same_boxes_in_two_files_count_once(folder):
    keypoints = {
        "images": [{"id": 1, "file_name": "1.png"}],
        "annotations": [box(1, 7, 5, 2, keypoints=[1, 2, 2])] * 9,
        "categories": CATEGORIES,
    }
    write(folder / "annotations/person_keypoints_train2017.json", keypoints)
    assert read(folder).rows.to_pylist()[0]["boxes"] == 3
    (folder / "annotations/instances_train2017.json").unlink()
    row = read(folder).rows.to_pylist()[0]
    assert (row["boxes"], row["label"]) == (9, "dog")


def test_bad_entries_are_rejects_with_their_numbers_and_the_rest_counts(tmp_path):
    picture(tmp_path / "a.png")
    picture(tmp_path / "sub/b.png")
    (tmp_path / "empty.png").write_bytes(b"")
    held = {
        "images": [
            {"id": 1, "file_name": "a.png"},
            {"id": 1, "file_name": "sub/b.png"},
            "no entry",
            {"id": 4, "file_name": "gone.png"},
            {"id": 5, "file_name": "../../etc/passwd"},
            {"id": 6, "file_name": "sub/b.png"},
            {"id": 7, "file_name": "empty.png"},
            {"id": 8},
        ],
        "categories": [{"id": 3, "name": "cat"}, {"id": 3, "name": "dog"}, {"id": 4}],
        "annotations": [
            box(1, 3, 2, 2),
            {"image_id": 1, "category_id": 3, "bbox": [0, 0, "wide", 2]},
            {"image_id": 1, "category_id": 3, "bbox": [0, 0, -1, 2]},
            {"image_id": 1, "category_id": 99, "bbox": [0, 0, 50, 50]},
            {"image_id": 99, "category_id": 3, "bbox": [0, 0, 1, 1]},
            {"image_id": [], "category_id": 3},
            {"image_id": 4, "category_id": 3, "bbox": [0, 0, 1, 1]},
            {"image_id": 6, "category_id": 3},
            {"image_id": 6},
            7,
        ],
    }
    write(tmp_path / "set.json", held)
    for source in (tmp_path, tmp_path / "set.json"):
        data = read(source)
        assert [(row["id"], row["label"], row["boxes"]) for row in data.rows.to_pylist()] == [
            ("a.png", "cat", 1),
            ("sub/b.png", "cat", 1),
        ]
        told = [(row["row"], row["reason"]) for row in data.rejects.to_pylist()]
        text = "\n".join(f"{number}: {reason}" for number, reason in told)
        for number, words in (
            (1, "repeats the id 1"),
            (2, "entry 3 of images has no id"),
            (3, "entry 4 of images names it, but there is no such picture"),
            (4, "entry 5 of images names it"),
            (7, "entry 8 of images"),
            (1, "entry 2 of categories repeats"),
            (2, "entry 3 of categories"),
            (1, "entry 2 of annotations has a bbox"),
            (2, "entry 3 of annotations has a bbox"),
            (3, "entry 4 of annotations has the category_id 99"),
            (4, "entry 5 of annotations has the image_id 99"),
            (5, "entry 6 of annotations has no image_id"),
            (8, "entry 9 of annotations has no category_id"),
            (9, "entry 10 of annotations has no image_id"),
        ):
            assert any(row == number and words in reason for row, reason in told), (words, text)
        assert sum("empty.png" in str(path) for path in data.rejects.column("path").to_pylist()) == 1
        assert "empty file" in text
        assert len(told) == 15


def test_many_bad_entries_are_counted_not_listed(tmp_path):
    picture(tmp_path / "a.png")
    held = {"images": [{"id": 1, "file_name": "a.png"}], "categories": CATEGORIES, "annotations": [5] * 3000}
    write(tmp_path / "set.json", held)
    reasons = read(tmp_path / "set.json").rejects.column("reason").to_pylist()
    assert len(reasons) == 1001
    assert sum("2,000 more" in reason for reason in reasons) == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"images": [{"id": 1, "file_name": "a.png"}',
        '{"images": [{"id": 1, "file_name": "a.png"}]} x',
        '{"images": [{"id": 1,}], "annotations": []}',
    ],
)
def test_a_broken_file_alone_is_an_error_beside_others_a_reject(tmp_path, text):
    picture(tmp_path / "a.png")
    (tmp_path / "set.json").write_text(text)
    with pytest.raises(SourceError, match=r"set.json cannot be read: it is no whole JSON: .* at character"):
        read(tmp_path / "set.json")
    write(tmp_path / "good.json", {"images": [{"id": 1, "file_name": "a.png"}]})
    data = read(tmp_path)
    assert data.ids == ["a.png"]
    assert [row["path"] for row in data.rejects.to_pylist()] == ["set.json"]


def test_an_unchanged_file_is_not_read_again(folder, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    (folder / "annotations/instances_val2017.json").write_text(
        '{"images": [{"id": 1, "file_name": "1.png"}, 5], "annotations": [7]}'
    )
    first = read(folder, scratch=scratch)

    def never(stream):
        raise AssertionError("it was read again")

    monkeypatch.setattr(coco_file, "members", never)
    again = read(folder, scratch=scratch)
    assert again.rows.equals(first.rows)
    assert again.rejects.equals(first.rejects)
    assert again.rejects.num_rows == 2
    assert (again.key, again.origin) == (first.key, first.origin)
    os.utime(folder / "annotations/instances_val2017.json", ns=(1, 1))
    with pytest.raises(AssertionError, match="read again"):
        read(folder, scratch=scratch)
    monkeypatch.undo()
    for path in (scratch / "coco").iterdir():
        path.write_text('{"state": [1, 2], "images"')
    assert read(folder, scratch=scratch).rows.equals(first.rows)
    for path in (scratch / "coco").iterdir():
        path.unlink()
        path.mkdir()
    assert read(folder, scratch=scratch).rows.equals(first.rows)


def test_without_any_picture_it_is_said_where_they_were_looked_for(tmp_path):
    write(tmp_path / "annotations/instances_val.json", {"images": [{"id": 1, "file_name": "a.png"}]})
    with pytest.raises(SourceError, match="none of the pictures") as told:
        read(tmp_path / "annotations/instances_val.json")
    assert "val/a.png" in told.value.hint
    (tmp_path / "annotations/instances_val.json").write_text('{"images": []}')
    with pytest.raises(SourceError, match="no annotation file lists a picture"):
        read(tmp_path / "annotations/instances_val.json")


def test_options_about_columns_are_refused(folder):
    with pytest.raises(SourceError, match="--label"):
        read(folder, label="category_id")


def test_other_folders_and_files_are_not_taken(tmp_path):
    picture(tmp_path / "cat/a.png")
    write(tmp_path / "export.json", {"files": {}, "images": 3})
    write(tmp_path / "texts.json", [{"image_id": 1}])
    assert not CocoReader.reads(tmp_path)
    assert not CocoReader.reads(tmp_path / "texts.json")
    assert not CocoReader.reads(tmp_path / "nowhere")
    assert not CocoReader.reads(tmp_path / "cat/a.png")


def test_segments_of_panoptic_files_are_boxes(tmp_path):
    picture(tmp_path / "val2017/a.png")
    segments = [{"id": 1, "category_id": 3, "area": 50, "bbox": [0, 0, 5, 10]}, {"id": 2, "category_id": 7, "area": 20}]
    held = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [{"image_id": 1, "file_name": "a_mask.png", "segments_info": segments}],
        "categories": CATEGORIES,
    }
    write(tmp_path / "annotations/panoptic_val2017.json", held)
    row = read(tmp_path).rows.to_pylist()[0]
    assert (row["label"], row["classes"], row["boxes"]) == ("cat", "cat, dog", 2)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 3))
def test_damaged_files_end_in_words_or_in_rows(tmp_path_factory, junk, place, how):
    root = tmp_path_factory.mktemp("damaged")
    picture(root / "a.png")
    held = {"images": [{"id": 1, "file_name": "a.png"}], "categories": CATEGORIES, "annotations": [box(1, 3, 2, 2)] * 3}
    raw = json.dumps(held).encode()
    place = min(place, len(raw))
    damaged = [
        raw[:place],
        raw[:place] + junk + raw[place:],
        raw[:place] + junk + raw[place + len(junk) :],
        zlib.compress(raw),
    ][how]
    (root / "set.json").write_bytes(damaged)
    with contextlib.suppress(SourceError):
        assert read(root / "set.json").ids == ["a.png"]
