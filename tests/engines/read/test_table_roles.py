import json
import tempfile
from pathlib import Path

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engines.errors import SourceError
from engines.protocols import Reading, SourceOptions, no_progress
from engines.read.table import TableReader
from tests.engines.read.table_cases import picture

LONG = [
    f"the {number} quick brown foxes jump over some lazy dogs again and again, said story number {number}"
    for number in range(12)
]
SHORT = [f"name{number % 3}" for number in range(12)]


def read(source: Path, **options: str) -> Reading:
    with tempfile.TemporaryDirectory() as scratch:
        return TableReader()(source, SourceOptions(**options), scratch=Path(scratch), progress=no_progress)


def opened(tmp_path: Path, columns: dict[str, list], **options: str) -> Reading:
    """Read columns as Parquet."""
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    return read(tmp_path / "t.parquet", **options)


def roles(tmp_path: Path, columns: dict[str, list], **options: str) -> dict:
    return opened(tmp_path, columns, **options).dataset.origin["roles"]


def pictures(tmp_path: Path, count: int = 12) -> list[str]:
    for number in range(count):
        (tmp_path / f"{number}.png").write_bytes(picture(number))
    return [f"{number}.png" for number in range(count)]


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({"text": LONG, "label": SHORT}, "texts"),
        ({"utt": [f"play song {number}" for number in range(12)], "intent": SHORT}, "texts"),
        ({"vector": [[0.5] * 4] * 12, "label": SHORT}, "vectors"),
        ({"age": list(range(12)), "kind": SHORT}, "table"),
        ({"text": LONG, "embedding": [[0.5] * 9] * 12}, "texts"),
        ({"image": [picture(0)] * 12, "text": LONG, "embedding": [[0.5] * 9] * 12}, "pictures"),
    ],
)
def test_the_kind_follows_the_columns(tmp_path, columns, kind):
    assert opened(tmp_path, columns).dataset.kind == kind


def test_a_table_of_people_is_no_table_of_texts(tmp_path):
    columns = {
        "PassengerId": list(range(100, 112)),
        "Survived": [0, 1] * 6,
        "Name": [f"Braund, Mr. Owen Harris {number}" for number in range(12)],
        "Sex": ["male", "female"] * 6,
        "Age": [22.0, None, 38.5] * 4,
        "Ticket": [f"A/5 {number}" for number in range(12)],
        "Alone": [True, False] * 6,
    }
    dataset = opened(tmp_path, columns).dataset
    assert dataset.kind == "table"
    assert dataset.origin["features"] == ["Survived", "Sex", "Age", "Alone"]
    assert dataset.ids == [str(number) for number in range(100, 112)]


@pytest.mark.parametrize(
    ("columns", "part", "first"),
    [
        ({"sentence1": LONG, "sentence2": [text[::-1] for text in LONG]}, "text", "sentence1"),
        ({"left": [picture(0)] * 3, "right": [picture(1)] * 3}, "image", "left"),
        ({"text": LONG, "fine_label": SHORT, "coarse_label": SHORT}, "label", "fine_label"),
    ],
)
def test_two_columns_that_fit_equally_well_are_an_error_that_names_both_and_the_option(tmp_path, columns, part, first):
    with pytest.raises(SourceError) as caught:
        opened(tmp_path, columns)
    for name in columns:
        assert (repr(name) in caught.value.message) or name == "text"
    assert f"--{part} {first}" in caught.value.hint
    assert opened(tmp_path, columns, **{part: first}).dataset.origin["roles"][part] == first
    assert part not in opened(tmp_path, columns, **{part: "-"}).dataset.origin["roles"] if part == "label" else True


def test_names_decide_before_contents(tmp_path):
    columns = {"context": [text * 3 for text in LONG], "question": [text[:40] for text in LONG], "title": LONG}
    assert roles(tmp_path, columns)["text"] == "question"
    assert roles(tmp_path, {"notes": LONG, "remark": [text[:30] for text in LONG]})["text"] == "notes"


