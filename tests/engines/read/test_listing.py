from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from engines.media import Unreadable
from engines.read.listing import Found, Listing, passed_over
from engines.read.rejects import Rejects


class Heads:
    """Contents of which only first bytes are known."""

    root, identity = "/", "heads"

    def __init__(self, **heads: bytes) -> None:
        self.heads = heads

    def read(self, found: Found, limit: int) -> bytes:
        if found.path.decode() not in self.heads:
            raise Unreadable("cannot be read: it is a test")
        return self.heads[found.path.decode()][:limit]

    def media(self, files: Sequence[Found]) -> tuple[pa.Table, np.ndarray]:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"a.jpg", ""),
        (b"x/.DS_Store", "junk_files"),
        (b"x/.hidden", "hidden_files"),
        (b"export.json", "export_records"),
        (b"x/export.json", ""),
        (b"x/..", ""),
    ],
)
def test_what_is_passed_over(path, expected):
    listing = Listing(Heads())
    assert passed_over(path) == expected
    assert listing.skim(path) is bool(expected)
    assert listing.counts == ({expected: 1} if expected else {})


def test_files_are_sorted_by_name_then_by_first_bytes():
    listing = Listing(Heads(known=b"\xff\xd8\xff", unknown=b"words"))
    for number, (name, size) in enumerate(
        {
            "a.jpg": 5,
            "empty.jpg": 0,
            "metadata.csv": 5,
            "x/METADATA.JSONL": 5,
            "n.txt": 5,
            "known": 5,
            "unknown": 5,
            "gone": 5,
        }.items()
    ):
        listing.file(Found(name.encode(), size, number))
    assert [found.path for found in listing.pictures] == [b"a.jpg", b"known"]
    assert [found.path for found in listing.tables] == [b"metadata.csv", b"x/METADATA.JSONL"]
    assert dict(zip(listing.rejects.names, listing.rejects.reasons, strict=True)) == {
        "empty.jpg": "empty file (zero bytes)",
        "n.txt": "not a picture: a .txt file",
        "unknown": "not a picture: neither its name nor its first bytes are those of one",
        "gone": "cannot be read: it is a test",
    }


def test_folders_without_a_picture_are_counted():
    listing = Listing(Heads(), pictures=[Found(b"a/b/c.jpg", 1, 0)], folders={b"a", b"a/b", b"a/x", b"y", b"y/z"})
    listing.finish()
    assert listing.counts == {"empty_folders": 3}


def test_rejects_come_in_the_order_of_ids():
    rejects = Rejects()
    rejects.add("b", "two", row=3)
    rejects.add(None, "zero", path="t", row=1)
    rejects.add("b", "one", row=1)
    assert rejects.table().to_pylist() == [
        {"id": None, "path": "t", "row": 1, "stage": "read", "reason": "zero"},
        {"id": "b", "path": "b", "row": 1, "stage": "read", "reason": "one"},
        {"id": "b", "path": "b", "row": 3, "stage": "read", "reason": "two"},
    ]
    assert len(rejects) == 3
