"""The Python face of the product: open a source, analyze it, look, decide, export; the app and the command line use this too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from engines.accounting import StageRecord
from engines.artifacts import Clustering, Dataset, IssueResult
from engines.errors import ParameterError, UserError
from engines.keys import digest
from engines.pipeline import OnValue, Run, Values
from engines.protocols import Progress, Ranking, SourceOptions, no_progress
from engines.recipe import Recipe, registry
from explorer import tables
from explorer.geometry import nearest_rows, rows_inside
from explorer.media import Media
from explorer.rowwise import Tags, Words
from explorer.selection import Selection
from explorer.standing import Named, Rows, Standing, rows_of
from explorer.workspace import Workspace, is_hub_id

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from engines.advice import Advice
    from engines.cluster.agreement import Agreement
    from engines.curate.state import State
    from engines.decisions import Decision, DecisionLog
    from engines.idsets import Roster
    from explorer.encoders import EncoderChoice, ModelOffer
    from explorer.searching import SearchOffer

T = TypeVar("T")


def _as_text(source: Path) -> str:
    path = str(source) if is_hub_id(source) else str(source.resolve())
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class Explorer:
    """A source with everything known about it: values, decisions, tables. Safe to share between threads and browser tabs."""

    def __init__(
        self,
        sources: Path | Sequence[Path],
        options: SourceOptions,
        recipe: Recipe,
        workspace: Workspace,
        *,
        verify: bool = False,
    ) -> None:
        self.sources = (sources,) if isinstance(sources, Path) else tuple(sources)
        self.options = options
        self.recipe = recipe
        self.workspace = workspace
        self.values = Values()
        self.records: list[StageRecord] = []
        self.revision = 0
        self.keep_maps = False
        """Whether maps stay in place when rows were added or removed since they were shown; off, the result hangs on no history."""
        self._verify = verify
        self._standing = Standing(workspace.decisions_path)
        self._media: Media | None = None
        self._lock = threading.RLock()
        self._cache: dict[str, tuple[tuple[int, int], Any]] = {}
        self._pending: Values | None = None

    # -- what it is ----------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Give the name of the source, as a person reads it."""
        return " + ".join(text.rstrip("/").rpartition("/")[2] or text for text in map(_as_text, self.sources))

    @property
    def source_text(self) -> str:
        """Give the paths of the sources as text; undecodable bytes become backslash escapes."""
        return " + ".join(map(_as_text, self.sources))

    @property
    def ds(self) -> str:
        """Give a short key of the source for addresses."""
        return digest(*(str(source.resolve()) for source in self.sources))[:12]

    @property
    def dataset(self) -> Dataset:
        """Give the rows.

        Raises:
            UserError: before ``analyze`` has read them.
        """
        if self.values.dataset is None:
            raise UserError("the source has not been read yet", "call analyze() first")
        return self.values.dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __repr__(self) -> str:
        rows = "not read yet" if self.values.dataset is None else f"{len(self.values.dataset):,} rows"
        return f"<Explorer {self.name!r}: {rows}>"

    # -- compute -------------------------------------------------------------------------------------------------------

    def analyze(self, progress: Progress = no_progress, on_value: OnValue | None = None) -> Explorer:
        """Compute what is not in the workspace; values arrive in ``values`` one by one, each raises ``revision``.

        Raises:
            Cancelled: when ``progress`` raises it; what was finished stays.
            DatasetExplorerError: see ``engines.errors``.
        """
        fresh = self._pending or self.values

        def arrived(stage: str, name: str) -> None:
            with self._lock:
                # The old map stays on the screen until there is a new one, and rows never mix with another encoder's values.
                if self.values is not fresh and (stage == "project" or not self.values.projections):
                    self.values, self._pending = fresh, None
                self.revision += 1
                if stage == "embed" and fresh.dataset is not None:
                    self.log.use_roster(self._standing.roster(fresh.dataset, fresh.facts))
            if on_value is not None:
                on_value(stage, name)

        run = Run(
            sources=self.sources,
            options=self.options,
            recipe=self.recipe,
            store=self.workspace.store,
            verify=self._verify,
            keep_maps=self.keep_maps,
            on_value=arrived,
            values=fresh,
        )
        self.records = run.records
        run(progress)
        return self

    @property
    def encoders(self) -> list[EncoderChoice]:
        """List the encoders of this data set, the one that feeds the map first."""
        from explorer.encoders import choices

        return choices(self)

    def use_encoder(self, name: str) -> None:
        """Let another encoder feed the map and the checks at the next ``analyze``; decisions stay, what was computed is found again.

        Raises:
            ParameterError: when there is no such encoder.
        """
        others = [other for other in (*self.values.spaces, *self.recipe.encoders) if other != name]
        recipe = replace(self.recipe, encoders=(name, *dict.fromkeys(others)))
        recipe.check(vectors=tuple(self.values.spaces))
        self.recipe = recipe
        self._start_over()

    def reopen(self, roles: Mapping[str, str | None]) -> None:
        """Read the source with other columns (image, text, label, split, id, caption) at the next ``analyze``.

        Raises:
            UserError: for a part that no column can play.
        """
        unknown = set(roles) - {"image", "text", "label", "split", "id", "caption"}
        if unknown:
            raise UserError(
                f"no column can be the {', '.join(sorted(unknown))} of a row", "label, split, id, text, image, caption"
            )
        chosen: dict[str, Any] = {role: column or None for role, column in roles.items()}
        self.options = replace(self.options, **chosen)
        self._start_over()

    def _start_over(self) -> None:
        """Begin with new values; whoever looks at the old ones keeps them until there is a new map."""
        with self._lock:
            self._pending = Values()

    def redraw(self) -> None:
        """Lay the maps out from nothing at the next ``analyze``, where ``keep_maps`` would keep them in place."""
        from engines.keeping import forget

        forget(self.workspace.store)
        self._start_over()

    def compare(self, one: str, other: str) -> Agreement:
        """Compare two clusterings by the names of their engines, or one with the labels (``"label"``).

        Raises:
            ParameterError: when there is no such clustering.
        """
        from explorer.groupings import compare

        return compare(self, one, other)

    @property
    def agreements(self) -> dict[tuple[str, str], Agreement]:
        """Compare every clustering with every other and with the labels."""
        from explorer.groupings import agreements

        known = self.values.dataset is not None
        return self._derived("agreements", lambda: agreements(self), decided=False) if known else {}

    def advise(self, progress: Progress = no_progress) -> Advice:
        """Say what speaks for which number of clusters: coding length, silhouette and stability of k-means.

        Raises:
            UserError: before ``analyze`` has found neighbors.
        """
        from explorer.groupings import advise

        return advise(self, progress)

    @property
    def known_advice(self) -> Advice | None:
        """Give what ``advise`` found before."""
        from explorer.groupings import known_advice

        return known_advice(self)

    @property
    def comparison(self) -> list[dict[str, Any]]:
        """Say how the embeddings compare, one row per encoder; empty until it was computed."""
        found = self.values.comparison
        return [] if found is None else found.table.to_pylist()

    @property
    def model_offer(self) -> ModelOffer | None:
        """Offer a better model that can be downloaded, once the analysis is done; None offline or where an encoder was chosen."""
        from explorer.encoders import offered

        return offered(self) if self.values.comparison is not None else None

    def fetch_model(self, progress: Progress = no_progress) -> None:
        """Download the offered model and use it at the next ``analyze``.

        Raises:
            EnvironmentFault: when the machine is offline or the disk is full.
            Cancelled: when ``progress`` raises it.
        """
        from explorer.encoders import fetch

        wanted = self.model_offer
        if wanted is not None:
            fetch(wanted.model)(progress)
            self.use_encoder(wanted.model)

    # -- search --------------------------------------------------------------------------------------------------------

    @property
    def search_offer(self) -> SearchOffer | None:
        """Say how this data set can be searched by words; None where it cannot (yet)."""
        from explorer.searching import offer

        return offer(self)

    def search(self, query: str, progress: Progress = no_progress) -> Ranking:
        """Rank all rows by how well they fit words; the first query may take seconds, since a model is loaded.

        Raises:
            ParameterError: for an empty query, or a data set that cannot be searched.
        """
        from explorer.searching import search

        return search(self, query, progress)

    # -- decisions -----------------------------------------------------------------------------------------------------

    @property
    def log(self) -> DecisionLog:
        """Give the log of decisions, opened on first use."""
        return self._standing.log

    @property
    def roster(self) -> Roster:
        """Give the ids of the rows, with the hash of each one's file or text where rows have either."""
        return self._standing.roster(self.dataset, self.values.facts)

    @property
    def state(self) -> State:
        """Give what the decisions amount to for the rows as they are now."""
        return self._derived("state", lambda: self._standing.state(self.roster))

    def replayed(self, entries: Iterable[Decision]) -> State:
        """Replay any list of decisions over the rows; ids that vanished are found again by content."""
        from engines.curate.state import Replay

        return Replay(self.roster).over(entries)

    def contents(self) -> Sequence[str]:
        """Give the hash of each row's file or text; empty where rows have neither."""
        return self.roster.contents

    def decide(
        self,
        action: str,
        rows: Named = (),
        *,
        value: Any = None,
        check: str | None = None,
        why: str = "",
    ) -> Decision:
        """Append a decision about rows, given by number or id; when this returns it is on the disk.

        Raises:
            DecisionError: for an unknown action, unknown rows, or a value that does not fit.
            ParameterError: for an unknown check.
            EnvironmentFault: when the log cannot be written.
        """
        if isinstance(check, str) and check:
            registry("issues").entry(check)
        return self.log.append(action, self.ids_of(rows), value=value, check=check, why=why, run_key=self.dataset.key)

    def undo(self) -> Decision | None:
        """Undo this author's latest decision that still stands; None when there is none."""
        return self.log.undo()

    def redo(self) -> Decision | None:
        """Bring back what this author undid last; None when there is nothing."""
        return self.log.redo()

    def ids_of(self, rows: Named) -> list[str]:
        """Give the ids of rows that are named by number or id.

        Raises:
            DecisionError: for a number or id that is not in the data set.
        """
        roster = self.roster
        return [roster.ids[row] for row in rows_of(roster, rows).tolist()]

    def read_decisions(self, path: str | Path) -> State:
        """Replay the decisions of a ``decisions.jsonl`` over the rows, in place of those in the log.

        Raises:
            DecisionError: when the file cannot be read, or for a line that is no decision.
        """
        from engines.decision_lines import read_jsonl

        return self.replayed(read_jsonl(path))

    def describe(self, decision: Decision) -> str:
        """Say in words what a decision did."""
        from engines.curate.state import describe

        return describe(decision)

    # -- tables --------------------------------------------------------------------------------------------------------

    def decided(self, state: State | None = None) -> tables.Decided:
        """Give the decisions in the form that the tables need."""
        state = state or self.state
        return tables.Decided(
            excluded=state.excluded,
            labels=Words(state.label_names, state.label_codes),
            tags=Tags(state.tagged, state.n),
            thresholds=state.thresholds,
            cluster_names=self.renamed(state),
            own_clusters=self.own_clusters(state),
        )

    @property
    def samples(self) -> pd.DataFrame:
        """Give one row per sample with everything known about it, decisions applied."""
        return self._frame("samples", lambda: self.samples_table(self.decided()))

    def samples_table(self, decided: tables.Decided) -> pa.Table:
        """Give the samples as an Arrow table with any state of the decisions."""
        return tables.with_decisions(self._found(), self.values, decided)

    def _found(self) -> pa.Table:
        return self._derived("found", lambda: tables.found_table(self.values, self.recipe.chosen("project")), decided=False)

    @property
    def issues(self) -> pd.DataFrame:
        """Give what is flagged, worst first per check."""
        return self._frame("issues", lambda: tables.issues_table(self.values, self.decided()))

    @property
    def clusters(self) -> pd.DataFrame:
        """Give the clusters of all layers with their names."""
        return self._frame("clusters", lambda: tables.clusters_table(self.values, self.decided()))

    @property
    def rejects(self) -> pd.DataFrame:
        """Give what could not be used, with the reasons."""
        return self._frame("rejects", lambda: self.dataset.rejects)

    def _frame(self, name: str, make: Callable[[], pa.Table]) -> pd.DataFrame:
        frame: pd.DataFrame = self._derived(name, lambda: make().to_pandas())
        return frame

    def _derived(self, name: str, make: Callable[[], T], *, decided: bool = True) -> T:
        """Keep what was derived until a value arrives or (where it is ``decided``) a decision is made, by any process."""
        with self._lock:
            version = (self.revision, self.log.version if decided else 0)
            known = self._cache.get(name)
            if known is not None and known[0] == version:
                return cast("T", known[1])
            made = make()
            self._cache[name] = (version, made)
            return made

    def select(self, what: str | Named) -> Selection:
        """Select rows by an SQL expression over the columns of ``samples``, by ids, or by row numbers.

        Raises:
            ParameterError: when the expression cannot be read.
            DecisionError: for an id or number that is not there.
        """
        if isinstance(what, str):
            return Selection(self, np.flatnonzero(self.where(what)))
        return Selection(self, rows_of(self.roster, what))

    def where(self, expression: str) -> npt.NDArray[np.bool_]:
        """Tell for which rows an SQL expression over the columns of ``samples`` is true.

        Raises:
            ParameterError: when it cannot be read, takes too long or is more than one expression.
        """
        from engines.curate.where import where

        self.dataset  # noqa: B018 - says what is missing before the rows are read
        found = self._derived("without_nan", lambda: tables.without_nan(self._found()), decided=False)
        table = self._derived("where", lambda: tables.with_decisions(found, self.values, self.decided()))
        return where(table, expression)

    def export(self, to: str | Path, **options: Any) -> dict[str, Any]:
        """Write the rows that stay into the new folder ``to``; see ``explorer.leaving.export``."""
        from explorer.leaving import export

        return export(self, Path(to).expanduser(), **options)

    def show(self, **options: Any) -> None:
        """Open this explorer in the browser and serve until interrupted; options are those of ``explorer.server.serve``."""
        from explorer.server import serve

        serve(self, **options)

    # -- looking -------------------------------------------------------------------------------------------------------

    def threshold(self, check: str) -> float:
        """Give the threshold of a check: the person's, else the check's own.

        Raises:
            ParameterError: here and below, for a check that did not run.
        """
        return float(self.state.thresholds.get(check, self.issue(check).threshold))

    def issue(self, check: str) -> IssueResult:
        """Give what a check found."""
        if check not in self.values.issues:
            raise ParameterError(f"no check called {check!r} has run", f"these have: {', '.join(self.values.issues) or 'none'}")
        return self.values.issues[check]

    def severity(self, check: str) -> npt.NDArray[np.float32]:
        """Give the severity of every row; NaN where the check does not apply."""
        return self.issue(check).severity

    def flagged(self, check: str) -> npt.NDArray[np.bool_]:
        """Tell which rows a check flags at the threshold that holds now."""
        return self.issue(check).flagged(self.threshold(check))

    def labels_now(self) -> list[str | None]:
        """Give the labels with the person's own in place of the given ones."""
        return [
            given if decided is None else decided
            for given, decided in zip(self.dataset.labels, self.state.label_decided, strict=True)
        ]

    def cluster_names(self) -> dict[int, str]:
        """Give the names of all clusters of the first clusterer and of those that a person made, their renames included."""
        name = next(iter(self.values.clusterings), None)
        return {**tables.names_of(self.values.names.get(name)), **self.renamed(self.state)} if name else {}

    def renamed(self, state: State) -> dict[int, str]:
        """Carry the person's cluster names over to the clusters as they are now (Jaccard >= 0.5, one to one)."""
        clustering: Clustering | None = next(iter(self.values.clusterings.values()), None)
        return {} if clustering is None else state.cluster_names(clustering.layers)

    def own_clusters(self, state: State) -> npt.NDArray[np.int32] | None:
        """Give the cluster that a person made for each row by merging and splitting, int32 (n), -1 = none; None where nobody made one."""
        clustering: Clustering | None = next(iter(self.values.clusterings.values()), None)
        return None if clustering is None or not state.own_names else state.own_clusters(clustering.layers)

    def neighbors(self, row: int, k: int = 5) -> tuple[Rows, npt.NDArray[np.float32]]:
        """Give the k nearest rows and their similarity (cosine, or minus the distance for euclidean), exact duplicates first."""
        return nearest_rows(self.values.graph, row, k)

    def hit_test(self, polygon: Sequence[Sequence[float]], projection: str) -> Rows:
        """Give the rows whose position on a map lies inside a polygon (data units, rounded to float32, even-odd rule)."""
        return rows_inside(self.values.projections[projection].coords, polygon)

    def thumb(self, row: int) -> bytes | None:
        """Give a row's thumbnail as JPEG; None where there is none."""
        return self._media_of().thumb(row)

    def image(self, row: int, side: int = 1280) -> bytes | None:
        """Give a row's picture, decoded anew, as JPEG of at most ``side`` pixels; None when its file has gone."""
        return self._media_of().picture(row, side)

    def text(self, row: int) -> str | None:
        """Give a row's text; None where the media is something else."""
        media = self.dataset.media_of(row)
        return media if isinstance(media, str) else None

    def _media_of(self) -> Media:
        with self._lock:
            known = self._media
            if known is None or known.dataset is not self.values.dataset:
                known = self._media = Media(self.dataset, self.values.facts, self.workspace.cache_path)
            return known
