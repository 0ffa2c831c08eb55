"""Generated pictures of shapes, texts about them or their measures, with planted issues, as ready values for a fake explorer."""

import io
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw

from engines.artifacts import (
    PAIR_SCHEMA,
    REJECT_SCHEMA,
    Clustering,
    Dataset,
    Embeddings,
    IssueResult,
    Names,
    NeighborGraph,
    PictureFacts,
    Projection,
)
from engines.media import media_table
from engines.spaces import Comparison

SHAPES = ("circle", "square", "triangle", "star", "ring", "cross", "diamond", "hexagon", "moon", "heart", "bar", "grid")
HOSTILE = "<img src=x onerror=alert(1)> **b** :red[c] ![](http://evil.example/x.png)"
COMPARED = [
    {
        "encoder": "shapes",
        "dimensions": 512,
        "knn_accuracy": 0.934,
        "mean_cosine": 0.21,
        "effective_rank": 88.3,
        "neighbor_overlap": 1.0,
    },
    {
        "encoder": "pixels",
        "dimensions": 768,
        "knn_accuracy": 0.412,
        "mean_cosine": 0.83,
        "effective_rank": 21.7,
        "neighbor_overlap": 0.31,
    },
]


@dataclass(frozen=True)
class Built:
    dataset: Dataset
    facts: PictureFacts
    graph: NeighborGraph
    maps: dict[str, Projection]
    clustering: Clustering
    names: Names
    issues: dict[str, IssueResult]
    embeddings: Embeddings
    comparison: Comparison


