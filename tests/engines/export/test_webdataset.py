"""The tar files: what the library ``webdataset`` reads is what was decided, and the same rows give the same bytes."""

import json
import tarfile

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webdataset.tariterators import group_by_keys, tar_file_iterator

from engines.errors import ExportError
from tests.engines.export.held import in_tar, in_zip, pictures, texts
from tests.engines.export.made import dataset, leave, write_files


def samples(path):
    # The parts of the library that read a tar; its ``WebDataset`` itself leaves the file open.
    with path.open("rb") as stream:
        return list(group_by_keys({**one, "__url__": str(path)} for one in tar_file_iterator(stream)))


def test_the_library_reads_what_was_decided(tmp_path):
    files = dict(zip(["train/cat/a.x.png", "train/dog/b.PNG", "test/cat/c.png"], pictures(3), strict=True))
    write_files(tmp_path / "source", files)
    own = {"note": pa.array(["=1", None, "x"]), "score": pa.array([float("nan"), 2.0, None])}
    data = dataset(tmp_path / "source", list(files), ["cat", "dog", "cat"], ["train", "train", "test"], own)
    columns = data.rows.select(data.own_columns)
    record = leave(data, tmp_path / "out", "webdataset", labels=["dog", None, "wolf"], columns=columns)
    train, test = samples(tmp_path / "out/train-000000.tar"), samples(tmp_path / "out/test-000000.tar")
    assert [sample["__key__"] for sample in [*train, *test]] == ["train/cat/a_x", "train/dog/b", "test/cat/c"]
    assert [sample["png"] for sample in [*train, *test]] == list(files.values())
    assert json.loads((tmp_path / "out/classes.json").read_text("utf-8")) == ["dog", "wolf"]
    assert [sample.get("cls") for sample in [*train, *test]] == [b"0", None, b"1"]
    told = [json.loads(sample["json"]) for sample in [*train, *test]]
    assert told[0] == {
        "id": "train/cat/a.x.png",
        "label": "dog",
        "split": "train",
        "file_name": "a.x.png",
        "note": "=1",
        "score": None,
    }
    assert set(record["files"]) == {"train-000000.tar", "test-000000.tar", "classes.json", "decisions.jsonl"}


def test_the_same_rows_give_the_same_bytes_and_nothing_tells_who_made_them(tmp_path):
    files = dict(zip(["a.png", "b.png"], pictures(2), strict=True))
    write_files(tmp_path / "source", files)
    data = dataset(tmp_path / "source", list(files), ["x", "y"])
    one, two = (leave(data, tmp_path / name, "webdataset")["files"] for name in ("one", "two"))
    assert one == two
    with tarfile.open(tmp_path / "one/train-000000.tar") as archive:
        members = archive.getmembers()
    assert {(member.mtime, member.uid, member.gid, member.uname, member.gname) for member in members} == {(0, 0, 0, "", "")}


def test_files_end_at_their_size_and_their_number_of_samples(tmp_path):
    write_files(tmp_path / "source", {f"{number}.jpg": bytes(300_000) for number in range(9)})
    data = dataset(tmp_path / "source", [f"{number}.jpg" for number in range(9)], ["x"] * 9)
    leave(data, tmp_path / "size", "webdataset", parameters={"shard_mb": 1})
    tars = sorted((tmp_path / "size").glob("*.tar"))
    assert [len(samples(tar)) for tar in tars] == [3, 3, 3]
    assert all(tar.stat().st_size <= 1 << 20 for tar in tars)
    leave(data, tmp_path / "rows", "webdataset", parameters={"shard_rows": 4})
    assert [len(samples(tar)) for tar in sorted((tmp_path / "rows").glob("*.tar"))] == [4, 4, 1]


@pytest.mark.parametrize("inside", [in_zip, in_tar])
def test_members_of_containers_keep_their_bytes(tmp_path, inside):
    files = dict(zip(["cat/a.png", "dog/no suffix", "dog/a.png"], pictures(3), strict=True))
    leave(inside(tmp_path / "source", files, ["cat", "dog", "dog"]), tmp_path / "out", "webdataset")
    found = {sample["__key__"]: sample["png"] for sample in samples(tmp_path / "out/train-000000.tar")}
    assert found == {"cat/a": files["cat/a.png"], "dog/no suffix": files["dog/no suffix"], "dog/a": files["dog/a.png"]}


def test_texts_are_text_files_in_the_tar(tmp_path):
    data = texts(tmp_path / "source", ["grün", "=1"], ["x", "y"], name="review")
    leave(data, tmp_path / "out", "webdataset")
    found = samples(tmp_path / "out/train-000000.tar")
    assert [sample["txt"].decode() for sample in found] == ["grün", "=1"]
    assert [json.loads(sample["json"])["review"] for sample in found] == ["grün", "=1"]


def test_rows_without_files_are_refused_with_the_formats_that_fit(tmp_path):
    from dataclasses import replace

    data = texts(tmp_path / "source", ["a"], ["x"])
    data = replace(data, kind="table", media=pa.table({"media": pa.nulls(1)}))
    with pytest.raises(ExportError, match="rows of a table have no files") as told:
        leave(data, tmp_path / "out", "webdataset")
    assert "csv" in told.value.hint
    assert "webdataset" not in told.value.hint


NAMES = st.text(st.characters(exclude_characters="/\x00", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..")
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=6, unique=True))
def test_whatever_names_hold_each_sample_is_one(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("any")
    files = {f"{above}/{name}": f"{number}".encode() for number, (above, name) in enumerate(names)}
    data = in_tar(folder / "source", files, [above for above, _ in names])
    record = leave(data, folder / "out", "webdataset")
    assert record["rows_out"] == len(files)
    found = samples(folder / "out/train-000000.tar")
    assert len({sample["__key__"] for sample in found}) == len(files)
    for sample in found:
        told = json.loads(sample["json"])
        kinds = [key for key in sample if not key.startswith("__") and key not in ("json", "cls")]
        assert [sample[kind] for kind in kinds] == [files[told["id"]]]
        assert told["label"] == told["id"].partition("/")[0]
