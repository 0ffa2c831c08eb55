"""Everything that the pages derive from the values and the decisions, computed once per change and shared by all tabs."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from engines.artifacts import Clustering, Dataset, IssueResult, Projection
from engines.codes import codes_of
from engines.curate.clusters import laid_over
from explorer.rowwise import Tags, Words
from explorer.tables import names_of

if TYPE_CHECKING:
    from explorer.api import Explorer

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

TITLES = {
    "label_issue": ("Label issue", "Label issues"),
    "outlier": ("Outlier", "Outliers"),
    "exact_duplicate": ("Exact duplicate", "Exact duplicates"),
    "near_duplicate": ("Near duplicate", "Near duplicates"),
    "semantic_duplicate": ("Semantic duplicate", "Semantic duplicates"),
    "conflicting_duplicate": ("Conflicting duplicate", "Conflicting duplicates"),
    "leak": ("Leak", "Leaks"),
    "odd_size": ("Odd size", "Odd sizes"),
    "odd_aspect_ratio": ("Odd aspect ratio", "Odd aspect ratios"),
    "low_information": ("Low information", "Low information"),
}


MAP_NAMES = {
    "umap": "UMAP",
    "tsne": "t-SNE",
    "pca": "PCA",
    "heat": "Heat",
    "opentsne": "t-SNE (openTSNE)",
    "umap-learn": "UMAP (umap-learn)",
}


def map_name(name: str) -> str:
    """Return how a map is called on the screen."""
    return MAP_NAMES.get(name, name)


def check_title(name: str, *, plural: bool = False) -> str:
    """Return the words for a check."""
    words = name.replace("_", " ").capitalize()
    return TITLES.get(name, (words, words))[plural]


def layer_of(clustering: Clustering, layer: int | None) -> int:
    """Return a layer that is there: the one asked for, else the nearest one; the default for None."""
    return clustering.default_layer if layer is None else min(max(layer, 0), len(clustering.layers) - 1)


@dataclass(frozen=True, kw_only=True)
class CheckFindings:
    """One check with the decisions applied. ``open`` = flagged and not yet decided about."""

    name: str
    result: IssueResult
    threshold: float
    severity: npt.NDArray[np.float32]
    flagged: Mask
    open: Mask
    kept: Mask
    default: float
    groups: npt.NDArray[np.int32]
    """The number of the group of alike rows of each row at the present threshold; -1 = in none."""

    @property
    def skipped(self) -> str:
        """Say why the check did not run; empty when it did."""
        return self.result.skipped

    @property
    def grouped(self) -> bool:
        """Tell whether the check finds groups, not single rows."""
        return self.result.pairs.num_rows > 0 or self.name.endswith("_duplicate")

    def suggestion(self, row: int) -> str | None:
        """Return the suggested label, or the id of the row to keep."""
        return _text(self.result.details.column("suggestion")[row].as_py())

    def reason(self, row: int) -> str | None:
        """Return the reason in one sentence."""
        return _text(self.result.details.column("reason")[row].as_py())


def _text(value: object) -> str | None:
    return str(value) if value is not None and value != "" else None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The data set, its findings and its decisions at one moment: ``stamp`` = (revision of the values, version of the log)."""

    stamp: tuple[int, int]
    dataset: Dataset
    excluded: Mask
    tags: Tags
    decided: Words
    labels: Words
    given: Words
    checks: dict[str, CheckFindings]
    clustering: Clustering | None
    cluster_names: dict[int, str]
    own_clusters: npt.NDArray[np.int32] | None = None
    """The cluster that a person made for each row, -1 = none; None where nobody made one."""
    other_names: dict[str, dict[int, str]] = field(default_factory=dict)
    clusterings: dict[str, Clustering] = field(default_factory=dict)
    """All clusterings by engine, the one that counts among them."""
    measures: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    maps: dict[str, Projection] = field(default_factory=dict)
    """The maps that say how far they can be trusted at each row."""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    named: dict[int, list[str]] = field(default_factory=dict, repr=False, compare=False)
    """The names of the clusters of each layer that was asked for."""
    arranged: dict[int, Rows] = field(default_factory=dict, repr=False, compare=False)
    """The rows by cluster and strength of each layer that was asked for; later snapshots go on with it as long as the clusters stay."""

    @property
    def n(self) -> int:
        """Count the rows."""
        return len(self.dataset)

    @property
    def ids(self) -> Sequence[str]:
        """Give the ids in row order."""
        return self.dataset.ids

    @property
    def label_names(self) -> list[str]:
        """List the labels in use after the decisions, in alphabetical order."""
        return list(self.labels.names)

    @cached_property
    def label_codes(self) -> npt.NDArray[np.int64]:
        """Give the place of each row's label in ``label_names``; -1 = no label."""
        return self.labels.codes.astype(np.int64, copy=False)

    def clusters_at(self, layer: int | None = None) -> npt.NDArray[np.int32]:
        """Give the cluster of each row, -1 = none: the person's own, else that of a layer (None, or one that is not there: the default)."""
        if self.clustering is None:
            return np.full(self.n, -1, dtype=np.int32)
        labels = self.clustering.layers[self.layer_at(layer)]
        return labels if self.own_clusters is None else laid_over(labels, self.own_clusters)

    def layer_at(self, layer: int | None) -> int:
        """Give a layer of the clustering that counts; see ``layer_of``."""
        assert self.clustering is not None
        return layer_of(self.clustering, layer)

    def names_at(self, layer: int | None = None) -> list[str]:
        """List the names of the clusters of a layer, the person's own among them, in alphabetical order."""
        place = self.layer_at(layer)
        if place not in self.named:
            now = self.clusters_at(layer)
            used = np.flatnonzero(np.bincount(now[now >= 0])).tolist()
            self.named[place] = sorted({self.cluster_names[id_] for id_ in used if self.cluster_names.get(id_)})
        return self.named[place]

    @cached_property
    def clusters(self) -> npt.NDArray[np.int32]:
        """Give the cluster of each row in the default layer, the person's own first."""
        return self.clusters_at()

    @property
    def tag_names(self) -> list[str]:
        """List the tags in use."""
        return list(self.tags.masks)

    @cached_property
    def splits(self) -> list[str]:
        """List the splits."""
        return sorted(self.dataset.rows.column("split").unique().drop_null().to_pylist())

    @cached_property
    def sources(self) -> list[str]:
        """List the sources that were opened together; none where there is but one."""
        if "source" not in self.dataset.own_columns or self.dataset.origin.get("reader") != "several":
            return []
        return sorted({str(source) for source in self.dataset.rows.column("source").unique().drop_null().to_pylist()})

    @cached_property
    def open(self) -> Mask:
        """Tell which rows are flagged by any check and not yet decided about."""
        mask = np.zeros(self.n, dtype=bool)
        for check in self.checks.values():
            mask |= check.open
        return mask

    @cached_property
    def flagged(self) -> Mask:
        """Tell which rows are flagged by any check."""
        mask = np.zeros(self.n, dtype=bool)
        for check in self.checks.values():
            mask |= check.flagged
        return mask

    @cached_property
    def worst(self) -> npt.NDArray[np.float32]:
        """Give the severity by which rows are ordered: of the worst open finding, else that of the worst finding less 1."""
        opened = np.full(self.n, -1.0, dtype=np.float32)
        quiet = np.zeros(self.n, dtype=np.float32)
        for check in self.checks.values():
            severity = np.nan_to_num(check.severity)
            np.maximum(opened, np.where(check.open, severity, -1.0), out=opened)
            np.maximum(quiet, severity, out=quiet)
        return np.where(opened >= 0, opened, quiet - 1.0).astype(np.float32)

    @cached_property
    def urgency(self) -> npt.NDArray[np.float32]:
        """Give the number by which a person is shown what is flagged, the highest first.

        Label issues come first, since they come with an answer; then other single items; groups, which come in lumps, last.
        """
        found = np.zeros(self.n, dtype=np.float32)
        for check in self.checks.values():
            turn = 2 if check.name == "label_issue" else 0 if check.grouped else 1
            np.maximum(found, np.where(check.open, np.nan_to_num(check.severity) + turn, 0), out=found)
        return found

    @cached_property
    def person_columns(self) -> list[str]:
        """Name the person's own columns; the number of a row in its file, which a reader adds, is none of theirs."""
        read = self.dataset.origin.get("columns")
        numbered = isinstance(read, list) and "row" not in read
        return [name for name in self.dataset.own_columns if not (name == "row" and numbered)]

    @cached_property
    def searchable(self) -> Any:
        """Give the text of every row that the quick filter looks into, in lower case."""
        import pandas as pd

        parts = [pd.Series(self.ids), pd.Series(self.labels.texts())]
        if self.tags.masks:
            parts.append(pd.Series([" ".join(tags) for tags in self.tags]))
        for name in self.dataset.own_columns:
            column = self.dataset.rows.column(name)
            if str(column.type) in ("string", "large_string"):
                parts.append(pd.Series([value or "" for value in column.to_pylist()]))
        if self.dataset.kind == "texts":
            parts.append(pd.Series([str(value or "") for value in self.dataset.media.column(0).to_pylist()]))
        whole = parts[0]
        for part in parts[1:]:
            whole = whole.str.cat(part, sep="\n")
        return whole.str.lower()

    def title(self, row: int) -> str:
        """Return the last part of the id: what a card is headed with."""
        return PurePosixPath(self.ids[row]).name or self.ids[row]

    @cached_property
    def touched(self) -> Mask:
        """Tell about which rows anything was decided."""
        mask = self.excluded | self.tags.any | (self.decided.codes >= 0)
        for check in self.checks.values():
            mask |= check.kept
        return mask


