"""Look at the first rows of a table: what kind of values does each column hold?"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engines.read.columns import numbers_in, unify
from engines.read.names import MAGIC_LENGTH, PICTURE_SUFFIXES, looks_like_picture, suffix_of
from engines.read.table_block import Block

SAMPLE_ROWS = 2048
SAMPLE_BYTES = 64 << 20
LOOKS = 64
"""Values of a column that are looked at one by one."""
BASE64_STARTS = ("/9j/", "iVBORw0KGgo", "R0lGOD", "UklGR", "Qk", "SUkq", "TU0A")
"""How base64 of JPEG, PNG, GIF, WebP, BMP and TIFF begins."""
PICTURE_WORDS = frozenset({"image", "img", "picture", "photo", "images"})

_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True)
class Profile:
    """What the first rows say about a column; ``feature``: what Hugging Face features say about it, ``{}`` where nothing."""

    name: str
    values: pa.ChunkedArray
    feature: Mapping[str, Any]
    typed: bool

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """Cut the name into its words, in lower case."""
        return tuple(token.lower() for token in _TOKEN.findall(self.name)) or (self.name.lower(),)

    @property
    def plain(self) -> str:
        """Give the name in lower case with single underscores: ``imagePath`` is ``image_path``."""
        return "_".join(self.tokens)

    @cached_property
    def type(self) -> pa.DataType:
        """Give the type of the values, without a dictionary around them."""
        kind = self.values.type
        return kind.value_type if pa.types.is_dictionary(kind) else kind

    @cached_property
    def is_text(self) -> bool:
        """Tell whether the values are texts."""
        return _is_string(self.type)

    @cached_property
    def numbers(self) -> pa.ChunkedArray | None:
        """Give the values as numbers, None where they are none; truth values are 0 and 1."""
        values = self.present
        if pa.types.is_boolean(self.type):
            return values.cast(pa.int8())
        if pa.types.is_float16(self.type):
            return values.cast(pa.float32())
        if pa.types.is_integer(self.type) or pa.types.is_floating(self.type):
            return values
        if self.is_text and not self.typed and len(values):
            return numbers_in(values, decimal_comma=True)
        return None

    @cached_property
    def whole(self) -> bool:
        """Tell whether the values are whole numbers or truth values."""
        numbers = self.numbers
        if numbers is None or not len(numbers):
            return False
        if pa.types.is_floating(numbers.type):
            return bool(pc.all(pc.equal(pc.floor(numbers), numbers)).as_py())
        return True

    @cached_property
    def present(self) -> Any:
        """Give the values that are there."""
        values = self.values
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        # Pictures are heavy: a few of them tell enough.
        heavy = pa.types.is_struct(values.type) or _is_binary(values.type)
        return (values.slice(0, 4 * LOOKS) if heavy else values).drop_null()

    @cached_property
    def few(self) -> list[Any]:
        """Give some values that are there, as plain values."""
        return list(self.present.slice(0, LOOKS).to_pylist())

    @cached_property
    def distinct(self) -> int:
        """Count the different values."""
        return int(pc.count_distinct(self.present).as_py()) if self.is_text or self.numbers is not None else len(self.present)

    @cached_property
    def mean_length(self) -> float:
        """Give the mean number of signs of the texts."""
        return float(pc.mean(pc.utf8_length(self.present)).as_py() or 0.0) if self.is_text else 0.0

    @cached_property
    def mean_words(self) -> float:
        """Give the mean number of words; each sign of a script without spaces counts as one."""
        if not self.is_text or not len(self.present):
            return 0.0
        texts = pc.utf8_trim_whitespace(self.present)
        spaces = pc.mean(pc.count_substring_regex(texts, r"\s+")).as_py()
        signs = pc.mean(pc.count_substring_regex(texts, r"[\x{2E80}-\x{D7FF}]")).as_py()
        return float(spaces + signs + 1.0)

    @cached_property
    def is_address(self) -> bool:
        """Tell whether the texts are mostly links, paths of files or data for programs."""
        return self._mostly(self.few, lambda value: bool(re.match(r"\w+://|[\[{]|data:", str(value)))) or self.picture_paths

    @cached_property
    def payload(self) -> bool:
        """Tell whether the column itself holds pictures: bytes, ``{bytes, path}``, data URIs or base64."""
        if self.feature.get("_type") == "Image":
            return True
        if self.feature:
            return False
        if self.is_text:
            return self._mostly(self.few, is_payload_text)
        if _is_binary(self.type):
            held = [value for value in self.few if value]
            return self._mostly(held, lambda value: looks_like_picture(value[:MAGIC_LENGTH]))
        if not self.is_struct:
            return False
        structs = [value for value in self.few if value.get("bytes") or value.get("path")]
        return self._mostly(structs, _is_picture_struct)

    @cached_property
    def is_struct(self) -> bool:
        """Tell whether the values are ``{bytes, path}``, as Hugging Face writes pictures."""
        return pa.types.is_struct(self.type) and {field.name for field in self.type} >= {"bytes", "path"}

    @cached_property
    def picture_paths(self) -> bool:
        """Tell whether the texts are paths or links of pictures, by their suffix."""
        return self.is_text and self._mostly(self.few, lambda value: is_picture_path(value) or is_payload_text(value))

    @cached_property
    def list_length(self) -> int:
        """Give the length of lists of numbers where nearly all have the same, else 0."""
        kind = self.type
        if pa.types.is_fixed_size_list(kind):
            return kind.list_size if _is_number(kind.value_type) else 0
        if self.is_text:
            return _equal_length([_json_list(value) for value in self.few])
        if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not _is_number(kind.value_type):
            return 0
        lengths = pc.value_counts(pc.list_value_length(self.present)).to_pylist()
        best = max(lengths, key=lambda entry: entry["counts"], default={"values": 0, "counts": 0})
        return int(best["values"]) if best["counts"] * 10 >= len(self.present) * 9 else 0

    @property
    def of_whole_numbers(self) -> bool:
        """Tell whether the values are lists of whole numbers."""
        nested = getattr(self.type, "value_type", None)
        return nested is not None and bool(pa.types.is_integer(nested))

    def _mostly(self, values: Sequence[Any], test: Callable[[Any], bool]) -> bool:
        """Tell whether most of some values pass a test; a few are enough where the name says what they are."""
        needed = 0.2 if set(self.tokens) & PICTURE_WORDS else 0.5
        return bool(values) and sum(1 for value in values if test(value)) > needed * len(values)


def sample(blocks: Iterable[Block]) -> list[Block]:
    """Take the first blocks, up to ``SAMPLE_ROWS`` rows or ``SAMPLE_BYTES``."""
    taken: list[Block] = []
    rows = size = 0
    for block in blocks:
        taken.append(block)
        rows += len(block)
        if block.mapped is None:
            size += sum(column.nbytes for column in block.columns.values())
        if rows >= SAMPLE_ROWS or size >= SAMPLE_BYTES:
            break
    return taken


def profiles(blocks: Sequence[Block], columns: Sequence[str], features: Mapping[str, Any], *, typed: bool) -> list[Profile]:
    """Look at the columns of some blocks."""
    found = []
    for name in columns:
        chunks = [block.column(name) for block in blocks if len(block)]
        values = unify([chunk.cast(chunk.type.value_type) if pa.types.is_dictionary(chunk.type) else chunk for chunk in chunks])
        feature = features.get(name)
        found.append(Profile(name, values.slice(0, SAMPLE_ROWS), feature if isinstance(feature, dict) else {}, typed))
    return found


def is_picture_path(value: Any) -> bool:
    """Tell by its suffix whether a text is the path or the link of a picture."""
    text = str(value).strip()
    end = re.split(r"[?#]", text, maxsplit=1)[0] if "://" in text else text
    return "\n" not in text and len(text) < 4096 and suffix_of(end.encode("utf-8", "replace")) in PICTURE_SUFFIXES


def is_payload_text(value: Any) -> bool:
    """Tell whether a text holds a picture itself."""
    text = str(value)
    if text.startswith("data:image/"):
        return True
    if len(text) < 64 or not text.startswith(BASE64_STARTS):
        return False
    try:
        return looks_like_picture(base64.b64decode(text[:64], validate=True))
    except ValueError:
        return False


def _is_picture_struct(value: Mapping[str, Any]) -> bool:
    held = value.get("bytes")
    if isinstance(held, bytes):
        return looks_like_picture(held[:MAGIC_LENGTH])
    return is_payload_text(held) if held else is_picture_path(value.get("path"))


def _json_list(value: str) -> int:
    """Give the length of a list of numbers that is written as text, 0 for anything else."""
    if not value.startswith("["):
        return 0
    try:
        held = json.loads(value)
    except (ValueError, RecursionError):
        return 0
    fits = isinstance(held, list) and all(isinstance(item, (int, float)) for item in islice(held, 10_000))
    return len(held) if fits else 0


def _equal_length(lengths: Sequence[int]) -> int:
    common = max(set(lengths), key=lengths.count, default=0)
    return common if lengths.count(common) * 10 >= len(lengths) * 9 else 0


def _is_string(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
