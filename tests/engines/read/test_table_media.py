import csv
import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engines.errors import Cancelled
from engines.media import MediaFiles
from engines.protocols import SourceOptions, no_progress
from engines.read.folder import FolderReader
from engines.read.hugging_face import HuggingFaceReader
from engines.read.table import TableReader
from engines.read.table_media import ColumnPictures
from tests.engines.read.table_cases import MAKERS, arrow, examples, makers, picture, plain, write_arrow


def read(source: Path, scratch: Path, **options: str):
    reader = HuggingFaceReader if HuggingFaceReader.reads(source) else TableReader
    assert reader.reads(source)
    return reader()(source, SourceOptions(**options), scratch=scratch, progress=no_progress).dataset


def told(dataset) -> list[tuple]:
    """Give what a row says apart from its id: the picture, the label and the split, in the order of the bytes."""
    media = MediaFiles(dataset)
    splits = dataset.rows.column("split").to_pylist()
    return sorted((media.read(row), dataset.labels[row], splits[row]) for row in range(len(dataset)))


@pytest.mark.parametrize("name", MAKERS)
def test_every_format_says_what_the_same_folder_says(tmp_path, name):
    rows = examples(tmp_path / "pictures")
    folder = FolderReader()(tmp_path / "pictures", SourceOptions(), scratch=tmp_path / "s", progress=no_progress).dataset
    source = makers(rows)[name](tmp_path / "pictures")
    dataset = read(source, tmp_path / "scratch")
    assert dataset.kind == "pictures"
    assert told(dataset) == told(folder)
    assert dataset.rejects.num_rows == 0
    assert dataset.stats.shape == (len(rows), 3)
    assert (dataset.stats >= 0).all()
    again = read(source, tmp_path / "scratch")
    assert again.key == dataset.key
    assert told(again) == told(dataset)


@pytest.mark.parametrize(
    ("name", "mapped"), [("arrow file", True), ("arrow stream of structs", True), ("feather, compressed", False)]
)
def test_uncompressed_arrow_files_are_used_in_place(tmp_path, name, mapped):
    source = makers(examples(tmp_path / "pictures"))[name](tmp_path / "pictures")
    dataset = read(source, tmp_path / "scratch")
    places = [MediaFiles(dataset).place(row) for row in range(len(dataset))]
    assert all((place.path == bytes(source)) is mapped for place in places)
    assert bool(list((tmp_path / "scratch").glob("*.pack"))) is not mapped


def test_saved_data_sets_are_used_in_place(tmp_path):
    source = makers(examples(tmp_path / "pictures"))["hugging face on disk"](tmp_path / "pictures")
    dataset = read(source, tmp_path / "scratch")
    assert {Path(MediaFiles(dataset).place(row).path.decode()).parent.parent for row in range(len(dataset))} == {source}


