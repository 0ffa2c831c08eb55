"""How many clusters there may be: three measures over a range of numbers, which seldom agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pyarrow as pa

from engines.value import Artifact, require


@dataclass(frozen=True, kw_only=True)
class Advice(Artifact):
    """What k-means with ``k`` clusters looks like by three measures.

    ``table``: k, coding_length (nats, less is better), silhouette (-1..1), stability (adjusted Rand index of two seeds). ``picks``: which k each
    measure would choose. ``sample``: nodes that were looked at.
    """

    kind_name: ClassVar[str] = "advice"
    SCHEMA: ClassVar[pa.Schema] = pa.schema(
        [("k", pa.int32()), ("coding_length", pa.float64()), ("silhouette", pa.float64()), ("stability", pa.float64())]
    )
    table: pa.Table
    picks: dict[str, Any] = field(default_factory=dict)
    sample: int

    def check(self) -> None:
        """Check the columns."""
        require(self.table.schema.equals(self.SCHEMA), "advice has another schema")
