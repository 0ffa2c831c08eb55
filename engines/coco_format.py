"""What a COCO folder looks like: which of its files speak of which split, and where the pictures that they name may lie."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Literal, TypeVar

T = TypeVar("T")
Role = Literal["boxes", "captions", "same boxes"]

SPLITS = ("train", "val", "valid", "validation", "test", "dev", "minival")
_TAIL = re.compile(rf"(?:^|[_.\- ])(({'|'.join(sorted(SPLITS, key=len, reverse=True))})(?:[_-]?\d{{2,4}})?)(?:$|[_.\- ])")
_HEAD = re.compile(rb'^\s*\{(?s:.*?)"(?:images"\s*:\s*\[\s*(?:\{|\])|annotations"\s*:\s*\[\s*\{[^\]]*"image_id")')
_ODD = re.compile(r"^/|//|(?:^|/)\.{1,2}(?:/|$)|/$")
HEAD = 1 << 20
"""So many bytes of a file tell whether it is one of COCO; long lists of categories may come first."""


def looks_like_coco(head: bytes) -> bool:
    """Tell by the first ``HEAD`` bytes of a JSON file whether it lists pictures as COCO does."""
    return bool(_HEAD.match(head.removeprefix(b"\xef\xbb\xbf")))


def tail_of(path: str) -> tuple[str, str] | None:
    """Give the split that the name of an annotation file speaks of, with its year and without it ("train2017", "train").

    A name without one lies in a folder that is called so, or speaks of no split.
    """
    folder, _, name = path.rpartition("/")
    stem = name.lower().removesuffix(".json")
    for text in (stem, folder.rpartition("/")[2].lower()):
        found = list(_TAIL.finditer(text))
        if found:
            return found[-1][1], found[-1][2]
    return None


def prefix_of(path: str) -> str:
    """Give what an annotation file tells by the first word of its name: instances, captions, person_keypoints and so on."""
    stem = path.rpartition("/")[2].lower().removesuffix(".json")
    found = _TAIL.search(stem)
    return (stem[: found.start()] if found else stem).strip("_.- ")


def candidates(annotations: str, name: str) -> Iterator[str]:
    """Give the paths below the root where a picture may lie that an annotation file names, the likeliest first.

    Tried are the folder of the file, ``images`` and the split's folder beside it or beside the folder above, and the root.
    Windows' separators are understood. Nothing leads out of the root.
    """
    plain = name.replace("\\", "/") if "/" not in name else name
    odd = _ODD.search(plain) is not None
    seen = set()
    for folder in _folders(annotations):
        path = f"{folder}/{plain}" if folder else plain
        if odd:
            path = posixpath.normpath(posixpath.join(folder, plain))
        if path not in seen and not path.startswith(("/", "../")) and path != "..":
            seen.add(path)
            yield path


@lru_cache(maxsize=256)
def _folders(annotations: str) -> tuple[str, ...]:
    """Give the folders below the root where the pictures of an annotation file may lie."""
    folder = posixpath.dirname(annotations)
    tail = tail_of(annotations)
    splits = list(dict.fromkeys(tail)) if tail else []
    inner = ["", "images", *splits, *(f"images/{split}" for split in splits), *(f"{split}/images" for split in splits)]
    bases = dict.fromkeys((folder, posixpath.dirname(folder), ""))
    found = (posixpath.normpath(posixpath.join(base, one)) for base in bases for one in inner)
    return tuple(dict.fromkeys("" if path == "." else path for path in found))


def resolve(annotations: str, name: str, find: Callable[[str], T | None]) -> T | None:
    """Give what ``find`` knows of the first path below the root where a picture may lie; None where it knows none."""
    for path in candidates(annotations, name):
        found = find(path)
        if found is not None:
            return found
    return None


__all__ = ["HEAD", "SPLITS", "Role", "candidates", "looks_like_coco", "prefix_of", "resolve", "tail_of"]
