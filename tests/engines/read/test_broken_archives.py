"""Archives that are cut off or changed anywhere: rows, rejects or one error, never anything else."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engines.errors import SourceError
from engines.media import MediaFiles, Unreadable
from engines.protocols import SourceOptions, no_progress
from engines.read.archive import ArchiveReader
from engines.read.webdataset import WebDatasetReader
from tests import corpus
from tests.engines.read.sources import zstd_of

QUICK = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MEMBERS = [
    (f"s/{key}.{kind}", raw)
    for key in ("käse", "b", "c" * 120)
    for kind, raw in (("jpg", b"\xff\xd8\xff" + key.encode() * 40), ("cls", b"1"), ("json", b'{"a": 1}'))
]


def tar_bytes(form: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, raw in MEMBERS:
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return stream.getvalue()


def zip_bytes(method: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, raw in MEMBERS:
            archive.writestr(name, raw)
    return stream.getvalue()


PAX = tar_bytes(tarfile.PAX_FORMAT)
WHOLE = {
    "pax.tar": PAX,
    "gnu.tar": tar_bytes(tarfile.GNU_FORMAT),
    "stored.zip": zip_bytes(zipfile.ZIP_STORED),
    "deflated.zip": zip_bytes(zipfile.ZIP_DEFLATED),
    "x.tar.gz": gzip.compress(PAX),
    "x.tar.bz2": bz2.compress(PAX),
    "x.tar.xz": lzma.compress(PAX),
}


def try_it(path: Path, scratch: Path) -> None:
    """Read with every reader that might be handed the file, and then every row."""
    for kind in (ArchiveReader, WebDatasetReader):
        kind.reads(path)
        try:
            dataset = kind()(path, SourceOptions(), scratch=scratch, progress=no_progress).dataset
        except SourceError:
            continue
        assert len(dataset)
        files = MediaFiles(dataset)
        for row in range(len(dataset)):
            with suppress(Unreadable):
                files.read(row)
    assert not list(scratch.rglob("*.tmp"))


@pytest.mark.parametrize("name", WHOLE)
def test_cut_off_anywhere(tmp_path, name):
    raw = WHOLE[name]
    for place in sorted({*range(0, len(raw), max(1, len(raw) // 40)), 1, 2, 511, 512, 513, len(raw) - 1, len(raw) - 22}):
        (tmp_path / name).write_bytes(raw[:place])
        try_it(tmp_path / name, tmp_path / "scratch")


@QUICK
@given(data=st.data())
@pytest.mark.parametrize("name", WHOLE)
def test_changed_anywhere(tmp_path, name, data):
    raw = bytearray(WHOLE[name])
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / name).write_bytes(raw)
    try_it(tmp_path / name, tmp_path / "scratch")


@QUICK
@given(raw=st.binary(max_size=2000))
@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz", "x.tar.zst"])
def test_any_bytes(tmp_path, name, raw):
    (tmp_path / name).write_bytes(raw)
    try_it(tmp_path / name, tmp_path / "scratch")


def test_zstandard_cut_off_anywhere(tmp_path):
    (tmp_path / "raw").write_bytes(PAX)
    raw = zstd_of(tmp_path / "raw", tmp_path / "x.tar.zst").read_bytes()
    for place in range(0, len(raw), 40):
        (tmp_path / "x.tar.zst").write_bytes(raw[:place])
        try_it(tmp_path / "x.tar.zst", tmp_path / "scratch")


def test_a_member_that_unpacks_to_more_than_it_claims_is_bounded(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jpg", corpus.saved(corpus.picture(), "JPEG"))
        archive.writestr("odd", bytes(60 << 20))
    raw = bytearray(stream.getvalue())
    entry = raw.rfind(b"PK\x01\x02")
    # It claims ten bytes.
    raw[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    (tmp_path / "x.zip").write_bytes(raw)
    dataset = ArchiveReader()(tmp_path / "x.zip", SourceOptions(), scratch=tmp_path / "scratch", progress=no_progress).dataset
    assert dataset.ids == ["a.jpg"]
    assert [record["id"] for record in dataset.rejects.to_pylist()] == ["odd"]