class Shapes:
    """Rows in 12 classes; ``truth`` is the drawn shape, ``given`` the label, wrong for 4 % of the rows."""

    def __init__(self, n: int, *, labels: bool, flags: bool, hostile: bool, kind: str = "pictures") -> None:
        self.kind = kind
        rng = np.random.default_rng(7)
        self.n, self.rng = n, rng
        k = len(SHAPES)
        self.truth = np.sort(rng.integers(0, k, n))
        given = self.truth.copy()
        wrong = rng.choice(n, n // 25, replace=False) if flags else np.array([], dtype=int)
        given[wrong] = (given[wrong] + 1 + rng.integers(0, k - 1, len(wrong))) % k
        self.wrong = wrong
        self.names = [HOSTILE if hostile and i == 3 else name for i, name in enumerate(SHAPES)]
        self.texts = [self._text(i, t) for i, t in enumerate(self.truth)]
        self.ids = (
            [f"r{i:05d}" for i in range(n)]
            if kind != "pictures"
            else [f"{self.names[g]}/{SHAPES[t]}_{i:04d}.jpg" for i, (g, t) in enumerate(zip(given, self.truth, strict=True))]
        )
        self.given = [self.names[g] if labels else None for g in given]
        self.built = self._build(labels, flags)

    def _text(self, row: int, shape: int) -> str:
        """Write about a shape; the first rows are what is hard to show, and pairs differ in a few words."""
        odd = {
            1: "",
            2: "שלום עולם, זהו טקסט שנקרא מימין לשמאל ומתאר " + SHAPES[shape] + ".",
            3: "first line\n\n    indented second line\n" + HOSTILE,
            4: "long " * 20_000,
        }
        if row in odd and self.n > 100:
            return odd[row]
        how = ("drawn with a thick pen", "cut out of red paper", "seen from far away", "as a child would make it")[row % 4]
        where = ("on the left of the page", "in the middle", "beside a long note about something else")[row % 3]
        return (
            f"I would like to know how the {SHAPES[shape]} number {row // 2} was made: it looks {how}, {where}. Please tell me."
        )

    def _media(self) -> pa.Table:
        held = {"pictures": [i.encode() for i in self.ids], "texts": self.texts}.get(self.kind, [None] * self.n)
        return media_table(pa.array(held, pa.string() if self.kind == "texts" else pa.binary()))

    def _own(self) -> dict[str, pa.Array]:
        n, rng = self.n, self.rng
        year = pa.array(rng.integers(2015, 2026, n))
        if self.kind == "vectors":
            return {}
        if self.kind == "texts":
            return {"year": year}
        if self.kind == "table":
            measures = {name: pa.array(rng.normal(self.truth, 0.4).round(4)) for name in ("length", "width", "weight")}
            return {**measures, "color": pa.array([("red", "green", "blue")[t % 3] for t in self.truth]), "year": year}
        return {"caption": pa.array([f"a drawn {SHAPES[t]}" for t in self.truth]), "year": year}

    def _origin(self) -> dict[str, Any]:
        if self.kind in ("pictures", "vectors"):
            return {"reader": "folder", "format": "folder", "labels": "folders", "roles": {}, "columns": [], "names": {}}
        columns = ["id", "kind", *(["text"] if self.kind == "texts" else list(self._own()))]
        roles = {"id": "id", "label": "kind", **({"text": "text"} if self.kind == "texts" else {})}
        features = ["length", "width", "weight", "color"] if self.kind == "table" else []
        return {"reader": "tables", "format": "csv", "roles": roles, "columns": columns, "names": {}, "features": features}

    def _build(self, labels: bool, flags: bool) -> Built:
        n, rng, k = self.n, self.rng, len(SHAPES)
        split = ["train" if u < 0.8 else "test" for u in rng.random(n)]
        rows = pa.table(
            {
                "id": pa.array(self.ids),
                "path": pa.array(self.ids),
                "label": pa.array(self.given, pa.string()),
                "split": pa.array(split),
                **self._own(),
            }
        )
        dataset = Dataset(
            key="dataset",
            kind=self.kind,
            source="shapes",
            root="/data/shapes",
            rows=rows,
            media=self._media(),
            stats=np.zeros((0, 3), np.int64),
            rejects=REJECT_SCHEMA.empty_table(),
            origin=self._origin(),
            media_key="m",
            columns_key="c",
        )
        facts = {
            name: pa.array(np.zeros(n), kind)
            if not pa.types.is_string(kind) and not pa.types.is_fixed_size_binary(kind)
            else pa.array([b"x" * kind.byte_width if pa.types.is_fixed_size_binary(kind) else "x"] * n, kind)
            for name, kind in PictureFacts.COLUMNS.items()
        }
        facts["width"], facts["height"] = pa.array([320] * n, pa.int32()), pa.array([240] * n, pa.int32())
        facts["file_size"] = pa.array(rng.integers(9_000, 90_000, n), pa.int64())
        centers = {name: self._centers(k, seed) for name, seed in (("umap", 3), ("tsne", 5), ("pca", 11))}
        spread = {"umap": 0.55, "tsne": 0.8, "pca": 1.5}
        shares = np.random.default_rng(7).beta(2, 6, (2, n)).astype(np.float32)
        maps = {
            name: Projection(
                key=f"points-{name}",
                name=name,
                coords=(c[self.truth] + rng.normal(0, spread[name], (n, 2))).astype(np.float32),
                torn=shares[0],
                false=shares[1],
            )
            for name, c in centers.items()
        }
        coarse = (self.truth // 2).astype(np.int32)
        fine = (self.truth + k // 2).astype(np.int32)
        finest = (2 * self.truth + (rng.random(n) < 0.4) + k // 2 + k).astype(np.int32)
        noise = rng.random(n) < 0.01
        coarse[noise], fine[noise], finest[noise] = -1, -1, -1
        clustering = Clustering(
            key="clusters",
            name="leiden",
            layers=np.stack([coarse, fine, finest]),
            default_layer=1,
            strength=rng.uniform(0.2, 1, n).astype(np.float32),
        )
        words = (
            [f"{self.names[2 * i]} & {SHAPES[2 * i + 1]}" for i in range(k // 2)]
            + self.names
            + [f"{'large' if i % 2 else 'small'} {SHAPES[i // 2]}" for i in range(2 * k)]
        )
        names = Names(
            key="names",
            table=pa.table(
                {
                    "cluster": pa.array(range(len(words)), pa.int32()),
                    "name": words,
                    "second_name": words,
                    "source": ["captions"] * len(words),
                    "score": pa.array([0.9] * len(words), pa.float32()),
                },
                schema=Names.SCHEMA,
            ),
        )
        return Built(
            dataset=dataset,
            facts=PictureFacts(key="facts", facts=pa.table(facts)),
            graph=_graph(maps["umap"].coords),
            maps=maps,
            clustering=clustering,
            names=names,
            issues=self._issues(labels, flags),
            embeddings=Embeddings(
                key="vectors", encoder="shapes", vectors=maps["umap"].coords, probabilities=np.zeros((n, 0), np.float16)
            ),
            comparison=Comparison(key="compared", table=pa.Table.from_pylist(COMPARED, schema=Comparison.SCHEMA)),
        )

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

        def result(
            name: str, raw: np.ndarray, suggestion: dict[int, str], reason: dict[int, str], pairs: list[Any]
        ) -> IssueResult:
            details = pa.table(
                {
                    "suggestion": pa.array([suggestion.get(i) for i in range(n)], pa.string()),
                    "reason": pa.array([reason.get(i) for i in range(n)], pa.string()),
                }
            )
            table = pa.Table.from_pylist(pairs, schema=PAIR_SCHEMA) if pairs else PAIR_SCHEMA.empty_table()
            return IssueResult(
                key=name,
                check_name=name,
                scope="row",
                raw=raw.astype(np.float32),
                cut=0.5,
                scale=0.2,
                details=details,
                pairs=table,
            )

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
            "label_issue": result(
                "label_issue",
                issue if labels else np.full(n, np.nan),
                {int(i): self.names[self.truth[i]] for i in self.wrong},
                {
                    int(
                        i
                    ): f"14 of its 15 nearest neighbors are labeled {self.names[self.truth[i]]}; none shares the given label."
                    for i in self.wrong
                },
                [],
            ),
            "outlier": result(
                "outlier",
                outlier,
                {},
                {int(i): "Its 10th neighbor is farther away than for 99 % of the rows." for i in odd},
                [],
            ),
            "near_duplicate": result("near_duplicate", dup, {}, {}, pairs),
        }
        empty = result("leak", np.full(n, np.nan), {}, {}, [])
        skipped = {
            **{f: getattr(empty, f) for f in ("key", "scope", "raw", "cut", "scale", "details", "pairs")},
            "check_name": "leak",
            "skipped": "needs splits",
        }
        found["leak"] = IssueResult(**skipped)
        if not labels:
            found["label_issue"] = IssueResult(**{**skipped, "check_name": "label_issue", "skipped": "needs labels"})
        return found


def _graph(coords: np.ndarray, k: int = 15) -> NeighborGraph:
    """Give the neighbors on the map itself, which is enough for a screen."""
    distance = np.hypot(coords[:, None, 0] - coords[None, :, 0], coords[:, None, 1] - coords[None, :, 1])
    np.fill_diagonal(distance, np.inf)
    order = np.argsort(distance, axis=1)[:, :k].astype(np.int32)
    near = np.take_along_axis(distance, order, axis=1)
    n = len(coords)
    return NeighborGraph(
        key="graph",
        metric="cosine",
        indices=order,
        distances=(near / (near.max() + 1)).astype(np.float32),
        unique_of=np.arange(n, dtype=np.int32),
        representative=np.arange(n, dtype=np.int32),
        center=np.zeros(2, np.float32),
        nodes=coords,
        mean_cosine=0.0,
        recall=1.0,
    )


@lru_cache(maxsize=4096)
def draw(row: int, shape: int, side: int) -> bytes:
    rng = np.random.default_rng(row)
    hue = (shape / len(SHAPES) + rng.normal(0, 0.03)) % 1
    color = tuple(int(127 + 110 * math.cos(2 * math.pi * (hue + s))) for s in (0, 0.33, 0.67))
    ground = tuple(int(230 + rng.integers(-25, 25)) for _ in range(3))
    picture = Image.new("RGB", (side, side * 3 // 4), ground)
    pen = ImageDraw.Draw(picture)
    w, h = picture.size
    r = h * rng.uniform(0.25, 0.42)
    x, y = w * rng.uniform(0.35, 0.65), h * rng.uniform(0.42, 0.58)
    sides = {"triangle": 3, "diamond": 4, "square": 4, "hexagon": 6}.get(SHAPES[shape])
    turn = rng.uniform(0, math.pi)
    if sides:
        pen.regular_polygon((x, y, r), sides, rotation=math.degrees(turn), fill=color)
    elif SHAPES[shape] in ("star", "heart", "cross"):
        points = [
            (
                x + math.cos(turn + i * math.pi / 5) * r * (1 if i % 2 else 0.45),
                y + math.sin(turn + i * math.pi / 5) * r * (1 if i % 2 else 0.45),
            )
            for i in range(10)
        ]
        pen.polygon(points, fill=color)
    elif SHAPES[shape] in ("ring", "moon"):
        pen.ellipse((x - r, y - r, x + r, y + r), outline=color, width=max(int(r / 3), 2))
    elif SHAPES[shape] in ("bar", "grid"):
        for i in range(4):
            pen.rectangle((x - r, y - r + i * r / 2, x + r, y - r + i * r / 2 + r / 4), fill=color)
    else:
        pen.ellipse((x - r, y - r, x + r, y + r), fill=color)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()