@pytest.mark.parametrize("option", ["image", "text", "label", "split", "id", "caption", "features"])
def test_a_column_that_is_not_there_is_an_error_with_the_nearest_one(tmp_path, option):
    columns = {"texts": LONG, "labels": SHORT, "img": SHORT}
    with pytest.raises(SourceError, match=f"--{option}: there is no column 'labelz'") as caught:
        opened(tmp_path, columns, **{option: "labelz"})
    assert "did you mean 'labels'?" in caught.value.hint
    assert "texts, labels, img" in caught.value.hint


def test_options_win_over_names(tmp_path):
    columns = {"text": LONG, "body": LONG[::-1], "label": SHORT, "kind": SHORT[::-1], "id": range(12), "code": range(20, 32)}
    dataset = opened(tmp_path, columns, text="body", label="kind", id="code").dataset
    assert dataset.media_of(0) == LONG[-1]
    assert dataset.labels == SHORT[::-1]
    assert dataset.ids[0] == "20"
    assert dataset.own_columns == ["row", "text", "own_label", "own_id"]
    assert dataset.origin["names"] == {"label": "own_label", "id": "own_id"}
    assert dataset.origin["why"] == {"text": "--text", "label": "--label", "id": "--id"}


def test_text_beside_pictures_is_a_caption_and_decides_only_when_asked(tmp_path):
    columns = {"image": pictures(tmp_path), "text": LONG, "label": SHORT}
    dataset = opened(tmp_path, columns).dataset
    assert (dataset.kind, dataset.origin["roles"]["caption"]) == ("pictures", "text")
    assert dataset.rows.column("caption").to_pylist() == LONG
    texts = opened(tmp_path, columns, text="text").dataset
    assert (texts.kind, texts.media_of(3)) == ("texts", LONG[3])
    assert "image" in texts.own_columns
    both = opened(tmp_path, {**columns, "note": SHORT}, image="image", text="note").dataset
    assert (both.kind, both.rows.column("caption")[1].as_py()) == ("pictures", SHORT[1])
    assert both.own_columns == ["row", "text", "caption"]


def test_several_captions_are_joined(tmp_path):
    columns = {"image": pictures(tmp_path), "captions": [["a cat", "a pet"]] * 12}
    assert opened(tmp_path, columns).dataset.rows.column("caption")[0].as_py() == "a cat | a pet"


def test_pictures_elsewhere_do_not_hide_the_texts(tmp_path):
    columns = {"image_url": [f"https://example.org/{number}.jpg" for number in range(12)], "description": LONG}
    assert opened(tmp_path, columns).dataset.kind == "texts"
    with pytest.raises(SourceError, match="not one of the 12 rows") as caught:
        opened(tmp_path, {"image_url": columns["image_url"]})
    assert "is not on this machine: https://example.org/0.jpg" in caught.value.message
    assert "--image" in caught.value.hint


def test_bytes_win_over_names_of_files_that_are_not_here(tmp_path):
    columns = {"file_name": [f"{number}.jpg" for number in range(3)], "img": [picture(number) for number in range(3)]}
    assert roles(tmp_path, columns)["image"] == "img"


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("image", [1, 2]),
        ("image", [[1], [2]]),
        ("id", [b"a", b"b"]),
        ("id", [["a"], ["b"]]),
        ("split", [{"a": 1}, {"a": 2}]),
        ("label", [{"a": 1}, {"a": 2}]),
        ("caption", [b"a", b"b"]),
    ],
)
def test_a_column_of_the_wrong_type_is_refused(tmp_path, part, values):
    with pytest.raises(SourceError, match=f"--{part}: the column 'a' of .* holds "):
        opened(tmp_path, {"a": values, "text": ["one two", "three four"]}, **{part: "a"})


