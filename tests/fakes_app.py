"""An explorer over generated pictures with the face of the real one: what the pages and routes are tried against."""

import io
import json
import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from PIL import Image, ImageDraw

from engines.artifacts import (
    PAIR_SCHEMA,
    REJECT_SCHEMA,
    Clustering,
    Dataset,
    IssueResult,
    Names,
    PictureFacts,
    Projection,
)
from engines.errors import DecisionError, ExportError, ParameterError



@dataclass(kw_only=True)
class Values:
    dataset: Dataset | None = None
    facts: PictureFacts | None = None
    embeddings: None = None
    graph: object = None
    projections: dict[str, Projection] = field(default_factory=dict)
    clusterings: dict[str, Clustering] = field(default_factory=dict)
    names: dict[str, Names] = field(default_factory=dict)
    issues: dict[str, IssueResult] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StageRecord:
    stage: str
    name: str
    engine: str
    key: str
    cached: bool
    parameters: dict[str, Any]
    seconds: float
    cpu_seconds: float
    peak_rss: int


SHAPES = ("circle", "square", "triangle", "star", "ring", "cross", "diamond", "hexagon", "moon", "heart", "bar", "grid")


@dataclass(frozen=True)
class FakeDecision:
    action: str
    rows: tuple[int, ...]
    value: Any = None
    check: str | None = None


@dataclass
class FakeState:
    excluded: np.ndarray
    label_decided: list[str | None]
    tags: list[tuple[str, ...]]
    kept: dict[str, np.ndarray]
    thresholds: dict[str, float]
    renames: dict[int, str]
    excluded_by: np.ndarray
    decisions: dict[int, FakeDecision]


@dataclass
class FakeLog:
    version: int = 0
    done: list[FakeDecision] = field(default_factory=list)
    undone: list[FakeDecision] = field(default_factory=list)

    def undoable(self, who: str | None = None) -> FakeDecision | None:
        return self.done[-1] if self.done else None

    def redoable(self, who: str | None = None) -> FakeDecision | None:
        return self.undone[-1] if self.undone else None


class FakeRecipe:
    def chosen(self, stage: str) -> tuple[str, ...]:
        return {"project": ("umap", "tsne", "pca"), "issues": ("label_issue", "outlier", "near_duplicate", "leak")}.get(stage, ("leiden",))


