"""The whole app in a real browser over a fake data set: search by words, texts, another encoder, the offer of a model."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import Watch, wait_for_map, watched_page
from tests.fakes_shapes import SHAPES, Shapes

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parent.parent
ROWS = 240
STARS = int((Shapes(ROWS, labels=True, flags=True, hostile=False).truth == SHAPES.index("star")).sum())


@contextmanager
def serving(log: Path, *options: str) -> Iterator[str]:
    """Serve a fake data set in a process of its own and give its address."""
    with log.open("w", encoding="utf-8") as out:
        command = [sys.executable, "-m", "tests.fakes_serve", *options]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT)
    try:
        for _ in range(600):
            found = re.search(r"http://\S+token=\S+", log.read_text(encoding="utf-8"))
            if found:
                break
            assert process.poll() is None, log.read_text(encoding="utf-8")
            time.sleep(0.1)
        else:
            raise AssertionError(f"no address: {log.read_text(encoding='utf-8')}")
        yield found.group(0)
        assert "Traceback" not in log.read_text(encoding="utf-8")
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def held(tmp_path_factory) -> Path:
    """Name a file: while it exists a search does not end."""
    return tmp_path_factory.mktemp("held") / "search"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, held: Path) -> Iterator[str]:
    options = ("pictures", "--hold", str(held), "--pause", "0.15", "--offer")
    with serving(tmp_path_factory.mktemp("pictures") / "log", *options) as url:
        yield url


@pytest.fixture(scope="module")
def texts(tmp_path_factory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("texts") / "log", "texts") as url:
        yield url


@contextmanager
def opened(browser: Browser, url: str, **context: object) -> Iterator[tuple[Page, Watch]]:
    """Open the app and wait for its map; in the end nothing may have gone wrong."""
    with watched_page(browser, **context) as (page, watch):
        page.goto(url)
        wait_for_map(page)
        expect(page.locator(".st-key-top-bar .progress")).to_be_hidden()
        wait_for_map(page)
        yield page, watch
        watch.check(page.evaluate("location.host"))
        assert not watch.console, watch.console


def go(page: Page, name: str) -> None:
    page.locator(".st-key-top-bar").get_by_role("button", name=name).click()
    place = {"Explore": ".st-key-middle", "Issues": ".st-key-queue", "Clusters": ".st-key-clusters"}.get(name, ".st-key-page")
    expect(page.locator(place)).to_be_visible()


def test_words_find_by_keyboard_alone(browser: Browser, pictures: str, held: Path) -> None:
    with opened(browser, pictures) as (page, _):
        held.touch()
        listed = page.locator(".st-key-right strong").first
        before = listed.inner_text()
        page.keyboard.press("/")
        page.keyboard.type("a star")
        page.keyboard.press("Enter")
        expect(page.locator(".spinner")).to_be_visible()
        expect(page.locator(".search .line")).to_contain_text("Searching")
        assert listed.inner_text() == before, "what was there stays until there is an answer"
        held.unlink()
        expect(page.locator(".search .line")).to_contain_text(f"{STARS} found")
        expect(listed).to_have_text(f"{STARS} found")
        expect(page.locator(".st-key-bottom .what")).to_have_text(f"{STARS} selected")
        expect(page.get_by_label("Order")).to_have_value("match")
        page.wait_for_function("(n) => window.__map.counts().selected === n", arg=STARS)
        slider = page.get_by_role("slider", name="Cut-off")
        slider.focus()
        page.keyboard.press("End")
        expect(listed).not_to_have_text(f"{STARS} found")
        expect(page.locator(".st-key-bottom .what")).to_have_text(listed.inner_text().replace("found", "selected"))
        # The search outlives a look at another page.
        fewer = listed.inner_text()
        go(page, "Runs")
        go(page, "Explore")
        expect(page.get_by_role("textbox", name="Search by words")).to_have_value("a star")
        expect(listed).to_have_text(fewer)
        expect(page.locator(".st-key-bottom .what")).to_have_text(fewer.replace("found", "selected"))
        page.keyboard.press("Escape")
        expect(listed).to_have_text(before)
        expect(page.get_by_role("textbox", name="Search by words")).to_have_value("")


def test_while_it_searches_the_page_can_be_used(browser: Browser, pictures: str, held: Path) -> None:
    with opened(browser, pictures) as (page, _):
        held.touch()
        page.keyboard.press("/")
        page.keyboard.type("ring")
        page.keyboard.press("Enter")
        expect(page.locator(".spinner")).to_be_visible()
        page.get_by_role("radio", name="PCA").click()
        expect(page.get_by_role("radio", name="PCA")).to_have_attribute("aria-checked", "true")
        expect(page.locator(".spinner")).to_be_visible()
        held.unlink()
        expect(page.locator(".search .line")).to_contain_text("found")


def test_nothing_found_has_words(browser: Browser, pictures: str) -> None:
    with opened(browser, pictures) as (page, _):
        page.keyboard.press("/")
        page.keyboard.type("zebra")
        page.keyboard.press("Enter")
        expect(page.locator(".st-key-pictures .empty")).to_contain_text("Nothing fits “zebra”")
        expect(page.locator(".search .line")).to_contain_text("Nothing found")


def test_a_model_is_offered_and_the_old_map_stays_until_the_new_one(browser: Browser, pictures: str) -> None:
    with opened(browser, pictures) as (page, _):
        go(page, "Runs")
        page.get_by_role("button", name="Use for the map: Raw pixels").click()
        expect(page.locator(".st-key-top-bar .progress")).to_be_visible()
        go(page, "Explore")
        wait_for_map(page)
        expect(page.get_by_label("Encoder that the map is made from")).to_have_value("pixels")
        expect(page.locator(".st-key-top-bar .progress")).to_be_hidden()
        expect(page.locator(".offer")).to_contain_text("605 MB")
        page.get_by_role("button", name="Download").click()
        expect(page.locator(".offer [role=progressbar]")).to_be_visible()
        expect(page.locator(".offer")).to_be_hidden()
        expect(page.locator(".st-key-top-bar .progress")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_are_read_on_every_page(browser: Browser, texts: str, scheme: str) -> None:
    with opened(browser, texts, color_scheme=scheme) as (page, _):
        first = page.locator(".st-key-pictures .item.card").first
        expect(first.locator(".words")).to_contain_text("I would like to know")
        expect(page.locator(".st-key-item .reading .text")).to_have_text(first.locator(".words").inner_text())
        page.locator(".st-key-pictures [role=listbox]").focus()
        page.keyboard.press("Enter")
        expect(page.locator("dialog .page")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("dialog .page")).to_be_hidden()
        page.keyboard.press("f")
        page.keyboard.type("שלום")
        expect(page.locator(".st-key-item .reading .text")).to_contain_text("שלום")
        assert page.locator(".st-key-item .reading .text").evaluate("(node) => getComputedStyle(node).direction") == "rtl"
        go(page, "Issues")
        expect(page.locator(".st-key-queue .item.card .words").first).to_contain_text("I would like to know")
        page.get_by_text("Near duplicates", exact=True).first.click()
        expect(page.locator(".st-key-queue mark").first).to_be_visible()
        assert page.locator(".st-key-queue img, .st-key-right img").count() == 0
