"""t-SNE from the shared graph: affinities calibrated to the perplexity or all alike, then a descent."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from engines.artifacts import Float32, NeighborGraph, Projection
from engines.parameters import Doc, Range, engine, speed_only
from engines.project.affinities import calibrated, uniform
from engines.project.axes import small, starting_places
from engines.project.descent import Descent, Phase
from engines.project.placement import laid_out
from engines.protocols import Progress, available_threads, no_progress, part

PERPLEXITY_UP_TO = 100_000
UNIFORM_K = 15
MOMENTUM_EARLY = 0.5
MOMENTUM = 0.8


@engine
class Tsne:
    """Lay out the graph by t-SNE (van der Maaten 2014) with the schedule of FIt-SNE (Linderman et al. 2019; Belkina et al. 2019).

    The start is PCA. In the early phase the attraction is multiplied by ``early_exaggeration``; ``exaggeration`` multiplies it later (late
    exaggeration: 1 is plain t-SNE, 1.5 to 4 draw clusters together), from round ``late_from`` on. The learning rate is the number
    of nodes over the exaggeration of the phase, momentum is 0.5 early and 0.8 later.

    Affinities ``perplexity`` are calibrated to it, with chord lengths sqrt(2 d) in place of cosine distances; they need a graph of three
    times as many neighbors, and the perplexity is lowered to a third of those that there are. ``uniform``: the 15 nearest neighbors weigh
    the same, a sixth of the edges; at 10,000 to 200,000 rows this keeps as many neighbors. ``auto``: perplexity where the
    graph holds its neighbors and has at most 100,000 nodes, else uniform.

    The schedule is the same at all sizes: 200,000 nodes take 70 CPU seconds, and fewer rounds keep fewer neighbors (see
    docs/benchmarks.md). The repulsion is that of ``interpolation.Mesh`` (all pairs up to 1,000 nodes).
    """

    name: ClassVar[str] = "tsne"
    version: ClassVar[int] = 3
    packages: ClassVar[tuple[str, ...]] = ("numba",)
    isolated: ClassVar[bool] = True

    affinities: Annotated[
        Literal["auto", "perplexity", "uniform"],
        Doc("which neighbors attract: calibrated to the perplexity, the 15 nearest alike, or whichever the graph allows"),
    ] = "auto"
    perplexity: Annotated[float, Range(2, 300), Doc("effective number of neighbors; needs a graph of three times as many")] = (
        30.0
    )
    early_exaggeration: Annotated[float, Range(1, 100), Doc("attraction in the early phase, which forms the clusters")] = 12.0
    early_rounds: Annotated[int, Range(0, 10_000), Doc("rounds of early exaggeration")] = 250
    exaggeration: Annotated[float, Range(1, 12), Doc("late exaggeration: 1 = plain, more = tighter clusters")] = 1.0
    late_from: Annotated[
        int | None, Range(0), Doc("round from which late exaggeration holds; none = when early exaggeration ends")
    ] = None
    n_iter: Annotated[int, Range(1, 10_000), Doc("rounds after those of early exaggeration")] = 500
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the random numbers")] = 0
    threads: Annotated[int | None, Range(1), Doc("processor threads; none = all")] = speed_only(None)

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Projection:
        """Lay the nodes out; the same seed gives the same bytes on any number of threads.

        ``notes``: ``perplexity`` or ``uniform_neighbors``, whichever was used, and ``kl_divergence``.

        Raises:
            Cancelled: when ``progress`` asks for it.
        """
        return laid_out(self, graph, partial(self._layout, graph), progress)

    def phases(self) -> list[Phase]:
        """Give the rounds in their order: early, perhaps plain, then late."""
        plain = 0 if self.late_from is None else min(max(self.late_from - self.early_rounds, 0), self.n_iter)
        return [
            Phase(
                rounds=self.early_rounds,
                exaggeration=max(self.early_exaggeration, self.exaggeration),
                momentum=MOMENTUM_EARLY,
            ),
            Phase(rounds=plain, exaggeration=1.0, momentum=MOMENTUM),
            Phase(rounds=self.n_iter - plain, exaggeration=self.exaggeration, momentum=MOMENTUM),
        ]

    def _layout(self, graph: NeighborGraph, progress: Progress) -> tuple[Float32, dict[str, Any]]:
        start = starting_places(graph.nodes, self.seed, progress=part(progress, 0.0, 0.03))
        if not graph.k:
            return start.astype(np.float32), {"without_neighbors": True}
        affinities, notes = self._affinities(graph, part(progress, 0.03, 0.06))
        descent = Descent(
            affinities,
            small(start),
            threads=self.threads or available_threads(),
        )
        descent.run(self.phases(), part(progress, 0.06, 1.0))
        notes["kl_divergence"] = round(descent.divergence(), 4)
        return descent.places.astype(np.float32), notes

    def _affinities(self, graph: NeighborGraph, progress: Progress) -> tuple[Any, dict[str, Any]]:
        """Give the symmetric matrix of affinities (m, m), which sums to 1, and what was used."""
        threads = self.threads or available_threads()
        perplexity = min(self.perplexity, (graph.m - 1) / 3)
        enough = int(3 * perplexity) <= graph.k and graph.m <= PERPLEXITY_UP_TO
        if self.affinities == "perplexity":
            perplexity, enough = min(perplexity, graph.k / 3), True
        k = int(3 * perplexity)
        if self.affinities != "uniform" and enough and perplexity >= 1:
            # A cosine distance is half the square of a chord.
            squared = graph.metric == "cosine"
            near = graph.indices[:, :k], graph.distances[:, :k]
            found = calibrated(*near, perplexity, squared=squared, threads=threads, progress=progress)
            return found, {"perplexity": round(perplexity, 2)}
        k = min(UNIFORM_K, graph.k)
        return uniform(graph.indices[:, :k], threads=threads, progress=progress), {"uniform_neighbors": k}
