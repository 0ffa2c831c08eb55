import zlib

import pytest

from engines.media import BOMB_SIZE, Place, Unreadable, most_unpacked, read_place


def packed(raw: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(raw) + stream.flush()


def place(path, length: int, offset: int = 4) -> Place:
    return Place(path=bytes(path), offset=offset, length=length, codec="deflate")


def test_a_deflated_member_is_unpacked(tmp_path):
    raw = bytes(range(256)) * 100
    body = packed(raw)
    (tmp_path / "x").write_bytes(b"head" + body + b"tail")
    assert read_place(place(tmp_path / "x", len(body)))[0] == raw


def test_a_member_that_unpacks_to_far_more_is_refused_whatever_it_claims(tmp_path):
    body = packed(bytes(BOMB_SIZE + 1))
    (tmp_path / "x").write_bytes(b"head" + body)
    with pytest.raises(Unreadable, match="a decompression bomb"):
        read_place(place(tmp_path / "x", len(body)))


@pytest.mark.parametrize("cut", [1, 10, 100])
def test_a_member_that_breaks_off_says_so(tmp_path, cut):
    body = packed(bytes(range(256)) * 100)
    (tmp_path / "x").write_bytes(b"head" + body)
    with pytest.raises(Unreadable, match="truncated"):
        read_place(place(tmp_path / "x", len(body) - cut))
    with pytest.raises(Unreadable, match="its container ends before it does"):
        read_place(place(tmp_path / "x", len(body) + cut))


def test_the_limit_grows_with_what_is_packed_up_to_one_gib():
    assert [most_unpacked(length) for length in (0, 1 << 20, 1 << 30)] == [BOMB_SIZE, 200 << 20, 1 << 30]
