"""Rows picked from an Explorer, to decide about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from explorer.api import Explorer

Rows = npt.NDArray[np.int64]


class Selection:
    """Rows of an Explorer to decide about; every method is one decision and returns the selection itself."""

    def __init__(self, explorer: Explorer, rows: Rows) -> None:
        self._explorer = explorer
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<{len(self.rows):,} of {len(self._explorer):,} rows>"

    @property
    def ids(self) -> list[str]:
        """Give the ids of the selected rows."""
        return self._explorer.ids_of(self.rows)

    def tag(self, tag: str, *, why: str = "") -> Selection:
        """Add a tag."""
        return self._decide("tag", value=tag, why=why)

    def untag(self, tag: str, *, why: str = "") -> Selection:
        """Take a tag away."""
        return self._decide("untag", value=tag, why=why)

    def relabel(self, label: str, *, why: str = "") -> Selection:
        """Give another label."""
        return self._decide("relabel", value=label, why=why)

    def exclude(self, *, why: str = "", check: str | None = None) -> Selection:
        """Leave these rows out of every export."""
        return self._decide("exclude", check=check, why=why)

    def restore(self, *, why: str = "") -> Selection:
        """Take excluded rows back in."""
        return self._decide("restore", why=why)

    def cluster(self, name: str = "", *, why: str = "") -> Selection:
        """Make these rows a cluster of their own, over those that an engine found."""
        return self._decide("merge", value=name or None, why=why)

    def keep(self, check: str, *, why: str = "") -> Selection:
        """Say that what a check flags is fine as it is."""
        return self._decide("keep", check=check, why=why)

    def _decide(self, action: str, *, value: Any = None, check: str | None = None, why: str = "") -> Selection:
        if len(self.rows):
            self._explorer.decide(action, self.rows, value=value, check=check, why=why)
        return self
