"""What the decisions amount to for the rows as they are now: replay of everything that is not undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engines.curate.clusters import Rename, first_own, match_renames
from engines.curate.rows import RowFinder
from engines.curate.words import describe
from engines.decision_entry import Decision, live
from engines.idsets import Roster

Mask = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

UNDECIDED = -1


@dataclass(frozen=True, kw_only=True)
class State:
    """The decisions, per row of the data set (n rows).

    ``excluded`` bool (n); ``excluded_by`` int64 (n): seq of the decision that excluded the row, -1 for none. ``label_codes`` int32
    (n): place in ``label_names`` of the label that a person gave, -1 for none. ``tagged`` and ``kept`` map a tag, and a check, to
    bool (n). ``thresholds`` maps checks to numbers. ``own_cluster`` int32 (n): place in ``own_names`` of the cluster that a person
    made by merge or split, -1 for none. ``orphans`` are decided ids that are no row any more, ``moved`` maps old ids to the rows
    that were found again by content. ``decisions`` are those that stand, by seq.
    """

    n: int
    excluded: Mask
    excluded_by: Int64
    label_codes: Int32
    label_names: tuple[str, ...] = ()
    tagged: dict[str, Mask] = field(default_factory=dict)
    kept: dict[str, Mask] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    renames: tuple[Rename, ...] = ()
    own_cluster: Int32
    own_names: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()
    moved: dict[str, int] = field(default_factory=dict)
    decisions: dict[int, Decision] = field(default_factory=dict)

    @cached_property
    def label_decided(self) -> list[str | None]:
        """Give the label that a person gave each row; None where nobody did."""
        names = np.array([*self.label_names, None], dtype=object)
        return list(names[self.label_codes])

    @cached_property
    def tags(self) -> list[tuple[str, ...]]:
        """Give the tags of each row in alphabetical order."""
        found: list[tuple[str, ...]] = [()] * self.n
        for tag in sorted(self.tagged):
            for row in np.flatnonzero(self.tagged[tag]):
                found[row] = (*found[row], tag)
        return found

    def labels_over(self, given: Sequence[str | None]) -> list[str | None]:
        """Put the decided labels in place of the given ones."""
        return [old if new is None else new for old, new in zip(given, self.label_decided, strict=True)]

    def why_excluded(self, row: int) -> str:
        """Say in words why a row is excluded; empty where it is not."""
        decision = self.decisions.get(int(self.excluded_by[row]))
        if decision is None:
            return ""
        about = f" as {decision.check.replace('_', ' ')}" if decision.check else ""
        why = f": {decision.why}" if decision.why else ""
        return f"excluded{about} by {decision.who} at {decision.time}{why}"

    def own_clusters(self, layers: Int32) -> Int32:
        """Give the cluster of the person's own that each row is in, int32 (n), -1 = none; their ids come after those of ``layers``."""
        found: Int32 = np.where(self.own_cluster >= 0, first_own(layers) + self.own_cluster, UNDECIDED).astype(np.int32)
        return found

    def cluster_names(self, layers: Int32) -> dict[int, str]:
        """Carry the renames over to clusters as they are now (see ``match_renames``), and name the person's own."""
        first = first_own(layers)
        own = {first + place: name for place, name in enumerate(self.own_names) if name}
        return match_renames(self.renames, layers)[0] | own

    def unmatched_renames(self, layers: Int32) -> tuple[Rename, ...]:
        """List the renames whose cluster is not there any more."""
        return match_renames(self.renames, layers)[1]

    @property
    def summary(self) -> dict[str, int]:
        """Count what was decided."""
        return {
            "excluded": int(self.excluded.sum()),
            "relabeled": int((self.label_codes >= 0).sum()),
            "tagged": int(np.any(list(self.tagged.values()), axis=0).sum()) if self.tagged else 0,
            "kept": int(np.any(list(self.kept.values()), axis=0).sum()) if self.kept else 0,
            "renamed": len(self.renames),
            "orphans": len(self.orphans),
        }


def replay(entries: Iterable[Decision], ids: Sequence[str], contents: Sequence[str] = ()) -> State:
    """Replay the entries of a log that still stand, in the order of the log, over rows with these ids.

    With ``contents`` (content hash per row; empty where there is none), a decided id that is no row any more is found again where
    exactly one row has the content that it had. Time and memory are linear in rows times decisions about many rows.
    """
    return Replay(Roster(ids, contents)).over(entries)


