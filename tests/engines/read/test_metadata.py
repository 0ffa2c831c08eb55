import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engines.errors import SourceError
from engines.protocols import SourceOptions
from tests.engines.read.reading import read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def rows_of(source: Path, **options: object):
    return read(source, SourceOptions(**options))[0]


def reasons(dataset):
    return [record["reason"] for record in dataset.rejects.to_pylist()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_in_its_usual_shapes(folder, encoding, delimiter):
    table = "file_name,label,caption,price\na.jpg,Käse,old one,1\nb.jpg,,new,2\n".replace(",", delimiter)
    (folder / "metadata.csv").write_bytes(table.replace("\n", "\r\n").encode(encoding))
    dataset = rows_of(folder)
    assert dataset.labels == ["Käse", None, None]
    assert dataset.rows.column("caption").to_pylist() == ["old one", "new", None]
    assert dataset.rows.column("price").to_pylist() == [1, 2, None]
    assert reasons(dataset) == []


def test_a_csv_in_another_encoding_says_where(folder):
    (folder / "metadata.csv").write_bytes("file_name,label\na.jpg,Käse\n".encode("cp1252"))
    with pytest.raises(SourceError, match="line 2 holds the byte 0xe4") as caught:
        rows_of(folder)
    assert "UTF-8" in caught.value.hint


def test_jsonl_keeps_types_and_rejects_bad_lines(folder):
    lines = [
        json.dumps({"file_name": "a.jpg", "label": 3, "score": 0.5, "ok": True, "parts": ["x", "y"], "half": "\ud800"}),
        "{broken",
        json.dumps(["file_name"]),
        "",
        json.dumps({"file_name": "b.jpg", "label": 4.0, "score": 1}),
    ]
    (folder / "metadata.jsonl").write_text("\n".join(lines))
    dataset = rows_of(folder)
    assert dataset.labels == ["3", "4", None]
    assert dataset.rows.column("score").to_pylist() == [0.5, 1.0, None]
    assert dataset.rows.column("ok").to_pylist() == [True, None, None]
    assert dataset.rows.column("parts").to_pylist() == ['["x", "y"]', None, None]
    assert reasons(dataset) == ["metadata.jsonl line 2 is not a JSON object", "metadata.jsonl line 3 is not a JSON object"]


def test_parquet(folder):
    pq.write_table(
        pa.table({"file_name": ["a.jpg", "b.jpg"], "label": [1, None], "day": [1.5, 2.5]}), folder / "metadata.parquet"
    )
    dataset = rows_of(folder)
    assert dataset.labels == ["1", None, None]
    assert dataset.rows.column("day").to_pylist() == [1.5, 2.5, None]


def test_a_broken_parquet_is_an_error(folder):
    (folder / "metadata.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(SourceError, match="not a Parquet table"):
        rows_of(folder)


def test_rows_that_fit_no_picture_are_rejects(folder):
    table = "file_name,label\na.jpg,x\na.jpg,y\ngone.jpg,x\n../a.jpg,x\n,x\nb.jpg\n"
    (folder / "metadata.csv").write_text(table)
    dataset = rows_of(folder)
    assert dataset.labels == ["x", None, None]
    told = "\n".join(reasons(dataset))
    for words in (
        "names it once more",
        "no such picture",
        "outside of the folder",
        "has no file_name",
        "has 1 values for 2 columns",
    ):
        assert words in told


def test_tables_in_split_folders_count_from_there(tmp_path):
    for path in ("train/a.jpg", "train/b.jpg", "test/a.jpg"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
    (tmp_path / "train" / "metadata.csv").write_text("file_name,label\na.jpg,cat\n./b.jpg,dog\n")
    (tmp_path / "test" / "metadata.jsonl").write_text('{"file_name": "a.jpg", "label": "cat"}')
    dataset = rows_of(tmp_path)
    assert dataset.labels == ["cat", "cat", "dog"]
    assert dataset.rows.column("split").to_pylist() == ["test", "train", "train"]


def test_a_label_column_wins_over_folders_and_the_folder_is_kept(tmp_path):
    for path in ("cat/a.jpg", "dog/b.jpg"):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_bytes(b"x")
    (tmp_path / "metadata.csv").write_text("file_name,label\ncat/a.jpg,animal\n")
    dataset = rows_of(tmp_path)
    assert dataset.labels == ["animal", None]
    assert dataset.rows.column("folder").to_pylist() == ["cat", "dog"]


def test_captions_alone_leave_the_folders_as_labels(tmp_path):
    for path in ("cat/a.jpg", "dog/b.jpg"):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_bytes(b"x")
    (tmp_path / "metadata.csv").write_text("file_name,caption\ncat/a.jpg,007\n")
    dataset = rows_of(tmp_path)
    assert dataset.labels == ["cat", "dog"]
    assert dataset.rows.column("caption").to_pylist() == ["007", None]


def test_chosen_columns(folder):
    (folder / "metadata.csv").write_text("picture,breed,part,code,label\na.jpg,lab,train,k2,z\nb.jpg,pug,test,k1,z\n")
    dataset = rows_of(folder, image="picture", label="breed", split="part", id="code")
    assert dataset.ids == ["k1", "k2"]
    assert dataset.labels == ["pug", "lab"]
    assert dataset.rows.column("path").to_pylist() == ["b.jpg", "a.jpg"]
    assert dataset.rows.column("split").to_pylist() == ["test", "train"]
    assert dataset.own_columns == ["own_label"]
    assert reasons(dataset) == ["has no value in the column of ids 'code'"]


def test_a_wrong_column_names_those_that_there_are(folder):
    (folder / "metadata.csv").write_text("file_name,breed\na.jpg,lab\n")
    with pytest.raises(SourceError, match="no column 'kind'") as caught:
        rows_of(folder, label="kind")
    assert caught.value.hint == "the columns are: file_name, breed"


def test_a_column_without_any_table_says_so(folder):
    with pytest.raises(SourceError, match="no column 'kind'") as caught:
        rows_of(folder, label="kind")
    assert "no metadata.csv" in caught.value.hint


def test_repeated_ids_are_an_error(folder):
    (folder / "metadata.csv").write_text("file_name,code\na.jpg,1\nb.jpg,1\n")
    with pytest.raises(SourceError, match=r"'1' stands in column 'code' of both a.jpg and b.jpg"):
        rows_of(folder, id="code")


def test_reserved_and_repeated_column_names(folder):
    (folder / "metadata.csv").write_text("file_name,x,tags,x,\na.jpg,1,t,2,e\n")
    assert rows_of(folder).own_columns == ["own_x", "own_tags", "x_2", "column_5"]


def test_a_table_without_file_names_is_a_reject(folder):
    (folder / "metadata.csv").write_text("picture,label\na.jpg,x\n")
    dataset = rows_of(folder)
    assert reasons(dataset) == ["metadata.csv has no column 'file_name'; its columns are: picture, label"]
    assert dataset.labels == [None, None, None]


def test_names_with_accents_match_in_either_writing(tmp_path):
    (tmp_path / "nai\u0308ve.jpg").write_bytes(b"x")
    (tmp_path / "metadata.csv").write_text("file_name,label\nna\u00efve.jpg,x\n")
    assert rows_of(tmp_path).labels == ["x"]


def test_codes_with_leading_zeros_stay_text(folder):
    (folder / "metadata.csv").write_text("file_name,zip,empty,number\na.jpg,01234,,1.5\nb.jpg,10115,,\n")
    rows = rows_of(folder).rows
    assert rows.column("zip").to_pylist() == ["01234", "10115", None]
    assert rows.column("empty").to_pylist() == [None, None, None]
    assert rows.column("number").to_pylist() == [1.5, None, None]


def test_a_changed_label_changes_the_columns_key_only(folder):
    (folder / "metadata.csv").write_text("file_name,label\na.jpg,x\n")
    before = rows_of(folder)
    (folder / "metadata.csv").write_text("file_name,label\na.jpg,y\n")
    after = rows_of(folder)
    assert after.columns_key != before.columns_key
    assert after.media_key == before.media_key


def test_what_a_folder_tells_about_itself(folder):
    (folder / "metadata.csv").write_text("picture,breed,part,x,words\na.jpg,lab,train,1,one\n")
    origin = rows_of(folder, image="picture", label="breed", split="part", caption="words").origin
    assert origin == {
        "reader": "folder",
        "format": "folder",
        "roles": {"image": "picture", "label": "breed", "split": "part", "caption": "words"},
        "columns": ["picture", "breed", "part", "x", "words"],
        "names": {"x": "own_x", "words": "caption"},
        "labels": "column",
        "splits": "column",
        "tables": ["metadata.csv"],
    }


def test_tables_that_would_fill_the_memory_are_refused(folder, monkeypatch):
    monkeypatch.setattr("engines.read.metadata.MOST_CELLS", 5)
    (folder / "metadata.csv").write_text("file_name,one,two\na.jpg,1,2\nb.jpg,1,2\n")
    with pytest.raises(SourceError, match="has more than 5 values") as caught:
        rows_of(folder)
    assert "give the table itself as the source" in caught.value.hint
    (folder / "metadata.csv").unlink()
    (folder / "metadata.jsonl").write_text('{"file_name": "a.jpg", "a": 1, "b": 2}\n' * 2)
    with pytest.raises(SourceError, match="has more than 5 values"):
        rows_of(folder)
    (folder / "metadata.jsonl").unlink()
    pq.write_table(pa.table({"file_name": ["a.jpg", "b.jpg"], "one": [1, 2], "two": [1, 2]}), folder / "metadata.parquet")
    with pytest.raises(SourceError, match="has more than 5 values"):
        rows_of(folder)
    monkeypatch.setattr("engines.read.pictures.TABLE_LIMIT", 10)
    with pytest.raises(SourceError, match="MiB; a table beside pictures may have"):
        rows_of(folder)


def test_ten_thousand_columns_are_cut_with_words(folder):
    names = [f"c{number}" for number in range(10_000)]
    (folder / "metadata.csv").write_text(f"file_name,{','.join(names)}\na.jpg,{','.join('1' * len(names))}\n")
    dataset = rows_of(folder)
    assert dataset.own_columns == names[:1000]
    assert reasons(dataset) == ["9,000 of 10,000 columns are left out; 1,000 are kept"]


def test_a_very_long_value_costs_its_row_only(folder):
    long = "x" * 1_000_000
    (folder / "metadata.csv").write_text(f'file_name,label\na.jpg,{long}\nb.jpg,cat\nc.jpg,"never closed\n')
    dataset = rows_of(folder)
    assert dataset.labels == [None, "cat", "never closed\n"]
    assert reasons(dataset) == ["metadata.csv row 1 cannot be read: a value has more than 131,072 characters"]
    (folder / "metadata.csv").write_text(f"file_name,{long}\na.jpg,x\n")
    with pytest.raises(SourceError, match="is not a CSV table"):
        rows_of(folder)