class FakeExplorer:
    """~800 drawn shapes in 12 classes with planted label issues, outliers, duplicates; computes nothing but waits a little."""

    def __init__(self, n: int = 800, *, pause: float = 0.0, labels: bool = True, flags: bool = True, hostile: bool = False) -> None:
        self.ds, self.name, self.source, self.workspace = "fake0001", "shapes", Path("/data/shapes"), Path("/tmp/shapes")
        self.log, self.values, self.revision, self.who, self.recipe = FakeLog(), Values(), 0, "tester", FakeRecipe()
        self.records: list[StageRecord] = []
        self.rejects = pd.DataFrame(
            [{"id": "star/broken_17.jpg", "path": "star/broken_17.jpg", "row": None, "stage": "embed", "reason": "truncated JPEG"}]
        )
        self.pause, self.fail = pause, ""
        rng = np.random.default_rng(7)
        self.n, self.rng = n, rng
        k = len(SHAPES)
        self.truth = np.sort(rng.integers(0, k, n))
        given = self.truth.copy()
        wrong = rng.choice(n, n // 25, replace=False) if flags else np.array([], dtype=int)
        given[wrong] = (given[wrong] + 1 + rng.integers(0, k - 1, len(wrong))) % k
        self.wrong = wrong
        self.names = ["<img src=x onerror=alert(1)>" if hostile and i == 3 else name for i, name in enumerate(SHAPES)]
        self.ids = [f"{self.names[g]}/{SHAPES[t]}_{i:04d}.jpg" for i, (g, t) in enumerate(zip(given, self.truth, strict=True))]
        self.given = [self.names[g] if labels else None for g in given]
        self._values = self._build(labels, flags)

    def _build(self, labels: bool, flags: bool) -> dict[str, Any]:
        n, rng, k = self.n, self.rng, len(SHAPES)
        split = ["train" if u < 0.8 else "test" for u in rng.random(n)]
        rows = pa.table(
            {
                "id": pa.array(self.ids), "path": pa.array(self.ids), "label": pa.array(self.given, pa.string()),
                "split": pa.array(split), "caption": pa.array([f"a drawn {SHAPES[t]}" for t in self.truth]),
                "year": pa.array(rng.integers(2015, 2026, n)),
            }
        )
        dataset = Dataset(
            key="dataset", kind="pictures", source="shapes", root="/data/shapes", rows=rows,
            media=pa.table({"path": pa.array([i.encode() for i in self.ids])}), stats=np.zeros((0, 3), np.int64),
            rejects=REJECT_SCHEMA.empty_table(), media_key="m", columns_key="c",
        )
        facts = {name: pa.array(np.zeros(n), kind) if not pa.types.is_string(kind) and not pa.types.is_fixed_size_binary(kind)
                 else pa.array([("x" * 256).encode() if pa.types.is_fixed_size_binary(kind) else "x"] * n, kind)
                 for name, kind in PictureFacts.COLUMNS.items()}
        facts["width"], facts["height"] = pa.array([320] * n, pa.int32()), pa.array([240] * n, pa.int32())
        facts["file_size"] = pa.array(rng.integers(9_000, 90_000, n), pa.int64())
        centers = {name: self._centers(k, seed) for name, seed in (("umap", 3), ("tsne", 5), ("pca", 11))}
        spread = {"umap": 0.55, "tsne": 0.8, "pca": 1.5}
        maps = {
            name: Projection(key=f"points-{name}", name=name,
                             coords=(c[self.truth] + rng.normal(0, spread[name], (n, 2))).astype(np.float32))
            for name, c in centers.items()
        }
        coarse = (self.truth // 2).astype(np.int32)
        fine = (self.truth + k // 2).astype(np.int32)
        finest = (2 * self.truth + (rng.random(n) < 0.4) + k // 2 + k).astype(np.int32)
        noise = rng.random(n) < 0.01
        coarse[noise], fine[noise], finest[noise] = -1, -1, -1
        clustering = Clustering(key="clusters", name="leiden", layers=np.stack([coarse, fine, finest]), default_layer=1,
                                strength=rng.uniform(0.2, 1, n).astype(np.float32))
        words = [f"{self.names[2 * i]} & {SHAPES[2 * i + 1]}" for i in range(k // 2)] + self.names + [
            f"{'large' if i % 2 else 'small'} {SHAPES[i // 2]}" for i in range(2 * k)]
        names = Names(key="names", table=pa.table(
            {"cluster": pa.array(range(len(words)), pa.int32()), "name": words, "second_name": words,
             "source": ["captions"] * len(words), "score": pa.array([0.9] * len(words), pa.float32())}, schema=Names.SCHEMA))
        return {"dataset": dataset, "facts": PictureFacts(key="facts", facts=pa.table(facts)), "maps": maps,
                "clustering": clustering, "names": names, "issues": self._issues(labels, flags)}

    @staticmethod
    def _centers(k: int, seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        found: list[np.ndarray] = []
        while len(found) < k:
            at = rng.uniform([-9, -6], [9, 6])
            if all(np.hypot(*(at - other)) > 3.1 for other in found):
                found.append(at)
        return np.array(found)

    def _issues(self, labels: bool, flags: bool) -> dict[str, IssueResult]:
        n, rng = self.n, self.rng

        def result(name: str, raw: np.ndarray, suggestion: dict[int, str], reason: dict[int, str], pairs: list[Any]) -> IssueResult:
            details = pa.table({"suggestion": pa.array([suggestion.get(i) for i in range(n)], pa.string()),
                                "reason": pa.array([reason.get(i) for i in range(n)], pa.string())})
            table = pa.Table.from_pylist(pairs, schema=PAIR_SCHEMA) if pairs else PAIR_SCHEMA.empty_table()
            return IssueResult(key=name, check_name=name, scope="row", raw=raw.astype(np.float32), cut=0.5, scale=0.2,
                               details=details, pairs=table)

        quiet = rng.beta(2, 9, n) * 0.49
        issue, outlier, dup = quiet.copy(), rng.beta(2, 8, n) * 0.49, np.zeros(n)
        pairs = []
        odd = rng.choice(n, 8, replace=False) if flags else []
        if flags:
            issue[self.wrong] = rng.uniform(0.6, 2.5, len(self.wrong))
            outlier[odd] = rng.uniform(0.6, 2.0, 8)
            for a in range(0, n - 30, max(n // 12, 25)):
                for b in range(a + 1, a + 2 + a % 3):
                    pairs.append({"a": a, "b": b, "score": 1.0})
                    dup[[a, b]] = 1.0
        found = {
            "label_issue": result("label_issue", issue if labels else np.full(n, np.nan),
                                  {int(i): self.names[self.truth[i]] for i in self.wrong},
                                  {int(i): f"14 of its 15 nearest neighbors are labeled {self.names[self.truth[i]]}; none shares the given label."
                                   for i in self.wrong}, []),
            "outlier": result("outlier", outlier, {}, {int(i): "Its 10th neighbor is farther away than for 99 % of the rows." for i in odd}, []),
            "near_duplicate": result("near_duplicate", dup, {}, {}, pairs),
        }
        empty = result("leak", np.full(n, np.nan), {}, {}, [])
        skipped = {**{f: getattr(empty, f) for f in ("key", "scope", "raw", "cut", "scale", "details", "pairs")},
                   "check_name": "leak", "skipped": "needs splits"}
        found["leak"] = IssueResult(**skipped)
        if not labels:
            found["label_issue"] = IssueResult(**{**skipped, "check_name": "label_issue", "skipped": "needs labels"})
        return found

    def analyze(self, progress: Callable[[float, str], None] = lambda _f, _m: None,
                on_value: Callable[[str, str], None] = lambda _s, _n: None) -> "FakeExplorer":
        built, values = self._values, self.values
        steps: list[tuple[str, str, Callable[[], None]]] = [
            ("read", "shapes", lambda: (setattr(values, "dataset", built["dataset"]), setattr(values, "facts", built["facts"]))[0]),
            ("project", "pca", lambda: (values.projections.update(pca=built["maps"]["pca"]), setattr(values, "graph", object()))[0]),
            ("cluster", "leiden", lambda: (values.names.update(leiden=built["names"]), values.clusterings.update(leiden=built["clustering"]))[0]),
            ("project", "umap", lambda: values.projections.update(umap=built["maps"]["umap"])),
            ("issues", "checks", lambda: values.issues.update(built["issues"])),
            ("project", "tsne", lambda: values.projections.update(tsne=built["maps"]["tsne"])),
        ]
        for number, (stage, name, put) in enumerate(steps):
            for part in range(10):
                progress((number + part / 10) / len(steps), f"{stage} {name}")
                if self.pause:
                    time.sleep(self.pause / 10)
            if self.fail and number == 3:
                raise ParameterError(self.fail, "try another value")
            put()
            self.revision += 1
            self.records.append(StageRecord(stage=stage, name=name, engine=name.title(), key=f"k{number}", cached=number < 1,
                                            parameters={"seed": 0}, seconds=0.4 * number, cpu_seconds=0.3, peak_rss=2**28))
            on_value(stage, name)
        progress(1.0, "done")
        return self

    @property
    def state(self) -> FakeState:
        n = self.n
        state = FakeState(np.zeros(n, bool), [None] * n, [()] * n, {}, {}, {}, np.full(n, -1), dict(enumerate(self.log.done)))
        for seq, d in enumerate(self.log.done):
            rows = list(d.rows)
            if d.action in ("exclude", "restore"):
                state.excluded[rows] = d.action == "exclude"
                state.excluded_by[rows] = seq
            elif d.action == "relabel":
                for row in rows:
                    state.label_decided[row] = d.value
            elif d.action in ("tag", "untag"):
                for row in rows:
                    state.tags[row] = tuple(sorted({*state.tags[row], d.value} if d.action == "tag" else {*state.tags[row]} - {d.value}))
            elif d.action == "keep":
                state.kept.setdefault(d.check or "", np.zeros(n, bool))[rows] = True
            elif d.action == "threshold":
                state.thresholds[d.check or ""] = d.value
            elif d.action == "rename":
                state.renames[rows[0] if rows else 0] = d.value
        return state

    def decide(self, action: str, rows: Sequence[int] = (), *, value: Any = None, check: str | None = None, why: str = "") -> FakeDecision:
        if action == "relabel" and not value:
            raise DecisionError("a label is needed", "type one")
        made = FakeDecision(action, tuple(int(r) for r in rows), value, check)
        self.log.done.append(made)
        self.log.undone.clear()
        self.log.version += 1
        return made

    def undo(self) -> FakeDecision | None:
        if not self.log.done:
            return None
        made = self.log.done.pop()
        self.log.undone.append(made)
        self.log.version += 1
        return made

    def redo(self) -> FakeDecision | None:
        if not self.log.undone:
            return None
        made = self.log.undone.pop()
        self.log.done.append(made)
        self.log.version += 1
        return made

    def describe(self, decision: FakeDecision) -> str:
        items = f"{len(decision.rows)} item{'s' if len(decision.rows) != 1 else ''}"
        words = {"exclude": f"Excluded {items}", "restore": f"Restored {items}", "relabel": f"Relabeled {items} as {decision.value}",
                 "tag": f"Tagged {items} {decision.value}", "keep": f"Kept {items}", "threshold": f"Set a threshold to {decision.value}"}
        return words.get(decision.action, decision.action)

    def threshold(self, check: str) -> float:
        return self.state.thresholds.get(check, self.values.issues[check].threshold)

    def severity(self, check: str) -> np.ndarray:
        return self.values.issues[check].severity

    def flagged(self, check: str) -> np.ndarray:
        return self.values.issues[check].flagged(self.threshold(check))

    def cluster_names(self) -> dict[int, str]:
        table = self.values.names["leiden"].table.to_pydict() if "leiden" in self.values.names else {"cluster": [], "name": []}
        return dict(zip(table["cluster"], table["name"], strict=True)) | self.state.renames

    def labels_now(self) -> list[str | None]:
        return [new if new is not None else old for new, old in zip(self.state.label_decided, self.given, strict=True)]

    def neighbors(self, row: int, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
        coords = self._values["maps"]["umap"].coords
        distance = np.hypot(*(coords - coords[row]).T)
        distance[row] = np.inf
        order = np.argsort(distance)[:k]
        return order, (1 - distance[order] / 9).astype(np.float32)

    def where(self, sql: str) -> np.ndarray:
        frame = pd.DataFrame({"label": self.labels_now(), "year": self.values.dataset.rows.column("year").to_numpy()})
        try:
            return frame.eval(sql).to_numpy(dtype=bool)
        except Exception as error:
            raise ParameterError(f"the filter is no SQL condition: {str(error)[:80]}", "for example: label = 'star'") from error

    def thumb(self, row: int) -> bytes | None:
        return self._draw(row, 192)

    def image(self, row: int, side: int = 1280) -> bytes | None:
        return self._draw(row, min(side, 480))

    def text(self, row: int) -> str | None:
        return None

    def _draw(self, row: int, side: int) -> bytes | None:
        rng = np.random.default_rng(row)
        hue = (self.truth[row] / len(SHAPES) + rng.normal(0, 0.03)) % 1
        color = tuple(int(127 + 110 * math.cos(2 * math.pi * (hue + s))) for s in (0, 0.33, 0.67))
        ground = tuple(int(230 + rng.integers(-25, 25)) for _ in range(3))
        image = Image.new("RGB", (side, side * 3 // 4), ground)
        draw = ImageDraw.Draw(image)
        w, h = image.size
        r = h * rng.uniform(0.25, 0.42)
        x, y = w * rng.uniform(0.35, 0.65), h * rng.uniform(0.42, 0.58)
        sides = {"triangle": 3, "diamond": 4, "square": 4, "hexagon": 6}.get(SHAPES[self.truth[row]])
        turn = rng.uniform(0, math.pi)
        if sides:
            draw.regular_polygon((x, y, r), sides, rotation=math.degrees(turn), fill=color)
        elif SHAPES[self.truth[row]] in ("star", "heart", "cross"):
            points = [(x + math.cos(turn + i * math.pi / 5) * r * (1 if i % 2 else 0.45), y + math.sin(turn + i * math.pi / 5) * r * (1 if i % 2 else 0.45)) for i in range(10)]
            draw.polygon(points, fill=color)
        elif SHAPES[self.truth[row]] in ("ring", "moon"):
            draw.ellipse((x - r, y - r, x + r, y + r), outline=color, width=max(int(r / 3), 2))
        elif SHAPES[self.truth[row]] in ("bar", "grid"):
            for i in range(4):
                draw.rectangle((x - r, y - r + i * r / 2, x + r, y - r + i * r / 2 + r / 4), fill=color)
        else:
            draw.ellipse((x - r, y - r, x + r, y + r), fill=color)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=85)
        return out.getvalue()

    def hit_test(self, polygon: np.ndarray, projection_name: str) -> np.ndarray:
        p = np.asarray(polygon, dtype=np.float32).astype(np.float64)
        x, y = self.values.projections[projection_name].coords.astype(np.float64).T
        inside = np.zeros(len(x), bool)
        for (x1, y1), (x2, y2) in zip(p, np.roll(p, -1, axis=0), strict=True):
            crosses = (y1 > y) != (y2 > y)
            if y1 != y2:
                inside ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
        return np.flatnonzero(inside)

    def export(self, to: str | Path, format: str = "folder", where: str | None = None, link: str = "copy",  # noqa: A002  the name is the contract
               progress: Callable[[float, str], None] = lambda _f, _m: None) -> dict[str, Any]:
        target = Path(to)
        if target.exists():
            raise ExportError(f"{target} exists already", "choose another folder; nothing is overwritten")
        keep = ~self.state.excluded
        if where:
            keep &= self.where(where)
        partial = target.with_name(target.name + ".part")
        labels = self.labels_now()
        for row in np.flatnonzero(keep):
            folder = partial / (labels[row] or "no label")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / Path(self.ids[row]).name).write_bytes(self._draw(int(row), 64) or b"")
        (partial / "export.json").write_text(json.dumps({"rows": int(keep.sum())}), encoding="utf-8")
        shutil.move(partial, target)
        return {"path": str(target), "rows": int(keep.sum()), "dropped": int((~keep).sum())}


def opened(**options: Any) -> FakeExplorer:
    """Give a fake whose values have all arrived."""
    return FakeExplorer(**options).analyze()


__all__ = ["FakeDecision", "FakeExplorer", "opened"]