def test_a_pack_is_written_once_and_again_when_the_table_changes(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    rows = examples(tmp_path / "pictures")
    source = makers(rows)["parquet of bytes"](tmp_path / "pictures")
    first = read(source, scratch)
    packs = list(scratch.glob("*.pack"))
    before = packs[0].stat()
    assert len(packs) == 1
    with monkeypatch.context() as patched:
        # The column of pictures is not even read.
        patched.setattr(ColumnPictures, "_look", None)
        assert read(source, scratch).key == first.key
    assert (packs[0].stat().st_mtime_ns, packs[0].stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    pq.write_table(arrow(plain(rows[::-1], "bytes")[:4]), source)
    changed = read(source, scratch)
    assert len(changed) == 4
    assert {content for content, *_ in told(changed)} == {row.content for row in rows[2:]}
    assert len(list(scratch.glob("*.pack"))) == 1
    assert not packs[0].exists()


@pytest.mark.parametrize("damage", ["pack away", "pack short", "index away", "index broken"])
def test_what_is_damaged_in_scratch_is_made_again(tmp_path, damage):
    scratch = tmp_path / "scratch"
    source = makers(examples(tmp_path / "pictures"))["parquet of structs"](tmp_path / "pictures")
    before = read(source, scratch)
    path = next(scratch.glob("*.pack" if "pack" in damage else "*.index"))
    raw = path.read_bytes()
    path.unlink()
    if damage == "pack short":
        path.write_bytes(raw[:-1])
    elif damage == "index broken":
        path.write_bytes(raw[: len(raw) // 2] + b"\xff" * 40 + raw[len(raw) // 2 + 40 :])
    after = read(source, scratch)
    assert told(after) == told(before)
    # Where the pack lies, and when it was written, does not make other rows of them.
    assert (after.key, after.media_key) == (before.key, before.media_key)


def test_a_reading_that_is_stopped_leaves_nothing_half_made(tmp_path):
    source = makers(examples(tmp_path / "pictures"))["parquet of bytes"](tmp_path / "pictures")

    def stop(fraction: float, message: str) -> None:
        if fraction > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        TableReader()(source, SourceOptions(), scratch=tmp_path / "scratch", progress=stop)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_ids_are_hashes_of_the_pictures_whatever_their_order(tmp_path):
    contents = [picture(0), picture(1), picture(0), picture(2), picture(0)]
    for name, order in (("a", [0, 1, 2, 3, 4]), ("b", [3, 4, 1, 0, 2])):
        table = pa.table({"image": [contents[place] for place in order], "label": [str(place) for place in order]})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    ids = read(tmp_path / "a.parquet", tmp_path / "s").ids
    first = hashlib.sha256(contents[0]).hexdigest()[:16]
    assert [ids[place] for place in (0, 2, 4)] == [first, f"{first}-2", f"{first}-3"]
    assert ids[1] == hashlib.sha256(contents[1]).hexdigest()[:16]
    assert set(read(tmp_path / "b.parquet", tmp_path / "s").ids) == set(ids)


def test_labels_never_enter_the_ids(tmp_path):
    table = pa.table({"image": [picture(0), picture(1)], "label": ["a", "b"]})
    pq.write_table(table, tmp_path / "t.parquet")
    before = read(tmp_path / "t.parquet", tmp_path / "s")
    pq.write_table(table.set_column(1, "label", pa.array(["b", "b"])), tmp_path / "t.parquet")
    after = read(tmp_path / "t.parquet", tmp_path / "s")
    assert after.ids == before.ids
    assert after.labels == ["b", "b"]


def test_every_bad_picture_is_a_reject_with_its_row_and_a_reason(tmp_path):
    (tmp_path / "good.png").write_bytes(picture(0))
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    names = [
        *("good.png", "none.png", "", "https://example.org/a.png", "empty.png", "folder.png", "nul\\x00.png", "good.png"),
        *("data:image/png;base64,@@@@", "data:image/png", "x" * 5000 + ".png", "s3://bucket/a.png", "\ud83d\ude00.png"),
    ]
    rows = [{"image": name, "uid": f"u{number}"} for number, name in enumerate(names)]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    dataset = read(tmp_path / "t.jsonl", tmp_path / "scratch")
    assert dataset.ids == ["u0", "u7"]
    reasons = {reject["row"]: (reject["id"], reject["reason"]) for reject in dataset.rejects.to_pylist()}
    assert sorted(reasons) == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12]
    for row, words in {
        1: "there is no file none.png",
        2: "has no picture",
        3: "is not on this machine: https://example.org/a.png",
        4: "empty file",
        5: "not a regular file",
        8: "not base64",
        9: "without data",
        11: "is not on this machine",
    }.items():
        assert reasons[row][0] == f"u{row}"
        assert words in reasons[row][1]


def test_empty_and_missing_bytes_are_rejects(tmp_path):
    contents = [picture(0), b"", None, picture(1)]
    structs = [{"bytes": content, "path": None} for content in contents]
    write_arrow(tmp_path / "mapped.arrow", pa.table({"image": structs}))
    pq.write_table(pa.table({"image": pa.array(contents, pa.binary())}), tmp_path / "packed.parquet")
    for name in ("mapped.arrow", "packed.parquet"):
        dataset = read(tmp_path / name, tmp_path / "scratch")
        reasons = [(reject["row"], reject["reason"]) for reject in dataset.rejects.to_pylist()]
        assert reasons == [(1, "has an empty picture (zero bytes)"), (2, "has no picture")]
        assert dataset.rows.column("row").to_pylist() == [0, 3]


def test_bytes_that_are_no_picture_stay_rows_for_the_decoder_to_judge(tmp_path):
    pq.write_table(pa.table({"image": [picture(0)] * 9 + [b"not a picture"]}), tmp_path / "t.parquet")
    dataset = read(tmp_path / "t.parquet", tmp_path / "scratch")
    assert MediaFiles(dataset).read(9) == b"not a picture"


def test_paths_may_be_absolute_or_lead_up_or_be_written_otherwise(tmp_path):
    table = tmp_path / "deep" / "tables" / "t.csv"
    table.parent.mkdir(parents=True)
    near, far = table.parent / "im g" / "caf\u00e9.png", tmp_path / "elsewhere" / "b.png"
    for number, path in enumerate((near, far)):
        path.parent.mkdir()
        path.write_bytes(picture(number))
    names = [
        *("im g/cafe\u0301.png", "im g\\caf\u00e9.png", "./im g/../im g/caf\u00e9.png", str(far), "../../elsewhere/b.png"),
        *(far.as_uri(), near.as_uri()),
    ]
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["file"], *([name] for name in names)])
    dataset = read(table, tmp_path / "scratch")
    assert dataset.rejects.num_rows == 0
    inner = "im g/caf\u00e9.png"
    assert dataset.rows.column("path").to_pylist() == [inner, inner, inner, str(far), str(far), str(far), inner]
    assert [dataset.media_of(row) for row in (0, 3)] == [inner.encode(), bytes(far)]
    assert [MediaFiles(dataset).read(row) for row in (0, 4)] == [picture(0), picture(1)]


@pytest.mark.parametrize("place", ["images", "..", "../.."])
def test_paths_may_start_near_the_folder_of_the_table(tmp_path, place):
    table = tmp_path / "a" / "b" / "t.csv"
    base = (table.parent / place).resolve()
    table.parent.mkdir(parents=True)
    base.mkdir(exist_ok=True)
    (base / "sub").mkdir()
    (base / "sub" / "1.png").write_bytes(picture(1))
    table.write_text("image,label\nsub/1.png,x\nsub/2.png,y\n")
    dataset = read(table, tmp_path / "scratch")
    assert MediaFiles(dataset).read(0) == picture(1)
    assert not Path(dataset.rows.column("path")[0].as_py()).is_absolute()
    assert dataset.rejects.num_rows == 1
