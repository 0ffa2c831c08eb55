"""Run a recipe: dataset -> embeddings -> graph -> maps, clusters, names, issues: asks the store first and computes only what is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import numpy as np
import pyarrow as pa

from engines.accounting import ENCODING, Clock, Meter, StageRecord, shares
from engines.artifacts import (
    PAIR_SCHEMA,
    Clustering,
    Dataset,
    Embeddings,
    IssueResult,
    Measure,
    Names,
    NeighborGraph,
    PictureFacts,
    Projection,
)
from engines.ingestion import further_spaces, ingest_source
from engines.keeping import Keeper, latest, remember
from engines.keys import chain, digest
from engines.protocols import Evidence, JointEncoder, Progress, SourceOptions, available_threads, no_progress, part, titled
from engines.recipe import Recipe, registry
from engines.running import run_engine
from engines.spaces import Comparison, Lexicon
from engines.stages import Stages, Task, isolated
from engines.store import Store
from engines.value import Artifact

A = TypeVar("A", bound=Artifact)

OnValue = Callable[[str, str], None]
"""Called with stage and name when a value has arrived in ``Values``."""

STAGE_ORDER = ("embed", "neighbors", "project", "cluster", "name", "measure", "issues", "compare")
SKETCH_FROM = 20_000
"""Rows from which a sketch comes before the map."""
FEW_THREADS = 2


def _nobody_listens(stage: str, name: str) -> None:
    """Ignore the arrival of a value."""


@dataclass(kw_only=True)
class Values:
    """What a run has computed so far; filled in while it runs."""

    dataset: Dataset | None = None
    facts: PictureFacts | None = None
    embeddings: Embeddings | None = None
    graph: NeighborGraph | None = None
    projections: dict[str, Projection] = field(default_factory=dict)
    clusterings: dict[str, Clustering] = field(default_factory=dict)
    names: dict[str, Names] = field(default_factory=dict)
    measures: dict[str, Measure] = field(default_factory=dict)
    issues: dict[str, IssueResult] = field(default_factory=dict)
    spaces: dict[str, Embeddings] = field(default_factory=dict)
    """All embeddings of the rows by encoder, the one that feeds the map among them."""
    comparison: Comparison | None = None


@dataclass(kw_only=True)
class Run:
    """One pass of a recipe over a source."""

    sources: Sequence[Path]
    options: SourceOptions
    recipe: Recipe
    store: Store
    verify: bool = False
    keep_maps: bool = False
    on_value: OnValue = _nobody_listens
    values: Values = field(default_factory=Values)
    _stages: Stages = field(init=False, repr=False)
    _shares: Mapping[str, float] = field(default_factory=dict, repr=False)
    _given: Mapping[str, Embeddings] = field(default_factory=dict, repr=False)
    _encoder: Any = field(default=None, repr=False)
    _keeper: Keeper | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Make the desk that all stages go over."""
        self._stages = Stages(store=self.store)

    @property
    def records(self) -> list[StageRecord]:
        """What the stages did, in the order in which they ended; in that of the flow once the run is over."""
        return self._stages.records

    def __call__(self, progress: Progress = no_progress) -> Values:
        """Compute everything that the recipe names and the store does not hold.

        Raises:
            Cancelled: when ``progress`` asks for it; what was finished is in the store.
            DatasetExplorerError: see ``engines.errors``.
        """
        self.recipe.check()
        meter = Meter(progress)
        self._ingest(meter)
        start = self._sketch(meter)
        graph = self._graph(meter.step("neighbors", self._shares["neighbors"]))
        projectors = self.recipe.chosen("project")
        # A map that costs next to nothing first: a person sees the data while the good maps are computed. Of many rows there is a sketch.
        cheap = [name for name in projectors if not registry("project").load(name).isolated]
        quick = cheap if graph.m < SKETCH_FROM else []
        for name in quick:
            self._project(name, graph, meter.step(name, 0.01))
        self._keeper = self._earlier(graph) if self.keep_maps else None
        slow = sorted((name for name in projectors if name not in quick), key=lambda name: name not in {*cheap, projectors[0]})
        # Clusters and checks go on beside the maps; on few processors one map at a time, so that the first is there soon.
        with ThreadPoolExecutor(max_workers=2 if available_threads() > FEW_THREADS else 1) as pool:
            steps = [(name, meter.step(name, self._shares["project"] / len(slow))) for name in slow]
            maps = [pool.submit(self._project, name, graph, step, start.get(name)) for name, step in steps]
            try:
                self._clusters(graph, meter)
                self._measures(meter)
                self._checks(meter)
                for future in maps:
                    future.result()
                self._compare(meter)
            except BaseException:
                meter.cancel()  # the maps beside us must stop too before the pool can be left
                raise
        if self.keep_maps:
            self._remember()
        self.records.sort(key=lambda record: STAGE_ORDER.index(record.stage))
        progress(1.0, "done")
        return self.values

    def _ingest(self, meter: Meter) -> None:
        clock, progress = Clock(), meter.step("embed", ENCODING)
        result = ingest_source(self.sources, self.options, self.recipe, self.store, verify=self.verify, progress=progress)
        self.values.dataset, self.values.facts, self.values.embeddings = result.dataset, result.facts, result.embeddings
        name = result.embeddings.encoder
        self.values.spaces[name] = result.embeddings
        self._given, self._encoder = result.given, result.engine if name not in result.given else None
        self._stages.record(
            "embed", name, result.engine, result.embeddings.key, cached=result.cached, usage=clock.stop(result.notes)
        )
        self._shares = shares(len(result.dataset), encoded=name not in result.given and not result.cached)
        meter.step("embed", self._shares["embed"])(1.0, name)
        self.on_value("embed", name)

    def _compare(self, meter: Meter) -> None:
        """Compute the embeddings that the recipe names beside the first, and say how all of them compare."""
        from engines.compare import compare

        evidence = self._evidence()
        assert evidence.dataset is not None
        others = further_spaces(evidence.dataset, self._given, self.recipe, self.store)
        self.values.spaces |= {name: value for name, value in self._given.items() if name not in self.values.spaces}
        step = meter.step("compare", self._shares["compare"])
        for name, make in others:
            clock = Clock()
            made = make(part(step, 0.0, 0.9))
            lost = len(evidence.dataset) - len(made.dataset)
            if lost:
                # Embeddings of one data set have the same rows.
                made.notes["left_out"] = f"it gives no vector for {lost:,} of the rows"
            else:
                self.values.spaces[name] = made.embeddings
            self._stages.record(
                "embed", name, made.engine, made.embeddings.key, cached=made.cached, usage=clock.stop(made.notes)
            )
        clock = Clock()
        self.values.comparison, cached = compare(self.values.spaces, evidence.dataset, self.store, part(step, 0.9, 1.0))
        self._stages.record("compare", "encoders", None, self.values.comparison.key, cached=cached, usage=clock.stop())
        self.on_value("compare", "encoders")

    def _graph(self, progress: Progress) -> NeighborGraph:
        embeddings = self._evidence().embeddings
        assert embeddings is not None
        assert self.values.dataset is not None
        recipe = self.recipe.for_kind(self.values.dataset.kind)
        name = recipe.chosen("neighbors")[0]
        engine = recipe.engine("neighbors", name)
        key = chain("neighbors", engine, [embeddings.key], name=name)
        job = None
        if isolated(engine, len(embeddings)):
            job = self._stages.job("neighbors", name, engine, embeddings, key)

        def compute(progress: Progress) -> NeighborGraph:
            return cast(NeighborGraph, run_engine(engine, embeddings, titled(progress, name)))

        graph = self._stages.do(Task("neighbors", name, engine, NeighborGraph, key, compute, job), progress)
        self.values.graph = graph
        self.on_value("neighbors", name)
        return graph

    def _sketch(self, meter: Meter) -> dict[str, Projection]:
        """Show a map of a sample, with all rows placed, where the graph of neighbors and the map itself will take a while."""
        embeddings, dataset = self.values.embeddings, self.values.dataset
        assert embeddings is not None
        assert dataset is not None
        if len(embeddings) < SKETCH_FROM or "umap" not in self.recipe.chosen("project"):
            return {}
        if self.keep_maps and latest(self.store, embeddings.encoder) is not None:
            return {}  # a map that the person knows will be there soon
        from engines.project.coarse import coarse_key, coarse_map

        recipe = self.recipe.for_kind(dataset.kind)
        engine, metric = recipe.engine("project", "umap"), recipe.metric or "cosine"
        step = meter.step("sketch", self._shares["sketch"])

        def compute(progress: Progress) -> Projection:
            return coarse_map(embeddings, engine, metric, progress=progress)

        task = Task("project", "sketch", engine, Projection, coarse_key(embeddings, engine, metric), compute)
        found = self._stages.do(task, step)
        self.values.projections["umap"] = found
        self.on_value("project", "umap")
        return {"umap": found}

    def _earlier(self, graph: NeighborGraph) -> Keeper | None:
        """Find the maps that were shown last for this encoder."""
        dataset, embeddings = self.values.dataset, self.values.embeddings
        assert dataset is not None
        assert embeddings is not None
        atlas = latest(self.store, embeddings.encoder)
        if atlas is None:
            return None
        return Keeper(store=self.store, atlas=atlas, dataset=dataset, embeddings=embeddings, graph=graph)

    def _remember(self) -> None:
        dataset, embeddings = self.values.dataset, self.values.embeddings
        assert dataset is not None
        assert embeddings is not None
        shown = {name: (made, self.recipe.engine("project", name)) for name, made in self.values.projections.items()}
        remember(self.store, dataset, embeddings, shown)

    def _project(self, name: str, graph: NeighborGraph, progress: Progress, start: Projection | None = None) -> None:
        clock = Clock()
        engine = self.recipe.engine("project", name)
        kept = self._keeper(name, engine, progress) if self._keeper is not None else None
        if kept is None:
            kept = self._from_graph("project", name, Projection, graph, progress, start=start)
        else:
            progress(1.0, name)
            self._stages.record("project", name, engine, kept.key, cached=True, usage=clock.stop())
        self.values.projections[name] = kept
        self.on_value("project", name)

    def _clusters(self, graph: NeighborGraph, meter: Meter) -> None:
        chosen = self.recipe.chosen("cluster")
        for name in chosen:
            step = meter.step(f"cluster {name}", self._shares["cluster"] / len(chosen))
            clustering = self._from_graph("cluster", name, Clustering, graph, step)
            self.values.clusterings[name] = clustering
            self._name(name, clustering, meter.step(f"name {name}", self._shares["name"] / len(chosen)))
            self.on_value("cluster", name)

    def _name(self, clusterer: str, clustering: Clustering, progress: Progress) -> None:
        name = self.recipe.chosen("name")[0]
        engine = self.recipe.engine("name", name)
        evidence = self._evidence(clustering)
        if "lexicon" in (*engine.needs, *engine.uses):
            evidence = replace(evidence, lexicon=self._lexicon(engine, evidence, part(progress, 0.0, 0.8)))
        key = chain("name", engine, [clustering.key, *evidence.keys((*engine.needs, *engine.uses))], name=name)
        self.values.names[clusterer] = self._stages.do(
            Task("name", name, engine, Names, key, partial(run_engine, engine, evidence)), progress
        )

    def _lexicon(self, namer: Any, evidence: Evidence, progress: Progress) -> Lexicon | None:
        """Place the words that clusters may be called by in the space of the pictures, where the encoder has a text tower."""
        if not isinstance(self._encoder, JointEncoder):
            return None
        from engines.lexicon import lexicon

        assert evidence.embeddings is not None
        return lexicon(namer.vocabulary_of(evidence), self._encoder, evidence.embeddings.encoder, self.store, progress)

    def _measures(self, meter: Meter) -> None:
        evidence = self._evidence()
        chosen = self.recipe.chosen("measure")
        for name in chosen:
            engine = self.recipe.engine("measure", name)
            step = meter.step(f"measure {name}", self._shares["measure"] / len(chosen))
            if all(evidence.has(need) for need in engine.needs):
                key = chain("measure", engine, evidence.keys((*engine.needs, *engine.uses)), name=name)
                compute = partial(run_engine, engine, evidence)
                self.values.measures[name] = self._stages.do(Task("measure", name, engine, Measure, key, compute), step)
            step(1.0, name)
            self.on_value("measure", name)

    def _checks(self, meter: Meter) -> None:
        evidence = self._evidence()
        chosen = self.recipe.chosen("issues")
        for name in chosen:
            engine = self.recipe.engine("issues", name)
            step = meter.step(f"check {name}", self._shares["issues"] / len(chosen))
            missing = [need for need in engine.needs if not evidence.has(need)]
            if missing:
                self.values.issues[name] = skipped(name, engine.scope, len(evidence.dataset), missing)
            else:
                key = chain("issues", engine, evidence.keys((*engine.needs, *engine.uses)), name=name)
                compute = partial(run_engine, engine, evidence)
                self.values.issues[name] = self._stages.do(Task("issues", name, engine, IssueResult, key, compute), step)
            step(1.0, name)
            self.on_value("issues", name)

    def _from_graph(
        self, stage: str, name: str, cls: type[A], graph: NeighborGraph, progress: Progress, *, start: Projection | None = None
    ) -> A:
        """Run an engine that sees the graph, and perhaps an earlier map, in a worker process where it asks for one."""
        engine = self.recipe.engine(stage, name)
        further = {} if start is None else {"start": start}
        key = chain(stage, engine, [graph.key, *(value.key for value in further.values())], name=name)
        job = self._stages.job(stage, name, engine, graph, key, further=further) if isolated(engine, graph.m) else None

        def compute(progress: Progress) -> A:
            return cast(A, run_engine(engine, graph, titled(progress, name), further))

        return self._stages.do(Task(stage, name, engine, cls, key, compute, job), progress)

    def _evidence(self, clustering: Clustering | None = None) -> Evidence:
        assert self.values.dataset is not None
        return Evidence(
            dataset=self.values.dataset,
            embeddings=self.values.embeddings,
            graph=self.values.graph,
            facts=self.values.facts,
            clustering=clustering,
        )


def skipped(name: str, scope: Literal["row", "class", "dataset"], n: int, missing: Sequence[str]) -> IssueResult:
    """Make the result of a check that could not run because its needs are not met."""
    nothing = pa.nulls(n, pa.string())
    return IssueResult(
        key=digest("skipped", name, str(n), *missing),
        check_name=name,
        scope=scope,
        raw=np.full(n, np.nan, dtype=np.float32),
        cut=0.0,
        scale=1.0,
        details=pa.table({"suggestion": nothing, "reason": nothing}),
        pairs=PAIR_SCHEMA.empty_table(),
        skipped=f"needs {' and '.join(missing)}",
    )
