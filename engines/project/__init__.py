"""Stage project: where does each row lie on a map, so that what is alike lies together?"""

from __future__ import annotations

from engines.registry import Entry, Registry

ENGINES = Registry(
    stage="project",
    table={
        "umap": Entry("engines.project.umap:Umap", "UMAP: clear islands, good overview", ("numba",)),
        "tsne": Entry("engines.project.tsne:Tsne", "t-SNE: keeps the nearest neighbors best", ("numba",)),
        "pca": Entry("engines.project.pca:Pca", "PCA: the two directions of largest variance, at once and exact"),
        "heat": Entry(
            "engines.project.heat:Heat", "Heat: distances along the data, for what grows, branches or turns back", ("numba",)
        ),
        "opentsne": Entry(
            "engines.project.open_tsne:OpenTsne", "t-SNE with openTSNE's own descent, to compare with", ("openTSNE",)
        ),
        "umap-learn": Entry(
            "engines.project.umap_learn:UmapLearn", "UMAP with umap-learn's own descent, to compare with", ("umap",)
        ),
    },
)

__all__ = ["ENGINES"]
