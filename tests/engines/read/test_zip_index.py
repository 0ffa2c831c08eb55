import io
import struct
import zipfile
import zlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.errors import SourceError
from engines.protocols import no_progress
from engines.read.members import BAD, FILE, FOLDER, SCHEMA, Member, Members, clean_name
from engines.read.zip_index import overlapping, scan_zip


def scan(raw: bytes) -> tuple[list[Member], str]:
    found: list[Member] = []
    note = scan_zip(lambda count, at: raw[at : at + count], len(raw), found.append, no_progress, name="x.zip")
    return found, note


def written(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, raw in entries:
            archive.writestr(name, raw)
    return stream.getvalue()


part = st.text(st.characters(exclude_characters="/\0\\:", exclude_categories=("Cs",)), min_size=1, max_size=60).filter(
    lambda name: name not in (".", "..")
)
names = st.lists(part, min_size=1, max_size=4).map("/".join)


@settings(max_examples=150, deadline=None)
@given(
    entries=st.lists(st.tuples(names, st.binary(max_size=1500)), max_size=6, unique_by=lambda entry: entry[0]),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    before=st.binary(max_size=40),
)
def test_members_are_those_of_zipfile(entries, method, before):
    raw = before + written(entries, method)
    found, note = scan(raw)
    assert note == ""
    assert [(member.name, member.kind, member.size) for member in found] == [
        (clean_name(name.encode()), FILE, len(content)) for name, content in entries
    ]
    for member, (_, content) in zip(found, entries, strict=True):
        packed = raw[member.offset : member.offset + member.length]
        assert (zlib.decompress(packed, -15) if member.deflated else packed) == content


def test_folders_and_empty_archives():
    assert scan(written([])) == ([], "")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.mkdir("folder")
    assert [(member.name, member.kind) for member in scan(stream.getvalue())[0]] == [(b"folder", FOLDER)]


def test_a_name_in_the_extra_field_counts_where_its_sum_is_right():
    for told, name in ((b"old?.jpg", "näme.jpg"), (b"other", "old?.jpg")):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            info = zipfile.ZipInfo("old?.jpg")
            utf8 = "näme.jpg".encode()
            info.extra = struct.pack("<HHBL", 0x7075, 5 + len(utf8), 1, zlib.crc32(told)) + utf8
            archive.writestr(info, b"x")
        assert scan(stream.getvalue())[0][0].name == name.encode()


def test_a_directory_that_breaks_off_gives_what_lies_before():
    raw = bytearray(written([(f"{number}.jpg", b"x") for number in range(4)]))
    third = [place for place in range(len(raw)) if raw[place : place + 4] == b"PK\x01\x02"][2]
    raw[third] = 0
    found, note = scan(bytes(raw))
    assert [member.name for member in found] == [b"0.jpg", b"1.jpg"]
    assert note == "the directory of x.zip is broken after 2 members; what lies before is used"


def test_one_of_several_parts_is_refused():
    raw = bytearray(written([("a.jpg", b"x")]))
    raw[raw.rfind(b"PK\x05\x06") + 4] = 2
    with pytest.raises(SourceError, match="one part of a zip archive in several files"):
        scan(bytes(raw))


def test_claims_beyond_the_file_are_rejects():
    raw = bytearray(written([("a.jpg", b"x" * 100), ("b.jpg", b"x")], zipfile.ZIP_STORED))
    entry = raw.find(b"PK\x01\x02")
    raw[entry + 20 : entry + 28] = struct.pack("<LL", 900, 900)
    found, _ = scan(bytes(raw))
    assert [(member.kind, member.reason) for member in found] == [
        (BAD, "the archive ends before it does (truncated)"),
        (FILE, None),
    ]
    raw[entry + 42 : entry + 46] = struct.pack("<L", 1 << 31)
    assert scan(bytes(raw))[0][0].reason == "the archive is damaged where it should lie"


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 60)), max_size=30))
def test_overlaps_are_those_that_begin_inside_of_another(spans):
    columns = {name: [None] * len(spans) for name in SCHEMA.names}
    columns |= {"start": [at for at, _ in spans], "offset": [at + 5 for at, _ in spans], "length": [size for _, size in spans]}
    members = Members(pa.table({name: pa.array(columns[name], SCHEMA.field(name).type) for name in SCHEMA.names}), "")
    order = sorted(range(len(spans)), key=lambda row: spans[row][0])
    expected = np.zeros(len(spans), dtype=bool)
    for place, row in enumerate(order):
        expected[row] = any(spans[other][0] + 5 + spans[other][1] > spans[row][0] for other in order[:place])
    assert overlapping(members).tolist() == expected.tolist()


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=600), data=st.data())
def test_any_bytes_give_members_or_one_error(content, data):
    whole = written([("käse/a.jpg", content), ("b.jpg", b"x"), ("folder/", b""), ("c" * 120, b"yz" * 50)])
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 6))):
        broken[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        broken = broken[: data.draw(st.integers(0, len(whole)))]
    for source in (bytes(broken), content):
        try:
            found, _ = scan(source)
        except SourceError:
            continue
        for member in found:
            assert member.kind != FILE or 0 <= member.offset <= member.offset + member.length <= len(source)
            assert member.kind == BAD or clean_name(member.name) == member.name
            assert -(1 << 63) <= member.start < 1 << 63
            assert -(1 << 63) <= member.size < 1 << 63