def test_one_column_may_play_two_parts(tmp_path):
    dataset = opened(tmp_path, {"text": LONG, "kind": SHORT}, text="text", id="text", label="kind", split="kind").dataset
    assert (dataset.ids, dataset.media_of(1)) == (LONG, LONG[1])
    assert dataset.labels == dataset.rows.column("split").to_pylist() == SHORT


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["a", "", None, "b"], ["a", None, None, "b"]),
        ([0, 1, None, 1], ["0", "1", None, "1"]),
        ([0.0, 1.0, None, 2.0], ["0", "1", None, "2"]),
        ([True, False, None, True], ["True", "False", None, "True"]),
        ([["a", "b"], [], None, ["b"]], ["a | b", None, None, "b"]),
        ([[1, 2], [], None, [2]], ["1 | 2", None, None, "2"]),
        (pa.array(["a", "b", None, "a"]).dictionary_encode(), ["a", "b", None, "a"]),
    ],
)
def test_labels_of_any_type_are_texts(tmp_path, values, labels):
    dataset = opened(tmp_path, {"text": LONG[:4], "label": values}).dataset
    assert dataset.labels == labels
    kept = isinstance(values, list) and isinstance(values[0], list)
    assert ("own_label" in dataset.own_columns) is kept
    if kept:
        assert json.loads(dataset.rows.column("own_label")[0].as_py()) == values[0]


def test_pandas_categories_are_labels(tmp_path):
    frame = pd.DataFrame({"text": LONG, "class": pd.Categorical(SHORT)})
    frame.to_parquet(tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet").dataset.labels == SHORT


def test_measurements_are_no_label(tmp_path):
    dataset = opened(tmp_path, {"text": LONG, "target": [number + 0.5 for number in range(12)]}).dataset
    assert set(dataset.labels) == {None}
    assert "target" in dataset.own_columns


def test_classes_of_hugging_face_have_their_names(tmp_path):
    names = ["zero", "one", "two"]
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "category": datasets.ClassLabel(names=names),
            "tags": datasets.Sequence(datasets.ClassLabel(names=names)),
        }
    )
    columns = {"text": LONG[:4], "category": [2, 0, -1, 1], "tags": [[0, 1], [], [2], [1]]}
    datasets.Dataset.from_dict(columns, features=features).to_parquet(str(tmp_path / "t.parquet"))
    dataset = read(tmp_path / "t.parquet").dataset
    assert dataset.labels == ["two", "zero", None, "one"]
    assert dataset.origin["label_names"] == {"0": "zero", "1": "one", "2": "two"}
    assert read(tmp_path / "t.parquet", label="tags").dataset.labels == ["zero | one", None, "two", "one"]


def test_a_sibling_column_gives_numbers_their_names(tmp_path):
    columns = {"text": LONG, "label": [number % 3 for number in range(12)], "label_text": SHORT}
    dataset = opened(tmp_path, columns).dataset
    assert dataset.labels == SHORT
    assert dataset.origin["label_names"] == {"0": "name0", "1": "name1", "2": "name2"}
    assert dataset.own_columns == ["row"]
    contradicted = opened(tmp_path, {**columns, "label_text": LONG}).dataset
    assert contradicted.labels == [str(number % 3) for number in range(12)]


