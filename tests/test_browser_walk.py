"""One walk through the product in a real browser: open the sample, select, decide, undo, export, and look at the disk."""

import csv
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from engines.export.folder import KEPT_NAMES
from tests.browser import drag, wait_for_map, watched_page

pytestmark = pytest.mark.browser

LIMIT = 160
SECONDS = 600


@dataclass(frozen=True)
class Served:
    """A running workbench: its address with the token, and what ``analyze`` writes about the same workspace."""

    url: str
    samples: pd.DataFrame
    log: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("walk")
    environment = {
        **os.environ,
        "DATASET_EXPLORER_HOME": str(folder / "home"),
        "PYTHONUNBUFFERED": "1",
        "OMP_WAIT_POLICY": "passive",
    }
    log = folder / "server.log"
    options = ["--limit", str(LIMIT), "--projector", "umap,pca"]
    with log.open("w", encoding="utf-8") as out:
        command = [sys.executable, "-m", "explorer.cli", "demo", "--no-browser", *options]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
    try:
        url = wait_for_line(log, r"http://\S+token=\S+", process)
        source = subprocess.run(
            [sys.executable, "-c", "import sample_data; print(sample_data.path('fluent_emoji'))"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        # Waits for the values that the server computes, since each is computed once per workspace.
        command = [sys.executable, "-m", "explorer.cli", "analyze", source, "--out", str(folder / "out"), *options]
        subprocess.run(command, env=environment, check=True, timeout=SECONDS, capture_output=True)
        yield Served(url=url, samples=pd.read_parquet(folder / "out" / "samples.parquet"), log=log)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for_line(log: Path, pattern: str, process: subprocess.Popen[bytes]) -> str:
    for _ in range(SECONDS * 10):
        found = re.search(pattern, log.read_text(encoding="utf-8"))
        if found:
            return found.group(0)
        assert process.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(0.1)
    raise AssertionError(f"no address after {SECONDS} s: {log.read_text(encoding='utf-8')}")


def inside(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Tell which points lie in a polygon, by the even-odd rule."""
    x, y = points.T
    odd = np.zeros(len(points), dtype=bool)
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, 1, axis=0), strict=True):
        if y1 != y2:
            odd ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return odd


def pixels_of(page: Page, samples: pd.DataFrame) -> np.ndarray:
    """Place the exported coordinates in the window, by the places of the rows at the corners of the map."""
    coords = samples[["x", "y"]].to_numpy(dtype=np.float64)
    corners = [int(coords[:, 0].argmin()), int(coords[:, 0].argmax()), int(coords[:, 1].argmin()), int(coords[:, 1].argmax())]
    there = np.array(
        [[at["x"], at["y"]] for at in (page.evaluate("(row) => window.__map.project(row)", row) for row in corners)]
    )
    placed = np.empty_like(coords)
    for axis in (0, 1):
        slope, offset = np.polyfit(coords[corners, axis], there[:, axis], 1)
        placed[:, axis] = slope * coords[:, axis] + offset
    return placed


def gallery_rows(page: Page) -> set[int]:
    """Scroll the gallery from top to bottom and collect the rows that it shows."""
    script = """async () => {
      const root = document.querySelector('.st-key-pictures [data-testid=stBidiComponentIsolated]').shadowRoot.querySelector('.gallery');
      const rows = new Set();
      const pause = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      for (root.scrollTop = 0; ; root.scrollTop += root.clientHeight / 2) {
        await pause();
        for (const item of root.querySelectorAll('.item')) rows.add(Number(item.dataset.row));
        if (root.scrollTop + root.clientHeight >= root.scrollHeight - 1) return [...rows];
      }
    }"""
    return set(page.evaluate(script))


def enter(page: Page, served: Served) -> None:
    page.goto(served.url)
    wait_for_map(page, SECONDS * 1000)
    # The map starts with the quick projection; the walk is over the first one of the list.
    expect(page.get_by_role("radio", name="UMAP")).to_have_attribute("aria-checked", "true", timeout=SECONDS * 1000)
    expect(page.locator(".st-key-top-bar .progress")).to_be_hidden(timeout=SECONDS * 1000)
    wait_for_map(page)


def lasso(page: Page, points: np.ndarray) -> np.ndarray:
    """Draw a star around the middle of the map and return its corners."""
    box = page.locator(".st-key-middle").bounding_box()
    assert box is not None
    middle = np.median(points, axis=0)
    reach = min(box["width"], box["height"]) * 0.3
    angles = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    radii = np.where(np.arange(10) % 2, reach * 0.55, reach)
    corners = middle + np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None]
    corners[:, 0] = corners[:, 0].clip(box["x"] + 5, box["x"] + box["width"] - 5)
    corners[:, 1] = corners[:, 1].clip(box["y"] + 60, box["y"] + box["height"] - 5)
    corners = corners.round()
    page.get_by_text("Lasso", exact=True).click()
    drag(page, [(float(x), float(y)) for x, y in [*corners, corners[0]]])
    return corners


def near_edge(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Tell which points lie within two pixels of an edge: the mouse path there is rounded to whole pixels."""
    close = np.zeros(len(points), dtype=bool)
    for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        along = end - start
        t = np.clip(((points - start) @ along) / max(along @ along, 1e-9), 0, 1)
        close |= np.linalg.norm(points - (start + t[:, None] * along), axis=1) < 2
    return close


def test_walk(served, browser, tmp_path):
    with watched_page(browser, viewport={"width": 1440, "height": 900}) as (page, watch):
        enter(page, served)
        bar = page.locator(".st-key-bottom")
        samples = served.samples
        assert len(samples) == LIMIT

        # Select: exactly the rows inside the polygon are in the gallery.
        points = pixels_of(page, samples)
        polygon = lasso(page, points)
        expect(bar.locator(".what")).to_contain_text("selected")
        expected, unsure = inside(points, polygon), near_edge(points, polygon)
        shown = np.zeros(LIMIT, dtype=bool)
        shown[list(gallery_rows(page))] = True
        assert expected.sum() > 10
        assert (shown == expected)[~unsure].all()
        count = int(shown.sum())
        expect(bar.locator(".what")).to_have_text(f"{count} selected")

        # Exclude, undo, redo.
        page.keyboard.press("x")
        expect(bar.locator(".history .primary")).to_have_text(f"Export {LIMIT - count} items")
        expect(bar.locator(".undone")).to_have_text(f"Excluded {count} items")
        page.keyboard.press("Control+z")
        expect(bar.locator(".history .primary")).to_have_text(f"Export {LIMIT} items")
        page.keyboard.press("Control+Shift+z")
        expect(bar.locator(".history .primary")).to_have_text(f"Export {LIMIT - count} items")

        # Relabel one that stays: click its point on the map.
        page.keyboard.press("Escape")
        expect(bar.locator(".what")).not_to_contain_text("selected")
        page.get_by_text("Pan", exact=True).click()
        row = lonely_row(points, ~shown, page)
        page.mouse.click(*points[row])
        title = samples["id"][row].rpartition("/")[2]
        expect(page.locator(".st-key-item h3")).to_have_text(title)
        page.keyboard.press("l")
        page.keyboard.type("a new label")
        page.keyboard.press("Enter")
        expect(bar.locator(".undone")).to_have_text(f"Relabeled {title} to a new label")

        # Export: on the disk is exactly what was decided.
        bar.locator(".history .primary").click()
        target = tmp_path / "clean"
        field = page.get_by_role("textbox", name="New folder")
        field.fill(str(target))
        field.press("Enter")
        page.get_by_role("button", name=f"Export {LIMIT - count} items").click()
        expect(page.locator(".st-key-page code")).to_have_text(str(target))
        check_disk(target, samples, shown, row)
        watch.check(page.evaluate("location.host"))
        assert not watch.console, watch.console
    assert "Traceback" not in served.log.read_text(encoding="utf-8")


def lonely_row(points: np.ndarray, allowed: np.ndarray, page: Page) -> int:
    """Return a row whose point can be hit without hitting another one, away from toolbar and names."""
    box = page.locator(".st-key-middle").bounding_box()
    assert box is not None
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    room = distance.min(axis=1)
    room[~allowed | (points[:, 1] < box["y"] + 70)] = -1
    for row in np.argsort(-room):
        x, y = points[row]
        free = page.evaluate(
            "([x, y]) => !document.elementFromPoint(x, y).shadowRoot.elementFromPoint(x, y).closest('.label, .toolbar')", [x, y]
        )
        if free:
            return int(row)
    raise AssertionError("no point stands alone")


def check_disk(target: Path, samples: pd.DataFrame, excluded: np.ndarray, relabeled: int) -> None:
    labels = samples["label"].to_list()
    labels[relabeled] = "a new label"
    with (target / "metadata.csv").open(encoding="utf-8", newline="") as table:
        written = {line["id"]: line for line in csv.DictReader(table)}
    kept = [row for row in range(len(samples)) if not excluded[row]]
    assert set(written) == {samples["id"][row] for row in kept}
    assert {written[samples["id"][row]]["label"] for row in [relabeled]} == {"a new label"}
    files = [path for path in target.rglob("*") if path.is_file() and path.name not in KEPT_NAMES]
    assert sorted(path.parent.name for path in files) == sorted(str(labels[row]) for row in kept)
    assert (target / "export.json").is_file()
    assert len((target / "decisions.jsonl").read_text(encoding="utf-8").splitlines()) == 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_in_light_and_dark(served, browser, scheme):
    with watched_page(browser, viewport={"width": 1280, "height": 800}, color_scheme=scheme) as (page, watch):
        enter(page, served)
        for name, part in (
            ("Issues", ".st-key-queue"),
            ("Clusters", ".st-key-clusters"),
            ("Runs", ".st-key-page"),
            ("Export", ".st-key-page"),
            ("Explore", ".st-key-middle"),
        ):
            page.locator(".st-key-top-bar").get_by_role("button", name=name).click()
            expect(page.locator(part)).to_be_visible()
            expect(page.locator(".st-key-top-bar [aria-current]")).to_contain_text(name)
        wait_for_map(page)
        expect(page.locator(".st-key-right")).to_be_visible()
        red, green, blue = page.evaluate(
            "getComputedStyle(document.querySelector('.st-key-right')).backgroundColor.match(/[0-9]+/g).slice(0, 3).map(Number)"
        )
        assert (red + green + blue < 384) == (scheme == "dark")
        assert not page.locator("[data-testid=stException], [data-testid=stAlert]").count()
        watch.check(page.evaluate("location.host"))
        assert not watch.console, watch.console


def test_two_tabs_see_each_other_and_a_reload_keeps_the_decisions(served, browser):
    with watched_page(browser) as (first, _), watched_page(browser) as (second, _):
        enter(first, served)
        enter(second, served)
        export = ".st-key-bottom .history .primary"
        before = second.locator(export).inner_text()
        first.keyboard.press("x")
        expect(first.locator(export)).not_to_have_text(before)
        expect(second.locator(export)).to_have_text(first.locator(export).inner_text())
        second.reload()
        expect(second.locator(export)).to_have_text(first.locator(export).inner_text())
        second.keyboard.press("Control+z")
        expect(first.locator(export)).to_have_text(before)
