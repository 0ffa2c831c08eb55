"""Stage issues: which rows have a problem? One check a file; each scores every row, high = bad, and says why."""

from __future__ import annotations

from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="issues",
    table={
        "label_issue": Entry(
            "engines.issues.label_issue:LabelIssue",
            "labels that a cross-validated classifier and the neighbors doubt",
        ),
        "outlier": Entry("engines.issues.outlier:Outlier", "rows far from all others"),
        "exact_duplicate": Entry("engines.issues.exact_duplicate:ExactDuplicate", "rows with the very same content"),
        "near_duplicate": Entry(
            "engines.issues.near_duplicate:NearDuplicate",
            "rows that show the same in another encoding, size, crop or light, or say it in nearly the same words",
        ),
        "conflicting_duplicate": Entry(
            "engines.issues.conflicting_duplicate:ConflictingDuplicate", "duplicates that carry different labels"
        ),
        "leak": Entry("engines.issues.leak:Leak", "duplicates that lie in different splits"),
        "imbalance": Entry("engines.issues.imbalance:Imbalance", "classes that have hardly any rows"),
        "dark": Entry("engines.issues.dark:Dark", "pictures in which nothing is bright"),
        "bright": Entry("engines.issues.bright:Bright", "pictures in which nothing is dark"),
        "blurry": Entry("engines.issues.blurry:Blurry", "pictures without sharp edges"),
        "low_information": Entry(
            "engines.issues.low_information:LowInformation",
            "pictures with next to nothing to see, texts that say next to nothing",
        ),
        "odd_size": Entry("engines.issues.odd_size:OddSize", "pictures or texts much larger or smaller than the others"),
        "odd_aspect_ratio": Entry(
            "engines.issues.odd_aspect_ratio:OddAspectRatio", "pictures much longer one way than the other"
        ),
        "grayscale": Entry("engines.issues.grayscale:Grayscale", "pictures without color among pictures with color"),
    },
)

__all__ = ["ENGINES"]