# By the explorer itself: a number such as id(ex) is given to another one as soon as the first is gone.
_cache: "WeakKeyDictionary[Explorer, Snapshot]" = WeakKeyDictionary()
_lock = threading.Lock()


def snapshot(ex: "Explorer") -> Snapshot | None:
    """Return what holds now; None while the rows are still being read."""
    stamp = (ex.revision, ex.log.version)
    with _lock:
        found = _cache.get(ex)
        # Another encoder, or other columns, bring other values as a whole: what was made of the old ones is no longer true.
        if found is not None and found.stamp == stamp and found.dataset is ex.values.dataset:
            return found
        values = ex.values
        while values.dataset is not None:
            try:
                made = _take(ex, values.dataset, stamp, found)
            except (ValueError, IndexError, KeyError):
                if ex.values is values:
                    raise
            else:
                if ex.values is values:
                    _cache[ex] = made
                    return made
            values, stamp = ex.values, (ex.revision, ex.log.version)
        return None


def _take(ex: "Explorer", dataset: Dataset, stamp: tuple[int, int], before: Snapshot | None) -> Snapshot:
    """Take a snapshot; what a decision does not change comes from the one ``before``."""
    state = ex.state
    n = len(dataset)
    if before is not None and before.dataset is not dataset:
        before = None
    given = before.given if before is not None else _given(dataset)
    decided = Words(state.label_names, state.label_codes)
    checks: dict[str, CheckFindings] = {}
    for name, result in list(ex.values.issues.items()):
        if len(result.raw) != n:
            continue  # of rows that were read before
        kept = np.asarray(state.kept.get(name, np.zeros(n, dtype=bool)), dtype=bool)
        threshold = float(ex.threshold(name))
        earlier = before.checks.get(name) if before is not None else None
        if earlier is None or earlier.result is not result or earlier.threshold != threshold:
            earlier = None
        flagged = np.asarray(ex.flagged(name), dtype=bool) if earlier is None else earlier.flagged
        groups = result.groups(threshold) if earlier is None else earlier.groups
        done = state.excluded | kept
        if name == "label_issue":
            done = done | (state.label_codes >= 0)
        still = flagged & ~done
        if result.pairs.num_rows:
            still = _undecided_groups(groups, flagged, done)
        checks[name] = CheckFindings(
            name=name,
            result=result,
            threshold=threshold,
            severity=np.asarray(ex.severity(name), dtype=np.float32) if earlier is None else earlier.severity,
            flagged=flagged,
            open=still,
            kept=kept,
            default=float(result.threshold),
            groups=groups,
        )
    own = ex.own_clusters(state)
    if before is not None and own is not None and before.own_clusters is not None and np.array_equal(own, before.own_clusters):
        own = before.own_clusters
    clusterings = {name: found for name, found in list(ex.values.clusterings.items()) if len(found.strength) == n}
    clustering = next(iter(clusterings.values()), None)
    return Snapshot(
        stamp=stamp,
        dataset=dataset,
        excluded=np.asarray(state.excluded, dtype=bool),
        tags=Tags(state.tagged, n),
        decided=decided,
        labels=decided.over(given),
        given=given,
        checks=checks,
        clustering=clustering,
        cluster_names=ex.cluster_names() if clustering is not None else {},
        own_clusters=own,
        arranged=before.arranged
        if before is not None and before.clustering is clustering and before.own_clusters is own
        else {},
        other_names={name: names_of(ex.values.names.get(name)) for name in list(clusterings)[1:]},
        clusterings=clusterings,
        measures={name: found.values for name, found in list(ex.values.measures.items()) if len(found.values) == n},
        maps={name: found for name, found in list(ex.values.projections.items()) if len(found.torn) == n},
    )


def _given(dataset: Dataset) -> Words:
    codes, names = codes_of(dataset.rows.column("label"))
    return Words(names, codes)


def _undecided_groups(groups: npt.NDArray[np.int32], flagged: Mask, done: Mask) -> Mask:
    """Leave out the rows whose group has at most one row left that nobody decided about: nothing alike is left of it."""
    member = flagged & (groups >= 0) & ~done
    left = np.bincount(groups[member], minlength=int(groups.max(initial=-1)) + 1)
    open_: Mask = member.copy()
    open_[member] = left[groups[member]] > 1
    return open_ | (flagged & (groups < 0) & ~done)
