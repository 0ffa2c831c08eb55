"""What a YOLO folder looks like: where the labels of a picture lie, what a line of them says, and the few keys of data.yaml."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SPLITS = ("train", "val", "valid", "validation", "test", "minival")
KEYS = ("path", *SPLITS, "names", "nc")
"""Keys of data.yaml that say which pictures and classes there are; the others pass through."""
SLACK = 0.01
"""So far a coordinate may lie outside of 0..1: what rounding brings, and what trainers of YOLO allow."""
SPACE = " \t"
_KEY = re.compile(r"^(?P<key>[A-Za-z_][\w.-]*|\"[^\"]*\"|'[^']*')[ \t]*:(?:[ \t]+|$)(?P<rest>.*)$")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}
_ESCAPES |= {"N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}
_LENGTHS = {"x": 2, "u": 4, "U": 8}


def label_path(picture: bytes) -> bytes:
    """Give the path of the labels of a picture: the last folder ``images`` becomes ``labels``, the suffix ``.txt``."""
    folders, name = picture.split(b"/")[:-1], picture.rpartition(b"/")[2]
    for place in range(len(folders) - 1, -1, -1):
        if folders[place] == b"images":
            folders[place] = b"labels"
            break
    stem = name.rpartition(b".")[0] or name
    return b"/".join([*folders, stem + b".txt"])


def read_line(line: str, *, classes: int | None, keypoints: bool = False) -> tuple[int, float]:
    """Give the class and the area (share of the picture) of a line: ``class x y width height``, or a class and a polygon.

    The area is that of the box, of a polygon that of the box around it. ``classes``: how many there are, where it is known.
    ``keypoints``: points follow the box, as data.yaml says by ``kpt_shape``.

    Raises:
        ValueError: with the reason, for a line that says nothing of the kind.
    """
    values = line.split()
    try:
        number, places = float(values[0]), [float(value) for value in values[1:]]
    except ValueError:
        raise ValueError(f"it holds something that is no number: {line.strip()!r:.60}") from None
    if not number.is_integer() or number < 0:
        raise ValueError(f"its class is {values[0]:.20}, not a whole number from 0 on")
    if classes is not None and number >= classes:
        raise ValueError(f"its class is {int(number)}, and there are {classes} classes (0 to {classes - 1})")
    polygon = not keypoints and len(places) >= 6 and len(places) % 2 == 0
    if not polygon and len(places) not in (4, 5) and not (keypoints and len(places) > 4):
        raise ValueError(f"it has {len(values)} values; a box has 5, a polygon an odd number from 7 on")
    spatial = places if polygon else places[:4]
    # A value that is no number makes the sum none.
    if math.isnan(sum(spatial)) or min(spatial) < -SLACK or max(spatial) > 1 + SLACK:
        raise ValueError("a coordinate is not between 0 and 1")
    if not polygon:
        return int(number), max(places[2], 0.0) * max(places[3], 0.0)
    across, down = places[0::2], places[1::2]
    return int(number), (max(across) - min(across)) * (max(down) - min(down))


@dataclass(frozen=True, kw_only=True)
class DataYaml:
    """What data.yaml says: ``path`` of the pictures, places per split, class names (None: it has none), and its other keys as text."""

    path: str = ""
    splits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    names: Sequence[str] | None = None
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def keypoints(self) -> bool:
        """Tell whether points follow the boxes."""
        return "kpt_shape" in self.others


def parse_yaml(text: str) -> DataYaml:
    """Read the part of YAML that such files are written in: scalars, lists and maps of scalars, in one line or below their key.

    Raises:
        ValueError: with line and reason, when one of the keys that matter is written in another way.
    """
    blocks = _blocks(text)
    found: dict[str, Any] = {key: _value(key, block) for key, block in blocks.items() if key in KEYS}
    names = found.get("names")
    if isinstance(names, Mapping):
        numbers = {int(number): name for number, name in names.items() if str(number).isdigit()}
        if len(numbers) != len(names) or sorted(numbers) != list(range(len(numbers))):
            raise ValueError(f"its names have the numbers {', '.join(map(str, names))[:60]}, not 0, 1, 2 and so on")
        names = [numbers[place] for place in range(len(numbers))]
    elif isinstance(names, str):
        names = [names]
    splits = {name: _listed(found[name]) for name in SPLITS if found.get(name)}
    return DataYaml(
        path=str(found.get("path") or ""),
        splits=splits,
        names=None if names is None else [str(name or "") for name in names],
        others={key: "\n".join(block) for key, block in blocks.items() if key not in KEYS},
    )


def _listed(value: Any) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one]


def _blocks(text: str) -> dict[str, list[str]]:
    """Cut the text into its keys of the first level, each with its lines."""
    blocks: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.replace("\r\n", "\n").split("\n"):
        if not line.strip(SPACE) or line.lstrip(SPACE).startswith("#") or line.startswith(("---", "...", "%")):
            continue
        found = _KEY.match(line)
        if found and not line.startswith((" ", "\t", "-")):
            current = blocks.setdefault(found["key"].strip("\"'"), [])
            current.clear()
        if current is not None:
            current.append(line)
    return blocks


def _value(key: str, block: Sequence[str]) -> Any:
    found = _KEY.match(block[0])
    assert found is not None, "a block begins with its key"
    rest = _uncommented(found["rest"]).strip(SPACE)
    below = [line for line in map(_uncommented, block[1:]) if line.strip(SPACE)]
    if rest[:1] in ("[", "{"):
        return _flow(key, " ".join([rest, *(line.strip(SPACE) for line in below)]))
    if rest:
        return _scalar(rest)
    if below and below[0].lstrip(SPACE).startswith("-"):
        if not all(line.lstrip(SPACE).startswith("- ") for line in below):
            raise ValueError(f"the list below {key} is written in a way that is not understood")
        return [_scalar(line.lstrip(SPACE)[2:].strip(SPACE)) for line in below]
    return dict(_pair(key, line.strip(SPACE)) for line in below) if below else None


def _pair(key: str, text: str) -> tuple[str, str | None]:
    if text[:1] in ("'", '"'):
        name, at = _quoted(text)
        rest = text[at:].lstrip(SPACE)
    else:
        name, colon, rest = text.partition(":")
        rest = colon + rest
    if not rest.startswith(":"):
        raise ValueError(f"{text!r:.60} below {key} is no pair of a number and a name")
    return name.strip(SPACE), _scalar(rest[1:].strip(SPACE))


def _flow(key: str, text: str) -> list[str | None] | dict[str, str | None]:
    """Read a list or map that stands in brackets."""
    closing = "]" if text[0] == "[" else "}"
    parts: list[str] = []
    begin = at = 1
    while True:
        sign = text[at : at + 1]
        if not sign or sign in "[{":
            raise ValueError(f"the bracket behind {key} is not closed" if not sign else f"{key} holds lists of lists")
        if sign in "'\"" and text[begin:at].rpartition(":")[2].strip(SPACE) == "":
            at = _quoted(text, at)[1]
            continue
        if sign in (",", closing):
            parts.append(text[begin:at].strip(SPACE))
            begin = at + 1
        if sign == closing:
            break
        at += 1
    filled = [one for one in parts if one]
    return [_scalar(one) for one in filled] if closing == "]" else dict(_pair(key, one) for one in filled)


def _scalar(text: str) -> str | None:
    if text[:1] in ("'", '"'):
        return _quoted(text)[0]
    return None if text in ("", "~", "null", "Null", "NULL") else text


def _quoted(text: str, at: int = 0) -> tuple[str, int]:
    """Give a text in quotes that begins at a place, and the place behind it."""
    mark, begin, found = text[at], at, []
    at += 1
    while at < len(text):
        sign = text[at]
        if sign == mark == "'" and text[at + 1 : at + 2] == "'":
            found.append("'")
            at += 2
        elif sign == mark:
            return "".join(found), at + 1
        elif sign == "\\" and mark == '"':
            kind = text[at + 1 : at + 2]
            length = _LENGTHS.get(kind, 0)
            try:
                found.append(chr(int(text[at + 2 : at + 2 + length], 16)) if length else _ESCAPES.get(kind, kind))
            except (ValueError, OverflowError):
                raise ValueError(f"{text[begin:]!r:.60} holds an escape that is none") from None
            at += 2 + length
        else:
            found.append(sign)
            at += 1
    raise ValueError(f"the quotes of {text[begin:]!r:.60} are not closed")


def _uncommented(line: str) -> str:
    """Take a comment away: what begins with # at the start or behind a space, outside of quotes."""
    mark = ""
    for place, sign in enumerate(line):
        if mark:
            if sign == mark and not (mark == '"' and line[place - 1] == "\\"):
                mark = ""
        elif sign in "'\"" and (place == 0 or line[place - 1] in " \t[{,:-"):
            mark = sign
        elif sign == "#" and (place == 0 or line[place - 1] in " \t"):
            return line[:place]
    return line


def quote(text: str) -> str:
    """Write a text as YAML in double quotes, in printable characters alone."""
    made = []
    for sign in text:
        code = ord(sign)
        if sign in '"\\':
            made.append("\\" + sign)
        elif sign.isprintable() and not 0xD800 <= code <= 0xDFFF and code not in (0xFEFF, 0xFFFE, 0xFFFF):
            made.append(sign)
        else:
            made.append(f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return '"' + "".join(made) + '"'


def write_yaml(splits: Mapping[str, Sequence[str]], names: Sequence[str], others: Mapping[str, str]) -> str:
    """Write data.yaml: places of the splits below its own folder, the names of the classes, and what else it held."""
    lines = []
    for split, places in splits.items():
        if len(places) == 1:
            lines.append(f"{split}: {quote(places[0])}")
        else:
            lines += [f"{split}:", *(f"  - {quote(place)}" for place in places)]
    lines += [f"nc: {len(names)}", "names:", *(f"  {number}: {quote(name)}" for number, name in enumerate(names))]
    lines += others.values()
    return "\n".join(lines) + "\n"


__all__ = ["SPLITS", "DataYaml", "label_path", "parse_yaml", "quote", "read_line", "write_yaml"]
