import io
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engines.errors import SourceError
from engines.read.pattern import PatternReader
from engines.read.patterns import fixed_part
from tests.engines.read.sources import FILES, assert_same, build, contents, folder_rows, open_with, reasons, rejects, zip_of

JPEG = b"\xff\xd8\xff whatever"


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path / "set")


def opened(source: Path, scratch: Path, **options: object):
    return open_with(PatternReader, source, scratch, **options)


def tarred(target: Path, members: list[tuple[str, bytes]]) -> None:
    with tarfile.open(target, "w") as archive:
        for name, raw in members:
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))


def test_a_pattern_of_everything_is_the_folder(folder, scratch):
    dataset, plain = opened(folder / "**" / "*", scratch), folder_rows(folder, scratch)
    assert_same(dataset, plain)
    assert rejects(dataset) == rejects(plain)
    assert dataset.origin["reader"] == "pattern"
    assert {name: dataset.origin[name] for name in ("labels", "splits", "tables")} == {
        "labels": "folders",
        "splits": "folders",
        "tables": ["metadata.csv"],
    }


def test_what_fits_keeps_ids_labels_and_captions_of_the_folder(folder, scratch):
    for pattern in ("**/*.jpg", "train/*/*.jpg", "t*/{cat,dog}/*.[jp]*g", "train/cat/*"):
        whole = folder_rows(fixed_part(folder / pattern), scratch)
        dataset = opened(folder / pattern, scratch)
        plain = {record["id"]: record for record in whole.rows.to_pylist()}
        records = dataset.rows.to_pylist()
        assert records
        assert all({**plain[record["id"]], **record} == plain[record["id"]] for record in records)
    dataset = opened(folder / "**/*.jpg", scratch)
    assert dataset.ids == sorted(name for name in FILES if name.endswith("jpg"))
    assert rejects(dataset) == [("test/empty.jpg", "empty file (zero bytes)")]
    assert dataset.counts == {"rows_of_other_pictures": 2}


def test_relative_patterns_and_folders_that_fit(folder, scratch, monkeypatch):
    monkeypatch.chdir(folder)
    dataset = opened(Path("t*"), scratch)
    assert {name for name in dataset.ids if "no_suffix" not in name} == set(FILES)
    assert len(contents(dataset)) == 7
    assert opened(Path("train/cat/*.jpg"), scratch).ids == ["a.jpg"]


def test_a_pattern_of_one_folder_or_one_archive_is_that(folder, tmp_path, scratch):
    assert_same(opened(tmp_path / "s[e]t", scratch), folder_rows(folder, scratch))
    zip_of(folder, tmp_path / "one.zip")
    assert_same(opened(tmp_path / "*.zip", scratch), folder_rows(folder, scratch))


def test_shards_by_braces_are_one_webdataset(tmp_path, scratch):
    for number in range(12):
        tarred(tmp_path / f"train-{number:03d}.tar", [(f"{number}.jpg", JPEG), (f"{number}.cls", b"x")])
    dataset = opened(tmp_path / "train-{000..009}.tar", scratch)
    assert dataset.ids == [str(number) for number in range(10)]
    assert dataset.origin["reader"] == "webdataset"
    assert set(dataset.rows.column("split").to_pylist()) == {"train"}
    assert len(opened(tmp_path / "train-*.tar", scratch)) == 12


def test_tables_by_a_pattern_are_one_table(tmp_path, scratch):
    for split, rows in (("train", range(4)), ("test", range(4, 6))):
        texts = [f"a text that is number {row}" for row in rows]
        pq.write_table(
            pa.table({"text": texts, "label": ["a", "b"] * (len(texts) // 2)}), tmp_path / f"{split}-00000-of-00001.parquet"
        )
    dataset = opened(tmp_path / "*.parquet", scratch)
    assert len(dataset) == 6
    assert dataset.kind == "texts"
    assert sorted(dataset.rows.column("split").to_pylist()) == ["test"] * 2 + ["train"] * 4


def test_nothing_that_fits_is_an_error(tmp_path, scratch):
    with pytest.raises(SourceError, match="nothing fits") as caught:
        opened(tmp_path / "gone" / "*.jpg", scratch)
    assert "which is no folder" in caught.value.hint
    (tmp_path / "a.docx").write_bytes(b"x")
    (tmp_path / "b.docx").write_bytes(b"x")
    with pytest.raises(SourceError):
        opened(tmp_path / "*.docx", scratch)


def test_a_path_that_exists_is_no_pattern(tmp_path):
    (tmp_path / "a[1].jpg").write_bytes(JPEG)
    assert not PatternReader.reads(tmp_path / "a[1].jpg")
    assert PatternReader.reads(tmp_path / "a[2].jpg")
    assert not PatternReader.reads(tmp_path / "gone.jpg")


def test_links_and_junk_are_counted_as_in_a_folder(folder, scratch):
    (folder / "train" / "cat" / "broken.jpg").symlink_to(folder / "nowhere")
    dataset = opened(folder / "train" / "**" / "*", scratch)
    assert dataset.counts == {"broken_links": 1, "junk_files": 1}
    assert reasons(dataset) == ""
