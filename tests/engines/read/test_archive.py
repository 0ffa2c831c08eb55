import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from engines.errors import Cancelled, SourceError
from engines.protocols import SourceOptions, no_progress
from engines.read import members as members_module
from engines.read.archive import ArchiveReader, open_archive
from engines.read.folder import FolderReader
from tests import corpus
from tests.engines.read.sources import (
    assert_same,
    build,
    contents,
    folder_rows,
    open_with,
    reasons,
    rejects,
    tar_of,
    zip_of,
    zstd_of,
)

JPEG = b"\xff\xd8\xff whatever"


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path / "set")


def opened(source: Path, scratch: Path, **options: object):
    return open_with(ArchiveReader, source, scratch, **options)


def zipped(target: Path, files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, raw in files.items():
            archive.writestr(name, raw)
    return target


def tarred(target: Path, entries: list[tarfile.TarInfo | tuple[str, bytes]]) -> Path:
    with tarfile.open(target, "w") as archive:
        for entry in entries:
            info, raw = (entry, b"") if isinstance(entry, tarfile.TarInfo) else (tarfile.TarInfo(entry[0]), entry[1])
            if not isinstance(entry, tarfile.TarInfo):
                info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return target


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


WAYS = {
    "stored.zip": lambda root, to: zip_of(root, to, method=zipfile.ZIP_STORED),
    "deflated.zip": zip_of,
    "wrapped.zip": lambda root, to: zip_of(root, to, prefix="some set/"),
    "pax.tar": tar_of,
    "gnu.tar": lambda root, to: tar_of(root, to, form=tarfile.GNU_FORMAT),
    "ustar.tar": lambda root, to: tar_of(root, to, form=tarfile.USTAR_FORMAT),
    "wrapped.tar": lambda root, to: tar_of(root, to, prefix="some set"),
    "packed.tar.gz": lambda root, to: tar_of(root, to, mode="w:gz"),
    "packed.tbz2": lambda root, to: tar_of(root, to, mode="w:bz2"),
    "packed.tar.xz": lambda root, to: tar_of(root, to, mode="w:xz"),
    "packed.tar.zst": lambda root, to: zstd_of(tar_of(root, to.with_name("plain.tar")), to),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_archive_is_read_as_its_folder(folder, tmp_path, scratch, way):
    source = WAYS[way](folder, tmp_path / way)
    dataset, plain = opened(source, scratch), folder_rows(folder, scratch)
    assert_same(dataset, plain)
    assert rejects(dataset) == rejects(plain)
    assert dataset.counts == plain.counts
    assert dataset.origin["reader"] == "archive"
    assert dataset.origin.get("below") == ("some set" if "wrapped" in way else None)
    assert {name: dataset.origin[name] for name in ("roles", "columns", "labels", "splits", "tables")} == {
        "roles": {"image": "file_name", "caption": "caption"},
        "columns": ["file_name", "caption", "price"],
        "labels": "folders",
        "splits": "folders",
        "tables": ["metadata.csv"],
    }


def test_the_whole_corpus_in_a_tar_gives_the_rows_of_the_folder(tmp_path, scratch):
    corpus.build(tmp_path / "set")
    dataset = opened(tar_of(tmp_path / "set", tmp_path / "set.tar"), scratch)
    plain = folder_rows(tmp_path / "set", scratch)
    assert_same(dataset, plain)
    outside = [reason for row, reason in rejects(dataset) if row in ("second/gone.jpg", "second/self.jpg", "second/loop")]
    assert outside == ["a link that leads out of the archive"] * 3
    assert [record for record in rejects(dataset) if "a link" not in record[1]] == rejects(plain)


def test_reading_again_does_not_look_through_the_archive(folder, tmp_path, scratch, monkeypatch):
    source = tar_of(folder, tmp_path / "set.tar")
    before = opened(source, scratch)

    def refuse(*_: object, **__: object):
        raise AssertionError("looked through it again")

    monkeypatch.setattr("engines.read.archive.scan_tar", refuse)
    again = opened(source, scratch)
    assert (again.key, again.media_key, again.columns_key) == (before.key, before.media_key, before.columns_key)


def test_a_changed_archive_and_a_broken_index_are_read_anew(folder, tmp_path, scratch):
    source = tar_of(folder, tmp_path / "set.tar")
    before = opened(source, scratch)
    for index in (scratch / "archives").iterdir():
        whole = index.read_bytes()
        for broken in (b"", whole[: len(whole) // 2], whole[:-20] + bytes(20), bytes(len(whole))):
            index.write_bytes(broken)
            assert opened(source, scratch).key == before.key
    (folder / "train" / "cat" / "new.jpg").write_bytes(JPEG)
    changed = opened(tar_of(folder, source), scratch)
    assert changed.media_key != before.media_key
    assert "train/cat/new.jpg" in changed.ids


def test_a_compressed_tar_is_unpacked_once_and_an_old_one_is_removed(folder, tmp_path, scratch):
    source = tar_of(folder, tmp_path / "set.tar.gz", mode="w:gz")
    before = opened(source, scratch)
    (kept,) = (scratch / "archives").glob("*.tar")
    stamp = kept.stat().st_ino
    assert opened(source, scratch).key == before.key
    assert kept.stat().st_ino == stamp
    (folder / "train" / "cat" / "new.jpg").write_bytes(JPEG)
    opened(tar_of(folder, source, mode="w:gz"), scratch)
    (now,) = (scratch / "archives").glob("*.tar")
    assert now != kept
    assert len(list((scratch / "archives").iterdir())) == 2


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["photos/a.jpg", "photos/b.jpg"], ["a.jpg", "b.jpg"]),
        (["photos/cat/a.jpg", "photos/dog/b.jpg", "README.md"], ["cat/a.jpg", "dog/b.jpg"]),
        (["photos/cat/a.jpg", "photos/dog/b.jpg", "__MACOSX/photos/._a.jpg"], ["cat/a.jpg", "dog/b.jpg"]),
        (["cat/a.jpg", "dog/b.jpg"], ["cat/a.jpg", "dog/b.jpg"]),
        (["train/cat/a.jpg", "train/dog/b.jpg"], ["train/cat/a.jpg", "train/dog/b.jpg"]),
        (["photos/a.jpg", "b.jpg"], ["b.jpg", "photos/a.jpg"]),
        (["photos/a.jpg", "photos/b.jpg", "metadata.jsonl"], ["photos/a.jpg", "photos/b.jpg"]),
    ],
)
def test_a_folder_that_wraps_everything_is_no_part_of_ids(tmp_path, scratch, names, ids):
    raw = {name: b"" if name.endswith("jsonl") else JPEG for name in names}
    assert opened(zipped(tmp_path / "x.zip", raw), scratch).ids == ids


def test_names_that_lead_out_are_rejects(tmp_path, scratch):
    names = ["../a.jpg", "/etc/b.jpg", "x/../../c.jpg", "C:/d.jpg", "good.jpg"]
    dataset = opened(zipped(tmp_path / "x.zip", dict.fromkeys(names, JPEG)), scratch)
    assert dataset.ids == ["good.jpg"]
    assert reasons(dataset).count("leads out of the archive") == 4
    dataset = opened(tarred(tmp_path / "x.tar", [(name, JPEG) for name in names if name != "C:/d.jpg"]), scratch)
    assert dataset.ids == ["good.jpg"]
    assert reasons(dataset).count("leads out of the archive") == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scratch", "x.tar", "x.zip"]


def test_zero_bytes_backslashes_depth_and_length_in_names(tmp_path, scratch):
    source = zipped(
        tmp_path / "x.zip", {"a?b.jpg": JPEG, "back\\slash.jpg": JPEG, "d/" * 200 + "e.jpg": JPEG, "n" * 5000 + ".jpg": JPEG}
    )
    source.write_bytes(source.read_bytes().replace(b"a?b.jpg", b"a\0b.jpg"))
    dataset = opened(source, scratch)
    assert dataset.ids == ["back\\x5cslash.jpg"]
    for words in ("holds a zero byte", "folders deep", "has 5,004 bytes"):
        assert words in reasons(dataset)


def test_names_of_windows_programs_get_slashes_and_letters(tmp_path, scratch):
    source = zipped(tmp_path / "x.zip", {"cat?K?se.jpg": JPEG, "dog?b.jpg": JPEG})
    raw = source.read_bytes().replace(b"cat?K?se", b"cat\\K\x84se").replace(b"dog?b", b"dog\\b")
    # The system that wrote each entry stands in the second byte of its version.
    source.write_bytes(raw.replace(b"PK\x01\x02\x14\x03", b"PK\x01\x02\x14\x00"))
    dataset = opened(source, scratch)
    assert dataset.ids == ["cat/Käse.jpg", "dog/b.jpg"]
    assert dataset.labels == ["cat", "dog"]


def test_the_last_member_of_a_name_counts(tmp_path, scratch):
    source = tarred(tmp_path / "x.tar", [("a.jpg", JPEG + b"1"), ("b.jpg", JPEG), ("./a.jpg", JPEG + b"2")])
    dataset = opened(source, scratch)
    assert dataset.ids == ["a.jpg", "b.jpg"]
    assert contents(dataset)[0] == JPEG + b"2"
    assert rejects(dataset) == [(None, "a.jpg lies in the archive more than once; the last one counts")]


def test_links_of_a_tar_lead_to_what_they_name(tmp_path, scratch):
    entries = [
        ("cat/a.jpg", JPEG),
        link("cat/hard.jpg", "cat/a.jpg", tarfile.LNKTYPE),
        link("dog/soft.jpg", "../cat/a.jpg"),
        link("dog/twice.jpg", "soft.jpg"),
        link("dog/folder", "../cat"),
        link("dog/gone.jpg", "nothing.jpg"),
        link("dog/self.jpg", "self.jpg"),
        link("dog/out.jpg", "../../etc/passwd"),
        link("dog/root.jpg", "/etc/passwd"),
        link("dog/hard_out.jpg", "../x.jpg", tarfile.LNKTYPE),
    ]
    devices = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
    entries.extend(link(f"dog/device{kind.decode()}.jpg", "", kind) for kind in devices)
    dataset = opened(tarred(tmp_path / "x.tar", entries), scratch)
    assert dataset.ids == ["cat/a.jpg", "cat/hard.jpg", "dog/soft.jpg", "dog/twice.jpg"]
    assert contents(dataset) == [JPEG] * 4
    assert dataset.counts == {"broken_links": 2, "repeated_folders": 1}
    assert reasons(dataset).count("leads out of the archive") == 3
    assert reasons(dataset).count("not a regular file") == 3


def test_links_of_a_zip_lead_to_what_they_name(tmp_path, scratch):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cat/a.jpg", JPEG)
        for name, target in (("dog/b.jpg", "../cat/a.jpg"), ("dog/c.jpg", "/etc/passwd")):
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o120777 << 16
            archive.writestr(info, target)
    dataset = opened(tmp_path / "x.zip", scratch)
    assert dataset.ids == ["cat/a.jpg", "dog/b.jpg"]
    assert contents(dataset) == [JPEG] * 2
    assert rejects(dataset) == [("dog/c.jpg", "a link that leads out of the archive")]


def test_what_cannot_be_read_in_place_is_a_reject_with_the_way_out(tmp_path, scratch):
    for name, method in (("b.zip", zipfile.ZIP_BZIP2), ("l.zip", zipfile.ZIP_LZMA)):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("good.jpg", JPEG)
            archive.writestr("packed.jpg", JPEG, method)
        dataset = opened(tmp_path / name, scratch)
        assert dataset.ids == ["good.jpg"]
        assert "cannot be read in place; unpack" in rejects(dataset)[0][1]


def test_encrypted_members_are_rejects(tmp_path, scratch):
    source = zipped(tmp_path / "x.zip", {"a.jpg": JPEG, "b.jpg": JPEG})
    raw = bytearray(source.read_bytes())
    entry = raw.rfind(b"PK\x01\x02")
    raw[entry + 8] |= 1
    source.write_bytes(raw)
    dataset = opened(source, scratch)
    assert dataset.ids == ["a.jpg"]
    assert "is encrypted" in rejects(dataset)[0][1]


def test_a_sparse_member_is_a_reject_and_what_follows_is_read(tmp_path, scratch):
    with tarfile.open(tmp_path / "x.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("sparse.jpg")
        info.size, info.pax_headers = 512, {"GNU.sparse.size": "100000", "GNU.sparse.numblocks": "0"}
        archive.addfile(info, io.BytesIO(bytes(512)))
        after = tarfile.TarInfo("after.jpg")
        after.size = len(JPEG)
        archive.addfile(after, io.BytesIO(JPEG))
    dataset = opened(tmp_path / "x.tar", scratch)
    assert dataset.ids == ["after.jpg"]
    assert "sparse" in reasons(dataset)


def test_a_bomb_by_claim_is_refused_without_unpacking(tmp_path, scratch):
    source = zipped(tmp_path / "x.zip", {"good.jpg": JPEG, "bomb.jpg": JPEG + bytes(80 << 20)}, zipfile.ZIP_DEFLATED)
    dataset = opened(source, scratch)
    assert dataset.ids == ["good.jpg"]
    assert "a decompression bomb" in rejects(dataset)[0][1]


def test_overlapping_members_are_refused(tmp_path, scratch):
    source = zipped(tmp_path / "x.zip", {"outer.jpg": JPEG * 30, "inner.jpg": JPEG, "last.jpg": JPEG})
    raw = bytearray(source.read_bytes())
    outer = raw.find(b"PK\x01\x02")
    # The first member claims the bytes of the second one, its header included.
    length = raw.find(b"last.jpg") - 30 - (30 + len("outer.jpg"))
    raw[outer + 20 : outer + 28] = struct.pack("<LL", length, length)
    source.write_bytes(raw)
    dataset = opened(source, scratch)
    assert dataset.ids == ["last.jpg", "outer.jpg"]
    assert rejects(dataset) == [("inner.jpg", "overlaps another member of the archive (a decompression bomb?)")]


def test_a_member_with_two_names_is_refused(tmp_path, scratch):
    source = zipped(tmp_path / "x.zip", {"a.jpg": JPEG, "b.jpg": JPEG})
    raw = source.read_bytes()
    source.write_bytes(raw.replace(b"b.jpg", b"c.jpg", 1))
    assert rejects(opened(source, scratch)) == [("b.jpg", "the archive gives it two different names")]


def test_bytes_before_a_zip_and_a_comment_behind_it_do_no_harm(tmp_path, scratch):
    source = zipped(tmp_path / "x.zip", {"a.jpg": JPEG, "b.jpg": JPEG + b"2"})
    with zipfile.ZipFile(source, "a") as archive:
        archive.comment = b"a comment that holds PK\x05\x06 and more than twenty bytes"
    source.write_bytes(b"#!/bin/sh\nexit\n" + source.read_bytes())
    assert contents(opened(source, scratch)) == [JPEG, JPEG + b"2"]


def test_a_zip_with_64_bit_sizes(tmp_path, scratch):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        with archive.open("a.jpg", "w", force_zip64=True) as member:
            member.write(JPEG)
        archive.writestr("b.jpg", JPEG + b"2")
    assert contents(opened(tmp_path / "x.zip", scratch)) == [JPEG, JPEG + b"2"]


@pytest.mark.parametrize("before", [b"", b"#!/bin/sh\nexit\n"])
def test_a_zip_whose_end_is_written_with_64_bits(tmp_path, scratch, monkeypatch, before):
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    source = zipped(tmp_path / "x.zip", {f"{number}.jpg": JPEG + bytes([number]) for number in range(4)})
    assert b"PK\x06\x06" in source.read_bytes()
    source.write_bytes(before + source.read_bytes())
    assert contents(opened(source, scratch)) == [JPEG + bytes([number]) for number in range(4)]


def test_a_truncated_tar_gives_what_lies_before_the_break(folder, tmp_path, scratch):
    source = tar_of(folder, tmp_path / "set.tar")
    raw = source.read_bytes()
    with tarfile.open(source) as archive:
        places = {info.name.removeprefix("./"): info for info in archive}
    cut = places["train/cat/b.png"]
    source.write_bytes(raw[: cut.offset_data + 100])
    dataset = opened(source, scratch)
    whole = [name for name, info in places.items() if info.offset < cut.offset and name in folder_rows(folder, scratch).ids]
    assert sorted(dataset.ids) == sorted(whole)
    assert ("train/cat/b.png", "the archive ends in the middle of it (truncated)") in rejects(dataset)
    assert "set.tar ends in the middle of a member (truncated); the whole members before it are used" in reasons(dataset)


def test_a_truncated_compressed_tar_gives_what_lies_before_the_break(tmp_path, scratch):
    rng = np.random.default_rng(0)
    tarred(tmp_path / "x.tar", [(f"{number}.jpg", JPEG + rng.bytes(50_000)) for number in range(40)])
    for name, module in (("x.tar.gz", gzip), ("x.tar.xz", lzma), ("x.tar.bz2", bz2)):
        packed = module.compress((tmp_path / "x.tar").read_bytes())
        (tmp_path / name).write_bytes(packed[: len(packed) * 3 // 4])
        dataset = opened(tmp_path / name, scratch)
        assert 5 <= len(dataset) < 40
        assert f"{name} is damaged or ends early (truncated)" in reasons(dataset)
        assert opened(tmp_path / name, scratch).key == dataset.key


def test_a_tar_that_is_broken_in_its_middle_says_where(tmp_path, scratch):
    source = tarred(tmp_path / "x.tar", [(f"{number}.jpg", JPEG) for number in range(4)])
    raw = bytearray(source.read_bytes())
    raw[2 * 1024 + 10] ^= 255
    source.write_bytes(raw)
    dataset = opened(source, scratch)
    assert dataset.ids == ["0.jpg", "1.jpg"]
    assert "broken at byte 2,048" in reasons(dataset)


def test_archives_joined_end_to_end_are_noticed(tmp_path, scratch):
    one = tarred(tmp_path / "x.tar", [("a.jpg", JPEG)])
    two = tarred(tmp_path / "y.tar", [("b.jpg", JPEG)])
    one.write_bytes(one.read_bytes() + two.read_bytes())
    dataset = opened(one, scratch)
    assert dataset.ids == ["a.jpg"]
    assert "further data behind its end" in reasons(dataset)


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz", "x.tar.bz2", "x.tar.xz", "x.tar.zst"])
@pytest.mark.parametrize(
    "raw",
    [b"", b"x", b"<html>not found</html>" * 100, b"PK\x03\x04" + bytes(2000), b"\x1f\x8b" + bytes(3000), os.urandom(5000)],
)
def test_what_is_no_archive_is_one_error(tmp_path, scratch, name, raw):
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(SourceError) as caught:
        opened(tmp_path / name, scratch)
    assert caught.value.message
    assert not list(scratch.rglob("*.tmp"))


def test_an_archive_without_pictures_says_what_it_holds(tmp_path, scratch):
    with pytest.raises(SourceError, match="no picture") as caught:
        opened(zipped(tmp_path / "x.zip", {"a.csv": b"a,b", "b.csv": b"a,b"}), scratch)
    assert caught.value.hint == "what it holds: 2 .csv"
    with pytest.raises(SourceError, match="is empty"):
        opened(zipped(tmp_path / "y.zip", {}), scratch)
    with pytest.raises(SourceError, match="is empty"):
        opened(tarred(tmp_path / "y.tar", []), scratch)


def test_tables_inside_in_every_format_and_options(tmp_path, scratch):
    files = {"a.jpg": JPEG, "b.jpg": JPEG + b"2", "metadata.jsonl": b'{"picture": "b.jpg", "breed": "lab", "code": "k"}'}
    dataset = opened(zipped(tmp_path / "x.zip", files), scratch, image="picture", label="breed", id="code")
    assert (dataset.ids, dataset.labels, contents(dataset)) == (["k"], ["lab"], [JPEG + b"2"])
    assert dataset.origin["roles"] == {"image": "picture", "label": "breed", "id": "code"}


def test_progress_is_called_and_can_stop_it(tmp_path, scratch):
    source = tarred(tmp_path / "x.tar", [("a.jpg", JPEG)])

    def stop(fraction, message):
        assert 0 <= fraction <= 1
        raise Cancelled

    with pytest.raises(Cancelled):
        ArchiveReader()(source, SourceOptions(), scratch=scratch, progress=stop)


def test_nothing_but_scratch_is_written(folder, tmp_path, scratch):
    source = zip_of(folder, tmp_path / "set.zip")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    opened(source, scratch)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if scratch not in (path, *path.parents)}
    assert {path: stamp for path, stamp in after.items() if path != tmp_path} == before


def test_only_so_many_members_are_read(tmp_path, scratch, monkeypatch):
    for module in ("tar_index", "zip_index"):
        monkeypatch.setattr(f"engines.read.{module}.MAX_MEMBERS", 3)
    names = [f"{number}.jpg" for number in range(5)]
    for source in (
        tarred(tmp_path / "x.tar", [(name, JPEG) for name in names]),
        zipped(tmp_path / "x.zip", dict.fromkeys(names, JPEG)),
    ):
        dataset = opened(source, scratch)
        assert dataset.ids == names[:3]
        assert "more than 3 members" in reasons(dataset)


def test_an_index_is_written_in_batches(tmp_path, scratch, monkeypatch):
    monkeypatch.setattr(members_module, "BATCH", 2)
    source = tarred(tmp_path / "x.tar", [(f"{number}.jpg", JPEG) for number in range(5)])
    _, members, form = open_archive(source, scratch=scratch, progress=no_progress)
    assert form == "tar"
    assert members.table.column("name").num_chunks == 4
    assert members.names == [f"{number}.jpg".encode() for number in range(5)]


def test_folders_are_not_taken(tmp_path):
    (tmp_path / "odd.zip").mkdir()
    assert not ArchiveReader.reads(tmp_path / "odd.zip")
    assert FolderReader.reads(tmp_path / "odd.zip")
