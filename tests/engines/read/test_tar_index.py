import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.errors import SourceError
from engines.protocols import no_progress
from engines.read.members import BAD, FILE, FOLDER, HARD_LINK, SYMLINK, Member, clean_name
from engines.read.tar_index import scan_tar


def scan(raw: bytes, **options: object) -> tuple[list[Member], str]:
    found: list[Member] = []
    note = scan_tar(lambda count, at: raw[at : at + count], len(raw), found.append, no_progress, name="x.tar", **options)
    return found, note


def written(form: int, entries: list[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, raw in entries:
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return stream.getvalue()


part = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=60).filter(
    lambda name: name not in (".", "..")
)
names = st.lists(part, min_size=1, max_size=4).map("/".join).filter(lambda name: len(name.encode()) < 250)


@settings(max_examples=150, deadline=None)
@given(
    form=st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    entries=st.lists(st.tuples(names, st.binary(max_size=1500)), max_size=6),
)
def test_members_are_those_of_tarfile(form, entries):
    raw = written(form, entries)
    found, note = scan(raw)
    assert note == ""
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        told = [(info.name.encode("utf-8", "surrogateescape"), info.offset_data, info.size) for info in archive]
    assert [(member.name, member.offset, member.size) for member in found] == [
        (clean_name(name), at, size) for name, at, size in told
    ]
    assert [raw[member.offset : member.offset + member.length] for member in found] == [content for _, content in entries]


def test_long_names_in_every_format():
    name = "/".join(["folder" * 8] * 3) + "/" + "n" * 90
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        assert scan(written(form, [(name, b"x"), ("short", b"y")]))[0][0].name == name.encode()
        assert scan(written(form, [(name, b"x"), ("short", b"y")]))[0][1].name == b"short"


def test_names_that_are_not_utf8():
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        found, _ = scan(written(form, [("a\udcff.jpg", b"x")]))
        assert found[0].name == b"a\xff.jpg"


def test_kinds():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, kind, target in (
            ("folder", tarfile.DIRTYPE, ""),
            ("hard", tarfile.LNKTYPE, "./folder//file"),
            ("soft", tarfile.SYMTYPE, "../elsewhere"),
            ("pipe", tarfile.FIFOTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    found, _ = scan(stream.getvalue())
    assert [(member.name, member.kind, member.link) for member in found] == [
        (b"folder", FOLDER, None),
        (b"hard", HARD_LINK, b"folder/file"),
        (b"soft", SYMLINK, b"../elsewhere"),
        (b"pipe", BAD, None),
    ]


def test_sizes_beyond_eleven_octal_digits_are_understood():
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        info = tarfile.TarInfo("huge.jpg")
        info.size = 9 << 30
        found, note = scan(info.tobuf(form) + bytes(2048))
        assert [(member.name, member.kind, member.reason) for member in found] == [
            (b"huge.jpg", BAD, "the archive ends in the middle of it (truncated)")
        ]
        assert "truncated" in note


def test_what_is_kept_comes_along_and_only_up_to_a_limit():
    raw = written(tarfile.PAX_FORMAT, [("a.cls", b"7"), ("a.jpg", b"x"), ("b.cls", bytes(2 << 20))])
    found, _ = scan(raw, keep=lambda name: name.endswith(b".cls"))
    assert [member.content for member in found] == [b"7", None, None]


def test_a_header_that_claims_much_is_broken_not_read():
    asked: list[int] = []
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 5 << 30
    raw = written(tarfile.PAX_FORMAT, [("a.jpg", b"x")])[:1024] + header.tobuf(tarfile.GNU_FORMAT) + bytes(4096)

    def read(count: int, at: int) -> bytes:
        asked.append(count)
        return raw[at : at + count]

    found: list[Member] = []
    note = scan_tar(read, len(raw), found.append, no_progress, name="x.tar")
    assert [member.name for member in found] == [b"a.jpg"]
    assert "claims 5,368,709,120 bytes for a name" in note
    assert max(asked) <= 1 << 20


@pytest.mark.parametrize("body", [b"0 path=x\n", b"999 path=x\n", b"20 path", b"1 1 1 1 1 1 1 1 1 1=", b"18 size=-5000000\n\n"])
def test_broken_extended_headers_end_the_reading(body):
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, len(body)
    first = written(tarfile.PAX_FORMAT, [("a.jpg", b"x")])[:1024]
    after = written(tarfile.PAX_FORMAT, [("b.jpg", b"x")])
    found, note = scan(first + header.tobuf() + body.ljust(512, b"\0") + after)
    assert found[0].name == b"a.jpg"
    assert "broken at byte 1,024" in note


def test_many_extended_headers_in_a_row_do_not_recurse():
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 9
    block = header.tobuf() + b"9 path=a\n".ljust(512, b"\0")
    found, note = scan(block * 5000 + written(tarfile.PAX_FORMAT, [("b.jpg", b"x")]))
    assert ([member.name for member in found], note) == ([b"a"], "")


@settings(max_examples=300, deadline=None)
@given(raw=st.binary(max_size=3000), data=st.data())
def test_any_bytes_give_members_or_one_error(raw, data):
    whole = written(tarfile.PAX_FORMAT, [("käse/a.jpg", raw), ("b.jpg", b"x"), ("c" * 120, b"yz")])
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 6))):
        broken[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    broken = broken[: data.draw(st.integers(0, len(whole)))]
    for source in (bytes(broken), raw):
        try:
            found, _ = scan(source)
        except SourceError:
            continue
        for member in found:
            assert member.kind in (FILE, FOLDER, HARD_LINK, SYMLINK, BAD)
            assert member.kind != FILE or 0 <= member.offset <= member.offset + member.length <= len(source)
            assert member.kind == BAD or clean_name(member.name) == member.name


@settings(max_examples=300, deadline=None)
@given(
    blocks=st.lists(
        st.tuples(
            st.binary(max_size=100),
            st.sampled_from(b"0123456789LKxgSVMXZ\x00"),
            st.binary(max_size=12),
            st.binary(max_size=512),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_headers_with_right_sums_end(blocks):
    raw = b""
    for name, kind, size, body in blocks:
        block = bytearray(512)
        block[: len(name)] = name
        block[124 : 124 + len(size)] = size
        block[156] = kind
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        raw += bytes(block) + body.ljust(512, b"\0")
    try:
        found, _ = scan(raw)
    except SourceError:
        return
    for member in found:
        assert member.kind != FILE or 0 <= member.offset <= member.offset + member.length <= len(raw)
