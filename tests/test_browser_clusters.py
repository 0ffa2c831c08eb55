"""The page Clusters in the running app: rename, merge, split, undo, and what the map says of it."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.test_browser_search import go, opened, serving

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("clusters") / "log", "pictures") as url:
        yield url


def names(page: Page) -> list[str]:
    return page.locator(".clusters .entry .name").all_inner_texts()


def test_rename_merge_split_and_undo(browser: Browser, shapes: str) -> None:
    with opened(browser, shapes) as (page, _):
        go(page, "Clusters")
        entries = page.locator(".clusters [role=option]")
        expect(entries.first).to_be_visible()
        before = names(page)
        bar = page.locator(".st-key-bottom")
        panel = page.locator(".st-key-cluster")

        entries.first.click()
        page.keyboard.press("r")
        page.keyboard.type("my shapes")
        page.keyboard.press("Enter")
        expect(bar.locator(".undone")).to_contain_text("to my shapes")
        expect(panel.locator("h2")).to_have_text("my shapes")

        entries.nth(1).click(modifiers=["Control"])
        expect(panel.locator("h2")).to_have_text("2 clusters")
        expect(bar.locator(".what")).to_contain_text("2 clusters")
        page.keyboard.press("m")
        field = panel.get_by_role("textbox", name="Name of the cluster")
        expect(field).to_be_focused()
        expect(field).to_have_value("my shapes")
        page.keyboard.type("two kinds")
        page.keyboard.press("Enter")
        expect(bar.locator(".undone")).to_contain_text("into the cluster two kinds")
        expect(panel.locator("h2")).to_have_text("two kinds")
        expect(panel.locator(".yours")).to_be_visible()
        expect(entries).to_have_count(len(before) - 1)
        whole = int(re.findall(r"\d+", panel.locator(".note").inner_text())[0])

        panel.get_by_role("button", name="Split").click()
        expect(panel.locator(".half:visible")).to_have_count(2)
        stays, goes = (int(re.findall(r"\d+", text)[0]) for text in panel.locator(".half header span").all_inner_texts())
        assert stays + goes == whole
        expect(field).to_have_value("two kinds 2")
        panel.get_by_role("button", name="Split").click()
        expect(panel.locator("h2")).to_have_text("two kinds 2")
        expect(panel.locator(".note")).to_contain_text(f"{goes} items")

        panel.get_by_role("button", name="Show on the map").click()
        expect(page.locator(".st-key-middle")).to_be_visible()
        expect(bar.locator(".what")).to_have_text(f"{goes} selected")
        expect(page.locator(".st-key-left")).to_contain_text("two kinds 2")

        for left in ("Put", "Renamed", ""):
            page.keyboard.press("Control+z")
            expect(bar.locator(".undone")).to_have_text(re.compile(f"^{left}" if left else "^$"))
        go(page, "Clusters")
        expect(entries).to_have_count(len(before))
        expect(page.locator(".clusters .entry .name").first).to_have_text(before[0])
        assert names(page) == before