def test_a_sibling_that_contradicts_itself_late_gives_no_names(tmp_path):
    count = 5000
    names = ["a", "b"] * (count // 2)
    names[-1] = "c"
    columns = {"text": [f"some text number {n}" for n in range(count)], "label": [0, 1] * (count // 2), "label_name": names}
    dataset = opened(tmp_path, columns).dataset
    assert set(dataset.labels) == {"0", "1"}
    assert "label_name" in dataset.own_columns


def test_columns_of_zeros_and_ones_are_labels(tmp_path):
    columns = {"text": LONG[:4], "label_cat": [1, 0, 0, 1], "label_dog": [0, 1, 0, 1]}
    dataset = opened(tmp_path, columns).dataset
    assert dataset.labels == ["cat", "dog", None, "cat | dog"]
    assert dataset.origin["roles"]["label"] == ["label_cat", "label_dog"]
    counted = opened(tmp_path, {**columns, "label_dog": [0, 7, 0, 1]}).dataset
    assert set(counted.labels) == {None}
    chosen = opened(tmp_path, {"text": LONG[:2], "is_cat": [1, 0], "is_dog": [0, 1]}, label="is_cat,is_dog").dataset
    assert chosen.labels == ["cat", "dog"]


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("split", ["a", "b"] * 6, True),
        ("subset", ["train", "Test", "val", "train"] * 3, True),
        ("subset", ["red", "blue"] * 6, False),
        ("set", [1, 2] * 6, False),
    ],
)
def test_splits_by_name_and_content(tmp_path, name, values, found):
    dataset = opened(tmp_path, {"text": LONG, name: values}).dataset
    assert (dataset.rows.column("split").to_pylist() == values) is found


@pytest.mark.parametrize("name", ["id", "uuid", "sample_id", "PassengerId", "movie_id"])
def test_ids_by_name(tmp_path, name):
    assert opened(tmp_path, {"text": LONG, name: range(5, 17)}).dataset.ids == [str(number) for number in range(5, 17)]


def test_ids_that_repeat_are_an_error_with_rows_and_value(tmp_path):
    values = [f"i{number}" for number in range(12)]
    values[9] = "i2"
    with pytest.raises(SourceError, match=r"'id' of .* has 'i2' in row 3 and in row 10") as caught:
        opened(tmp_path, {"text": LONG, "id": values})
    assert "--id" in caught.value.hint
    dataset = opened(tmp_path, {"text": LONG, "id": values}, id="-").dataset
    assert len(set(dataset.ids)) == 12
    assert dataset.rows.column("own_id").to_pylist() == values


def test_what_is_only_perhaps_an_id_may_repeat(tmp_path):
    values = [1, 2, 3] * 4
    dataset = opened(tmp_path, {"text": LONG, "image_id": values}).dataset
    assert len(set(dataset.ids)) == 12
    assert "id" not in dataset.origin["roles"]
    assert dataset.rows.column("image_id").to_pylist() == values


def test_a_perhaps_id_that_repeats_behind_the_first_rows_is_none(tmp_path):
    count = 5000
    columns = {"text": [f"some text number {n}" for n in range(count)], "sample_id": [*range(count - 1), 0]}
    dataset = opened(tmp_path, columns).dataset
    assert "id" not in dataset.origin["roles"]
    assert "sample_id" in dataset.own_columns


def test_rows_without_an_id_are_rejects(tmp_path):
    dataset = opened(tmp_path, {"text": LONG[:3], "id": ["a", None, "c"]}).dataset
    assert dataset.ids == ["a", "c"]
    assert dataset.rejects.to_pylist()[0]["row"] == 1


def test_texts_without_a_word_are_rejects_with_the_row_and_id(tmp_path):
    dataset = opened(tmp_path, {"text": ["a text", None, " \t", "", "more"], "id": list("abcde")}).dataset
    assert dataset.ids == ["a", "e"]
    assert dataset.rows.column("row").to_pylist() == [0, 4]
    assert [(one["id"], one["row"], one["reason"]) for one in dataset.rejects.to_pylist()] == [
        ("b", 1, "has no text"),
        ("c", 2, "has no text"),
        ("d", 3, "has no text"),
    ]


def test_places_dates_and_weights_are_noted_and_stay_own_columns(tmp_path):
    columns = {"text": LONG, "lat": [1.5] * 12, "lng": [2.5] * 12, "created_at": ["2020-01-01"] * 12, "weight": [0.5] * 12}
    dataset = opened(tmp_path, columns).dataset
    told = dataset.origin["roles"]
    assert (told["latitude"], told["longitude"], told["date"], told["weight"]) == ("lat", "lng", "created_at", "weight")
    assert dataset.own_columns == ["row", "lat", "lng", "created_at", "weight"]


def test_features_are_chosen_by_option(tmp_path):
    columns = {"text": LONG, "a": range(12), "b": range(12), "emb": [[0.5] * 9] * 12, "other": [[0.25] * 9] * 12}
    dataset = opened(tmp_path, columns, features="b, a").dataset
    assert (dataset.kind, dataset.origin["features"]) == ("table", ["b", "a"])
    assert list(opened(tmp_path, columns, features="other").vectors) == ["other"]
    with pytest.raises(SourceError, match="'emb' holds lists of numbers and 'a' does not"):
        opened(tmp_path, columns, features="emb,a")
    with pytest.raises(SourceError, match=r"'b' of .* plays another part") as caught:
        opened(tmp_path, columns, features="a,b", label="b")
    assert "label = b" in caught.value.hint


def test_what_counts_the_rows_is_no_feature(tmp_path):
    pd.DataFrame({"a": [2.5, 1.5, 0.5], "b": [3, 1, 2]}).to_csv(tmp_path / "t.csv")
    dataset = read(tmp_path / "t.csv").dataset
    assert dataset.own_columns == ["row", "column_1", "a", "b"]
    assert dataset.origin["features"] == ["a", "b"]


def test_a_table_without_anything_to_compare_is_an_error_with_its_columns(tmp_path):
    with pytest.raises(SourceError, match="no column of pictures, texts, vectors, numbers or categories: when, code"):
        opened(tmp_path, {"when": pd.to_datetime(["2020-01-01", "2021-01-01"]), "code": [None, None]})


def test_row_ids_of_a_table_do_not_depend_on_labels_or_order(tmp_path):
    columns = {"a": [1.5, 2.5, 1.5], "b": ["x", "y", "x"], "label": ["p", "q", "q"]}
    ids = opened(tmp_path, columns).dataset.ids
    assert ids[2] == f"{ids[0]}-2"
    assert opened(tmp_path, {**columns, "label": ["q", "q", "q"]}).dataset.ids == ids
    turned = {name: values[::-1] for name, values in columns.items()}
    assert set(opened(tmp_path, turned).dataset.ids) == set(ids)


def test_every_type_of_column_becomes_one_that_later_steps_know(tmp_path):
    table = pa.table(
        {
            "text": pa.array(["one text", "two texts"], pa.large_string()),
            "half": pa.array([0.5, None], pa.float16()),
            "money": pa.array([1, 2]).cast(pa.decimal128(21, 2)),
            "when": pa.array([0, 1], pa.timestamp("ms", tz="UTC")),
            "day": pa.array([0, 1], pa.date32()),
            "clock": pa.array([0, 1], pa.time64("us")),
            "took": pa.array([0, 1], pa.duration("s")),
            "nested": [{"a": [1, 2]}, None],
            "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
            "sort": pa.array(["x", "y"]).dictionary_encode(),
            "nothing": pa.nulls(2),
            "big": pa.array([2**63, 1], pa.uint64()),
            "raw": pa.array([b"\x00\xff", None]),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    dataset = read(tmp_path / "t.parquet").dataset
    types = ["int64", "float", "double", "timestamp[ms, tz=UTC]", "date32[day]", *["string"] * 6, "uint64"]
    names = ["row", "half", "money", "when", "day", "clock", "took", "nested", "map", "sort", "nothing", "big"]
    assert [(name, str(dataset.rows.schema.field(name).type)) for name in dataset.own_columns] == [
        *zip(names, types, strict=True)
    ]
    assert json.loads(dataset.rows.column("nested")[0].as_py()) == {"a": [1, 2]}
    assert dataset.origin["left_out"] == {"raw": "binary"}
    assert dataset.origin["columns"] == table.column_names
