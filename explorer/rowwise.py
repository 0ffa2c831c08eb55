"""Words of rows, kept as numbers and masks: a list of a million texts would be made anew with every decision."""

from collections.abc import Mapping, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes = npt.NDArray[np.integer]
Mask = npt.NDArray[np.bool_]


class Words(Sequence[str | None]):
    """A word or nothing per row: ``codes`` (n) into ``names``, -1 = nothing."""

    def __init__(self, names: Sequence[str], codes: Codes) -> None:
        self.names = names
        self.codes = codes

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, row: int) -> str | None: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[str | None]: ...
    def __getitem__(self, row: int | slice) -> str | Sequence[str | None] | None:
        if isinstance(row, slice):
            return Words(self.names, self.codes[row])
        code = int(self.codes[row])
        return self.names[code] if code >= 0 else None

    def over(self, given: "Words") -> "Words":
        """Put these words in place of the given ones where there are any; names in alphabetical order, each in use."""
        names = sorted({*self.names, *given.names})
        place = {name: number for number, name in enumerate(names)}
        own, other = (np.array([*(place[name] for name in words.names), -1], dtype=np.int64) for words in (self, given))
        codes = np.where(self.codes >= 0, own[self.codes], other[given.codes])
        used = np.bincount(codes[codes >= 0], minlength=len(names)) > 0
        renumber = np.append(np.where(used, np.cumsum(used) - 1, -1), -1)
        return Words([name for name, there in zip(names, used.tolist(), strict=True) if there], renumber[codes])

    def counts(self, rows: Mask | None = None) -> dict[str, int]:
        """Count the rows (of those in a mask) of each word that is there."""
        codes = self.codes if rows is None else self.codes[rows]
        counts = np.bincount(codes[codes >= 0], minlength=len(self.names)).tolist()
        return {name: count for name, count in zip(self.names, counts, strict=True) if count}

    def column(self) -> pa.Array:
        """Give the words (n) as strings, null where there is nothing."""
        return pa.array([*self.names, None], pa.string()).take(pa.array(np.where(self.codes < 0, len(self.names), self.codes)))

    def texts(self) -> npt.NDArray[np.object_]:
        """Give the words (n) as an array of texts, empty where there is nothing."""
        found: npt.NDArray[np.object_] = np.array([*self.names, ""], dtype=object)[self.codes]
        return found


class Tags(Sequence[tuple[str, ...]]):
    """The tags of each row in alphabetical order, from one mask (n) per tag."""

    def __init__(self, masks: Mapping[str, Mask], n: int) -> None:
        self.masks = {tag: masks[tag] for tag in sorted(masks) if masks[tag].any()}
        self._n = n

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, row: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[tuple[str, ...]]: ...
    def __getitem__(self, row: int | slice) -> tuple[str, ...] | Sequence[tuple[str, ...]]:
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(self._n))]
        if not -self._n <= row < self._n:
            raise IndexError(f"there is no row {row}")
        return tuple(tag for tag, mask in self.masks.items() if mask[row])

    def column(self) -> pa.Array:
        """Give the tags (n) as lists of strings."""
        marked = [np.flatnonzero(mask) for mask in self.masks.values()]
        rows = np.concatenate([*marked, np.empty(0, dtype=np.int64)])
        tags = np.repeat(np.arange(len(marked)), [len(some) for some in marked])[np.argsort(rows, kind="stable")]
        ends = np.zeros(self._n + 1, dtype=np.int32)
        np.cumsum(np.bincount(rows, minlength=self._n), out=ends[1:])
        return pa.ListArray.from_arrays(pa.array(ends), pa.array([*self.masks], pa.string()).take(pa.array(tags)))

    @property
    def any(self) -> Mask:
        """Tell which rows (n) have a tag."""
        found = np.zeros(self._n, dtype=bool)
        for mask in self.masks.values():
            found |= mask
        return found


__all__ = ["Tags", "Words"]