class Replay:
    """Replay a growing log over the same rows: what was replayed before is not replayed again as long as it still stands."""

    def __init__(self, now: Roster) -> None:
        self._finder = RowFinder(now)
        self._n = len(now.ids)
        self._standing: list[str] = []
        self._work = _Work(self._n)

    def over(self, entries: Iterable[Decision]) -> State:
        """Give the state after these entries; see ``replay``."""
        standing = live(entries)
        uuids = [decision.uuid for decision in standing]
        if uuids[: len(self._standing)] != self._standing:
            self._finder.forget()
            self._standing, self._work = [], _Work(self._n)
        for decision in standing[len(self._standing) :]:
            self._work.apply(decision, self._finder.rows(decision.ids))
        self._standing = uuids
        return self._work.state(standing, self._finder)


class _Work:
    """Collect the state while decisions pass."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._excluded_by = np.full(n, UNDECIDED, dtype=np.int64)
        self._label_codes = np.full(n, UNDECIDED, dtype=np.int32)
        self._labels: dict[str, int] = {}
        self._tagged: dict[str, Mask] = {}
        self._kept: dict[str, Mask] = {}
        self._thresholds: dict[str, float] = {}
        self._renames: list[Rename] = []
        self._own_cluster = np.full(n, UNDECIDED, dtype=np.int32)
        self._own_names: list[str] = []
        self._actions: dict[str, Callable[[Decision, Int64], None]] = {
            "exclude": self._exclude,
            "restore": self._restore,
            "relabel": self._relabel,
            "tag": self._tag,
            "untag": self._untag,
            "keep": self._keep,
            "rename": self._rename,
            "merge": self._group,
            "split": self._group,
        }

    def apply(self, decision: Decision, rows: Int64) -> None:
        if decision.action == "threshold":
            self._thresholds.pop(str(decision.check), None)
            if decision.value is not None:
                self._thresholds[str(decision.check)] = float(decision.value)
        elif len(rows):
            self._actions[decision.action](decision, rows)

    def _exclude(self, decision: Decision, rows: Int64) -> None:
        # The first decision that excluded a row is its reason; excluding it again changes nothing.
        self._excluded_by[rows[self._excluded_by[rows] == UNDECIDED]] = decision.seq

    def _restore(self, decision: Decision, rows: Int64) -> None:  # noqa: ARG002 same shape as its siblings
        self._excluded_by[rows] = UNDECIDED

    def _relabel(self, decision: Decision, rows: Int64) -> None:
        self._label_codes[rows] = self._labels.setdefault(str(decision.value), len(self._labels))

    def _tag(self, decision: Decision, rows: Int64) -> None:
        self._tagged.setdefault(str(decision.value), np.zeros(self._n, dtype=bool))[rows] = True

    def _untag(self, decision: Decision, rows: Int64) -> None:
        if str(decision.value) in self._tagged:
            self._tagged[str(decision.value)][rows] = False

    def _keep(self, decision: Decision, rows: Int64) -> None:
        self._kept.setdefault(str(decision.check), np.zeros(self._n, dtype=bool))[rows] = True

    def _rename(self, decision: Decision, rows: Int64) -> None:
        own = self._own_cluster[rows]
        members = np.count_nonzero(self._own_cluster == own[0]) if own[0] >= 0 else 0
        if members == len(rows) and bool((own == own[0]).all()):
            self._own_names[own[0]] = str(decision.value)
        else:
            self._renames.append(Rename(decision.seq, str(decision.value), rows))

    def _group(self, decision: Decision, rows: Int64) -> None:
        self._own_cluster[rows] = len(self._own_names)
        self._own_names.append(str(decision.value or ""))

    def state(self, standing: Sequence[Decision], finder: RowFinder) -> State:
        """Give the state as it is now; decisions that pass later do not change it."""
        return State(
            n=self._n,
            excluded=self._excluded_by != UNDECIDED,
            excluded_by=self._excluded_by.copy(),
            label_codes=self._label_codes.copy(),
            label_names=tuple(self._labels),
            tagged={tag: mask.copy() for tag, mask in self._tagged.items() if mask.any()},
            kept={check: mask.copy() for check, mask in self._kept.items()},
            thresholds=dict(self._thresholds),
            renames=tuple(self._renames),
            own_cluster=self._own_cluster.copy(),
            own_names=tuple(self._own_names),
            orphans=finder.orphans,
            moved=dict(finder.moved),
            decisions={decision.seq: decision for decision in standing},
        )


__all__ = ["UNDECIDED", "Replay", "State", "describe", "replay"]
