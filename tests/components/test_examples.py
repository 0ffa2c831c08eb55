"""The example page in Streamlit: what the lasso holds is what the gallery shows, in both themes, on this machine only."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import drag, wait_for_map, watched_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def example() -> Iterator[str]:
    command = [sys.executable, "-m", "components.examples", "--n", "600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()


def test_lasso_fills_the_gallery_and_the_theme_follows_live(browser: Browser, example: str) -> None:
    with watched_page(browser, color_scheme="light") as (page, watch):
        page.goto(example)
        wait_for_map(page)
        page.click("button.tool.box")
        box = page.locator("section.map").bounding_box()
        assert box
        x, y, w, h = box["x"], box["y"], box["width"], box["height"]
        drag(page, [(x + 0.3 * w, y + 0.25 * h), (x + 0.75 * w, y + 0.75 * h)])
        hits = page.evaluate("() => window.__map.counts().hits")
        assert hits > 30
        page.get_by_text(re.compile(rf"^{hits} selected$")).wait_for()
        page.locator("[role=option]").first.wait_for()
        assert page.get_by_role("listbox").get_attribute("aria-label") == f"Gallery of {hits} items"
        page.wait_for_function("() => window.__map.ready() && window.__map.counts().selected === window.__map.counts().hits")
        zoom = "() => window.__map.view.camera.scale"
        before = page.evaluate(zoom)
        page.emulate_media(color_scheme="dark")
        page.wait_for_selector("section.map[data-theme=dark]")
        assert page.evaluate(zoom) == before
        watch.check(example.removeprefix("http://").rstrip("/"))


def test_two_tabs_hold_their_own_selections(browser: Browser, example: str) -> None:
    with watched_page(browser) as (one, _), watched_page(browser) as (two, _):
        for page in (one, two):
            page.goto(example)
            wait_for_map(page)
        one.locator(".label.shown").first.click()
        one.locator("[role=option]").first.wait_for()
        assert two.get_by_text("0 selected", exact=True).is_visible()
        assert two.locator("[role=option]").count() == 0
