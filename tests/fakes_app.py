"""The real explorer over values that are there at once, or arrive one by one: what the pages and routes are tried against."""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engines.errors import ExportError, ParameterError
from engines.pipeline import StageRecord
from engines.protocols import SourceOptions
from engines.recipe import Recipe
from explorer.api import Explorer
from explorer.workspace import Workspace
from tests.fakes_shapes import Shapes, draw


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
        folder: Path | None = None,
    ) -> None:
        workspace = Workspace(folder or Path(tempfile.mkdtemp(prefix="fake-explorer-")))
        super().__init__(Path("/data/shapes"), SourceOptions(), Recipe(projectors=("umap", "tsne", "pca")), workspace)
        self.shapes = Shapes(n, labels=labels, flags=flags, hostile=hostile)
        self.pause, self.fail = pause, ""

    def analyze(self, progress: Any = lambda _f, _m: None, on_value: Any = lambda _s, _n: None) -> "FakeExplorer":
        built, values = self.shapes.built, self.values

        def rows() -> None:
            values.facts = built.facts
            values.dataset = built.dataset

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
        return draw(row, int(self.shapes.truth[row]), 192)

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
