"""t-SNE with the affinities and the descent of openTSNE itself, from the shared graph: what our own is held against."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np

from engines.artifacts import Float32, NeighborGraph, Projection
from engines.parameters import Doc, Range, engine, speed_only
from engines.project.axes import small, starting_places
from engines.project.placement import laid_out
from engines.protocols import Progress, available_threads, no_progress, part

FFT_FROM = 6_000
EARLY_FROM = 50
"""Nodes from which there is an early phase: among fewer everyone is everyone's neighbor, and it draws them into one point for good."""
THREADS_PAY_FROM = 1_000
UNIFORM_K = 15
EARLY_ROUNDS = 250
EARLY_EXAGGERATION = 12
CALL_EVERY = 10


@engine
class OpenTsne:
    """Lay out the graph by openTSNE (Policar, Strazar, Zupan 2024): FIt-SNE (Linderman et al. 2019), below 6,000 nodes Barnes and Hut's tree.

    The maps are as good as those of the engine tsne, for some ten times its processor time. Affinities are chosen as there: calibrated to
    ``perplexity``, with chord lengths sqrt(2 d) in place of cosine distances, where the graph holds three times as many neighbors, else the 15 nearest
    weigh the same. The affinities are one call, which a cancel waits for.
    """

    name: ClassVar[str] = "opentsne"
    version: ClassVar[int] = 2
    packages: ClassVar[tuple[str, ...]] = ("openTSNE",)
    isolated: ClassVar[bool] = True

    perplexity: Annotated[float, Range(2, 300), Doc("effective number of neighbors; needs a graph of three times as many")] = (
        30.0
    )
    exaggeration: Annotated[float, Range(1, 12), Doc("late exaggeration: 1 = plain, more = tighter clusters")] = 1.0
    n_iter: Annotated[int, Range(1, 10_000), Doc("rounds after the 250 of early exaggeration")] = 500
    seed: Annotated[int, Range(0, 2**32 - 1), Doc("seed of the random numbers")] = 0
    threads: Annotated[int | None, Range(1), Doc("processor threads; none = all")] = speed_only(None)

    def __call__(self, graph: NeighborGraph, *, progress: Progress = no_progress) -> Projection:
        """Lay the nodes out; the same seed gives the same bytes on any number of threads."""
        return laid_out(self, graph, partial(self._layout, graph), progress)

    def _layout(self, graph: NeighborGraph, progress: Progress) -> tuple[Float32, dict[str, Any]]:
        start = starting_places(graph.nodes, self.seed, progress=part(progress, 0.0, 0.03))
        if not graph.k:
            return start.astype(np.float32), {"without_neighbors": True}
        progress(0.03, "affinities")
        from openTSNE import TSNEEmbedding

        affinities, notes = self._affinities(graph)
        embedding = TSNEEmbedding(
            small(start),
            affinities,
            negative_gradient_method="fft" if graph.m >= FFT_FROM else "bh",
            random_state=self.seed,
            n_jobs=self.threads or (available_threads() if graph.m >= THREADS_PAY_FROM else 1),
        )
        done = 0
        # The schedule of openTSNE.TSNE, with the momentum of the original method in the early phase.
        early = EARLY_ROUNDS if graph.m >= EARLY_FROM else 0
        for rounds, exaggeration, momentum in ((early, EARLY_EXAGGERATION, 0.5), (self.n_iter, self.exaggeration, 0.8)):
            embedding.optimize(
                n_iter=rounds,
                exaggeration=max(exaggeration, self.exaggeration),
                momentum=momentum,
                inplace=True,
                propagate_exception=True,
                callbacks=_Reporter(progress, done, early + self.n_iter),
                callbacks_every_iters=CALL_EVERY,
            )
            done += rounds
        notes["kl_divergence"] = round(float(embedding.kl_divergence), 4)
        return np.asarray(embedding, dtype=np.float32), notes

    def _affinities(self, graph: NeighborGraph) -> tuple[Any, dict[str, Any]]:
        """Make a fresh affinity object: optimization changes it in place, and a second run from it would differ."""
        from openTSNE.affinity import PerplexityBasedNN, Uniform
        from openTSNE.nearest_neighbors import PrecomputedNeighbors

        perplexity = min(self.perplexity, (graph.m - 1) / 3)
        k = int(3 * perplexity)
        if perplexity >= 1 and k <= graph.k:
            distances = graph.distances[:, :k].astype(np.float64)
            table = PrecomputedNeighbors(
                graph.indices[:, :k].astype(np.int64), np.sqrt(2 * distances) if graph.metric == "cosine" else distances
            )
            return PerplexityBasedNN(knn_index=table, perplexity=perplexity), {"perplexity": round(perplexity, 2)}
        k = min(UNIFORM_K, graph.k)
        table = PrecomputedNeighbors(graph.indices[:, :k].astype(np.int64), graph.distances[:, :k].astype(np.float64))
        return Uniform(knn_index=table, k_neighbors=k, symmetrize="mean"), {"uniform_neighbors": k}


class _Reporter:
    """Tell progress of the rounds; whatever progress raises leaves the optimization."""

    def __init__(self, progress: Progress, done: int, whole: int) -> None:
        self._progress, self._done, self._whole = progress, done, whole

    def __call__(self, iteration: int, error: float, embedding: Any) -> bool:  # noqa: ARG002 (openTSNE's signature)
        done = self._done + iteration
        self._progress(0.05 + 0.95 * done / self._whole, f"round {done} of {self._whole}, KL divergence {error:.2f}")
        return False
