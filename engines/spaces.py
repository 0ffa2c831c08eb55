"""Values about embedding spaces: words placed in one, and how several of them compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from engines.issue_result import Float32
from engines.value import Artifact, require


@dataclass(frozen=True, kw_only=True)
class Lexicon(Artifact):
    """Words in the space of a joint encoder: ``words`` strings (w), ``vectors`` float32 (w, d), the mean over the prompts of each word.

    Each prompt's vector is normalized before the mean is taken; the mean is not.
    """

    kind_name: ClassVar[str] = "lexicon"
    encoder: str
    words: pa.Table
    vectors: Float32

    def check(self) -> None:
        """Check that there is a finite vector per word."""
        require(self.words.column_names == ["word"], "words have other columns")
        require(self.vectors.ndim == 2 and self.vectors.dtype == np.float32, f"vectors are {self.vectors.dtype}")
        require(len(self.vectors) == self.words.num_rows, "words and vectors differ in length")
        require(bool(np.isfinite(self.vectors).all()), "a vector is not finite")

    def __len__(self) -> int:
        return int(self.words.num_rows)


@dataclass(frozen=True, kw_only=True)
class Comparison(Artifact):
    """How the embeddings of one data set compare: one row each, see ``engines.compare``."""

    kind_name: ClassVar[str] = "comparison"
    SCHEMA: ClassVar[pa.Schema] = pa.schema(
        [
            ("encoder", pa.string()),
            ("dimensions", pa.int32()),
            ("knn_accuracy", pa.float32()),
            ("mean_cosine", pa.float32()),
            ("effective_rank", pa.float32()),
            ("eigenvalue_early_enrichment", pa.float32()),
            ("vasicek_ratio", pa.float32()),
            ("neighbor_overlap", pa.float32()),
        ]
    )
    table: pa.Table

    def check(self) -> None:
        """Check the schema."""
        require(self.table.schema.equals(self.SCHEMA), "the comparison has another schema")


__all__ = ["Comparison", "Lexicon"]
