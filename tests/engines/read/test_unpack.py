import gzip
import lzma
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from engines.errors import Cancelled, EnvironmentFault, SourceError
from engines.protocols import SourceOptions, no_progress
from engines.read import unpack
from engines.read.archive import ArchiveReader
from engines.read.unpack import compression, first_bytes, unpacked
from tests.engines.read.sources import zstd_of


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    raw = np.random.default_rng(0).bytes(600_000)
    (tmp_path / "raw").write_bytes(raw)
    (tmp_path / "x.tar.gz").write_bytes(gzip.compress(raw))
    (tmp_path / "x.tar.xz").write_bytes(lzma.compress(raw))
    zstd_of(tmp_path / "raw", tmp_path / "x.tar.zst")
    return tmp_path


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tar.xz", "x.tar.zst"])
def test_what_comes_out_is_what_went_in(packed, name):
    codec = compression((packed / name).read_bytes()[:8])
    assert name.endswith(codec)
    made, note = unpacked(packed / name, codec, scratch=packed / "scratch", progress=no_progress)
    assert (made.read_bytes(), note) == ((packed / "raw").read_bytes(), "")
    assert made.stat().st_mtime_ns == (packed / name).stat().st_mtime_ns
    assert first_bytes(packed / name, codec, 1000) == (packed / "raw").read_bytes()[:1000]


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tar.xz", "x.tar.zst"])
def test_what_lies_before_a_break_comes_out(packed, name):
    raw = (packed / name).read_bytes()
    (packed / name).write_bytes(raw[: len(raw) // 2])
    made, note = unpacked(packed / name, compression(raw[:8]), scratch=packed / "scratch", progress=no_progress)
    whole = (packed / "raw").read_bytes()
    assert whole.startswith(made.read_bytes())
    assert made.stat().st_size > 200_000
    assert "damaged or ends early" in note
    assert unpacked(packed / name, compression(raw[:8]), scratch=packed / "scratch", progress=no_progress) == (made, note)


def test_several_members_of_gzip_are_one_file(tmp_path):
    (tmp_path / "x.tar.gz").write_bytes(gzip.compress(b"one") + gzip.compress(b"two"))
    assert unpacked(tmp_path / "x.tar.gz", "gz", scratch=tmp_path / "s", progress=no_progress)[0].read_bytes() == b"onetwo"


def test_a_bomb_is_stopped_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(unpack, "FREE_SIZE", 1 << 20)
    (tmp_path / "x.tar.gz").write_bytes(gzip.compress(bytes(30 << 20)))
    with pytest.raises(SourceError, match="decompression bomb"):
        unpacked(tmp_path / "x.tar.gz", "gz", scratch=tmp_path / "s", progress=no_progress)
    assert list((tmp_path / "s" / "archives").iterdir()) == []


def test_a_full_disk_is_said_before_and_during(packed, monkeypatch):
    usage = shutil.disk_usage(packed)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=unpack.RESERVE + 1000))
    with pytest.raises(EnvironmentFault, match="the disk is too full to unpack") as caught:
        unpacked(packed / "x.tar.gz", "gz", scratch=packed / "s", progress=no_progress)
    assert caught.value.exit_code == 3
    frees = iter([1 << 40, 1 << 40, 0])
    monkeypatch.setattr(unpack, "LOOK", 1 << 18)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=next(frees)))
    with pytest.raises(EnvironmentFault, match="the disk is too full to unpack"):
        unpacked(packed / "x.tar.gz", "gz", scratch=packed / "s", progress=no_progress)
    assert list((packed / "s" / "archives").iterdir()) == []


def test_a_person_can_stop_it(packed):
    def stop(fraction, message):
        assert "unpacking x.tar.gz once" in message
        raise Cancelled

    with pytest.raises(Cancelled):
        unpacked(packed / "x.tar.gz", "gz", scratch=packed / "s", progress=stop)
    assert list((packed / "s" / "archives").iterdir()) == []


def test_a_scratch_that_cannot_be_written_is_said(packed):
    (packed / "s").write_bytes(b"a file where a folder should be")
    with pytest.raises(EnvironmentFault, match="cannot be unpacked"):
        unpacked(packed / "x.tar.gz", "gz", scratch=packed / "s", progress=no_progress)
    with tarfile.open(packed / "plain.tar", "w") as archive:
        archive.add(packed / "raw", arcname="a.jpg")
    with pytest.raises(EnvironmentFault, match=r"the index of plain\.tar cannot be written"):
        ArchiveReader()(packed / "plain.tar", SourceOptions(), scratch=packed / "s", progress=no_progress)
