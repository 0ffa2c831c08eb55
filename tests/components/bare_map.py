"""The map on a bare page: its data, and what tests ask of it."""

import json
from typing import Any

import numpy as np
from playwright.sync_api import Page

from components.examples.data import points_body
from components.map.face import MapData
from tests.browser import wait_for_map
from tests.components.site import Site

RED, GREEN, GRAY = "#d62728", "#2ca02c", "#8d96a3"


def grid_coords(side: int = 20) -> np.ndarray:
    """Return side * side points on a square grid, spaced 1, shaken a little."""
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    shake = np.random.default_rng(0).uniform(-0.2, 0.2, size=(side * side, 2))
    return (np.stack([x.ravel(), y.ravel()], axis=1) + shake).astype(np.float32)


def put_map(site: Site, coords: np.ndarray, *, state: np.ndarray | None = None, rev: str = "0", **changes: Any) -> MapData:
    """Put the answers for ``coords`` on ``site`` and return the data of the map; left half red, right half green."""
    n = len(coords)
    codes = (coords[:, 0] > np.median(coords[:, 0])).astype("<u2") if n else np.zeros(0, "<u2")
    bits = np.zeros(n, np.uint8) if state is None else state.astype(np.uint8)
    for row in range(min(n, 30)):
        info = {"row": row, "id": str(row), "title": f"title {row}", "lines": ["first line", "second line"], "thumb": True}
        site.put(f"/info/{row}.json", json.dumps(info).encode(), "application/json")
    data: MapData = {
        "ds": "t",
        "n": n,
        "points": {"url": site.put(f"/points/{rev}.bin", points_body(coords, "umap")), "name": "umap", "label": "UMAP"},
        "color": {
            "url": site.put(f"/color/{rev}.bin", codes.tobytes()),
            "kind": "category",
            "palette": [RED, GREEN],
            "missing": GRAY,
        },
        "state": {"url": site.put(f"/state/{rev}.bin", bits.tobytes())},
        "labels": [],
        "thumb": None,
        "info": "/info/{row}.json",
        "caption": "a caption",
        "empty": None,
        "busy": None,
        "selected_count": int(np.count_nonzero(bits & 1)),
    }
    return {**data, **changes}  # type: ignore[typeddict-item]  # a test changes single values by name


def open_map(page: Page, site: Site, data: MapData, *, wait: bool = True, width: int = 900) -> None:
    """Mount the map with ``data``."""
    page.goto(f"{site.url}bare/map?width={width}")
    page.wait_for_function("() => window.loaded")
    mount(page, data, wait=wait)


def mount(page: Page, data: MapData, *, wait: bool = True) -> None:
    """Hand ``data`` to the component, as a rerun does."""
    page.evaluate("(data) => { window.mount(data); }", {**data, "height": "560px"})
    if wait:
        wait_for_map(page)


def color_at(page: Page, row: int) -> list[int]:
    """Return the RGBA that is drawn at ``row``'s place."""
    return page.evaluate(
        """(row) => {
          const { view } = window.__map, { canvas, pixels: ratio } = view.renderer;
          const drawn = window.__map.readPixels();
          const [px, py] = view.camera.project(view.points.x[row], view.points.y[row]);
          const y = Math.floor(py * ratio);
          const line = view.renderer.kind === "2d" ? y : canvas.height - 1 - y;
          const at = 4 * (line * canvas.width + Math.floor(px * ratio));
          return [...drawn.slice(at, at + 4)];
        }""",
        row,
    )


def inked(page: Page) -> int:
    """Return how many pixels are not empty."""
    return page.evaluate(
        "() => { const d = window.__map.readPixels(); let k = 0; for (let i = 3; i < d.length; i += 4) k += d[i] > 0; return k; }"
    )


def sent(page: Page, name: str) -> list[Any]:
    """Return the events of one name that the component has told."""
    return page.evaluate("(name) => window.sent.filter((s) => s[0] === name).map((s) => s[1])", name)


def counts(page: Page) -> dict[str, int]:
    """Return the map's own counts."""
    return page.evaluate("() => window.__map.counts()")
