"""The real explorer over values that are there at once, or arrive one by one: what the pages and routes are tried against."""

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engines.accounting import StageRecord
from engines.errors import ExportError, ParameterError
from engines.protocols import Ranking, SourceOptions
from engines.recipe import Recipe
from explorer.api import Explorer
from explorer.encoders import EncoderChoice, ModelOffer
from explorer.searching import SearchOffer
from explorer.workspace import Workspace
from tests.fakes_shapes import SHAPES, Shapes, draw


class FakeExplorer(Explorer):
    """Drawn shapes in 12 classes with planted label issues, outliers, duplicates; computes nothing but may wait a little.

    Decisions, states, tables and filters are those of the product, over a workspace in a temporary folder.
    """

    def __init__(
        self,
        n: int = 800,
        *,
        pause: float = 0.0,
        labels: bool = True,
        flags: bool = True,
        hostile: bool = False,
        kind: str = "pictures",
        folder: Path | None = None,
    ) -> None:
        workspace = Workspace(folder or Path(tempfile.mkdtemp(prefix="fake-explorer-")))
        super().__init__(Path("/data/shapes"), SourceOptions(), Recipe(projectors=("umap", "tsne", "pca")), workspace)
        self.shapes = Shapes(n, labels=labels, flags=flags, hostile=hostile, kind=kind)
        self.pause, self.fail = pause, ""
        self.search_pause, self.search_fail = 0.0, ""
        self.search_held: Path | None = None
        self.searchable, self.offers = kind in ("pictures", "texts"), False
        self.asked: list[str] = []
        self.reopened: list[Mapping[str, str | None]] = []
        self.current = "shapes"

    def analyze(self, progress: Any = lambda _f, _m: None, on_value: Any = lambda _s, _n: None) -> "FakeExplorer":
        built, values = self.shapes.built, self.values

        def rows() -> None:
            values.facts = built.facts if built.dataset.kind == "pictures" else None
            values.dataset = built.dataset
            values.embeddings = built.embeddings

        def graph() -> None:
            values.graph = built.graph
            values.projections["pca"] = built.maps["pca"]

        def clusters() -> None:
            values.names["leiden"] = built.names
            values.clusterings["leiden"] = built.clustering

        steps: list[tuple[str, str, Callable[[], None]]] = [
            ("embed", "shapes", rows),
            ("project", "pca", graph),
            ("cluster", "leiden", clusters),
            ("project", "umap", lambda: values.projections.update(umap=built.maps["umap"])),
            ("issues", "label_issue", lambda: values.issues.update(built.issues)),
            ("project", "tsne", lambda: values.projections.update(tsne=built.maps["tsne"])),
            ("compare", "encoders", lambda: setattr(values, "comparison", built.comparison)),
        ]
        for number, (stage, name, put) in enumerate(steps):
            for part in range(10):
                progress((number + part / 10) / len(steps), f"{name}: part {part + 1} of 10")
                if self.pause:
                    time.sleep(self.pause / 10)
            if self.fail and number == 3:
                raise ParameterError(self.fail, "try another value")
            put()
            self.revision += 1
            self.records.append(
                StageRecord(
                    stage=stage,
                    name=name,
                    engine=name.title(),
                    key=f"k{number}",
                    cached=number < 1,
                    parameters={"seed": 0},
                    seconds=0.4 * number,
                    cpu_seconds=0.3,
                    peak_rss=2**28,
                )
            )
            on_value(stage, name)
        progress(1.0, "done")
        return self

    @property
    def search_offer(self) -> SearchOffer | None:
        if not self.searchable or self.values.embeddings is None:
            return None
        return SearchOffer(
            engine="fake", placeholder="star, ring, moon", note="Knows shapes by their names; not colors or counts."
        )

    def search(self, query: str, progress: Any = lambda _f, _m: None) -> Ranking:
        """Rank by the names of shapes: rows of a named shape score 0.5 and more."""
        self.asked.append(query)
        time.sleep(self.search_pause)
        while self.search_held is not None and self.search_held.exists():
            time.sleep(0.05)
        if self.search_fail:
            raise ParameterError(self.search_fail, "try another word")
        progress(0.5, "searching")
        named = [code for code, name in enumerate(SHAPES) if name in query.lower()]
        if not named:
            return Ranking(
                scores=np.zeros(self.shapes.n, np.float32), cut=1.0, engine="fake", notes=("No word is known here.",)
            )
        scores = np.random.default_rng(len(query)).uniform(0, 0.4, self.shapes.n)
        scores[np.isin(self.shapes.truth, named)] += 0.5
        return Ranking(scores=scores.astype(np.float32), cut=0.45, engine="fake")

    @property
    def encoders(self) -> list[EncoderChoice]:
        if self.values.dataset is None:
            return []
        names = {"shapes": "Shapes", "pixels": "Raw pixels"}
        return [
            EncoderChoice(name=name, label=label, ready=True, current=name == self.current, note="")
            for name, label in names.items()
        ]

    def use_encoder(self, name: str) -> None:
        if name == "broken":
            raise ParameterError("there is no such encoder", "choose another one")
        self.current = name

    def reopen(self, roles: Mapping[str, str | None]) -> None:
        if "nonsense" in roles.values():
            raise ParameterError("there is no column nonsense", "choose another one")
        self.reopened.append(roles)

    @property
    def model_offer(self) -> ModelOffer | None:
        words = "Names and search get better with CLIP, a download of 605 MB, once."
        return ModelOffer(model="clip", size=605_000_000, words=words) if self.offers else None

    def fetch_model(self, progress: Any = lambda _f, _m: None) -> None:
        if self.fail:
            raise ParameterError(self.fail, "try another value")
        for part in range(10):
            progress(part / 10, "downloading")
            time.sleep(self.pause)
        self.offers, self.current = False, "clip"

    @property
    def rejects(self) -> Any:
        row = {
            "id": "star/broken_17.jpg",
            "path": "star/broken_17.jpg",
            "row": None,
            "stage": "embed",
            "reason": "truncated JPEG",
        }
        return pa.Table.from_pylist([row]).to_pandas()

    def thumb(self, row: int) -> bytes | None:
        return None if self.shapes.kind != "pictures" else draw(row, int(self.shapes.truth[row]), 192)

    def image(self, row: int, side: int = 1280) -> bytes | None:
        return draw(row, int(self.shapes.truth[row]), min(side, 480))

    def export(self, to: str | Path, **options: Any) -> dict[str, Any]:
        target = Path(to)
        if target.exists():
            raise ExportError(f"{target} exists already", "choose another folder; nothing is overwritten")
        keep = ~self.state.excluded
        if options.get("where"):
            keep &= self.where(options["where"])
        options["progress"](0.5, "writing")
        target.mkdir(parents=True)
        (target / "export.json").write_text(json.dumps({"rows": int(keep.sum())}), encoding="utf-8")
        return {"path": str(target), "rows": int(np.count_nonzero(keep))}


def opened(**options: Any) -> FakeExplorer:
    """Give a fake whose values have all arrived."""
    return FakeExplorer(**options).analyze()
