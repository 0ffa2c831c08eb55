"""Stage issues: which rows have a problem? One check a file; each scores every row, high = bad, and says why."""

from __future__ import annotations

from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="issues",
    table={
        "label_issue": Entry(
            "engines.issues.label_issue:LabelIssue",
            "labels that a cross-validated classifier and the neighbors doubt",
            ("sklearn",),
        ),
        "outlier": Entry("engines.issues.outlier:Outlier", "rows far from all others"),
        "exact_duplicate": Entry("engines.issues.exact_duplicate:ExactDuplicate", "rows with the very same content"),
        "near_duplicate": Entry(
            "engines.issues.near_duplicate:NearDuplicate", "rows that show the same in another encoding, size, crop or light"
        ),
    },
)

__all__ = ["ENGINES"]
