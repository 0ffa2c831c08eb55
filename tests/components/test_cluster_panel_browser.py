"""The panel of clusters in a real browser: one cluster, several, one that is about to be split."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from components import cluster_panel
from tests.components.bare_map import sent
from tests.components.site import Site

pytestmark = pytest.mark.browser
HOSTILE = '<img src=x onerror="window.hacked = 1">'


def data(mode: str, **changes: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {**cluster_panel.example(), "mode": mode, "name": "elephant"}
    if mode != "split":
        shown["halves"] = []
    return {**shown, **changes}


def open_panel(page: Page, site: Site, given: dict[str, Any]) -> None:
    page.goto(f"{site.url}bare/cluster_panel?width=420")
    page.wait_for_function("() => window.loaded")
    again(page, given)


def again(page: Page, given: dict[str, Any]) -> None:
    page.evaluate("async (data) => { await window.mount(data); }", given)


def test_rename_by_key_sends_the_new_name_and_only_that(page: Page, site: Site) -> None:
    open_panel(page, site, data("one"))
    field = page.get_by_role("textbox", name="Name of the cluster")
    expect(field).to_be_hidden()
    page.keyboard.press("r")
    expect(field).to_be_focused()
    expect(field).to_have_value("elephant")
    page.keyboard.press("Enter")
    assert sent(page, "act") == [], "the same name is no rename"
    page.keyboard.press("r")
    page.keyboard.type("  big gray animals ")
    again(page, data("one"))
    expect(field).to_have_value("  big gray animals ")
    page.keyboard.press("Enter")
    assert sent(page, "act") == [{"name": "rename", "value": "big gray animals"}]
    expect(field).to_be_hidden()


def test_escape_leaves_the_field_without_a_word(page: Page, site: Site) -> None:
    open_panel(page, site, data("one"))
    page.get_by_role("button", name="Rename").click()
    page.keyboard.type("no")
    page.keyboard.press("Escape")
    expect(page.get_by_role("textbox")).to_be_hidden()
    assert sent(page, "act") == []


def test_several_are_merged_under_a_name(page: Page, site: Site) -> None:
    open_panel(page, site, data("several", title="3 clusters"))
    field = page.get_by_role("textbox", name="Name of the cluster")
    expect(field).to_have_value("elephant")
    page.keyboard.press("s")
    assert sent(page, "act") == [], "several clusters cannot be split"
    page.keyboard.press("m")
    expect(field).to_be_focused()
    page.keyboard.type("animals")
    page.keyboard.press("Enter")
    assert sent(page, "act") == [{"name": "merge", "value": "animals"}]


def test_who_asks_elsewhere_is_put_into_the_field(page: Page, site: Site) -> None:
    open_panel(page, site, data("several", naming=3))
    field = page.get_by_role("textbox", name="Name of the cluster")
    expect(field).not_to_be_focused()
    again(page, data("several", naming=4))
    expect(field).to_be_focused()


def test_a_split_is_proposed_turned_round_and_done(page: Page, site: Site) -> None:
    open_panel(page, site, data("one"))
    page.keyboard.press("s")
    again(page, data("split", name="elephant 2"))
    expect(page.locator(".half:visible")).to_have_count(2)
    page.get_by_role("button", name="take the other part").click()
    page.get_by_role("button", name="Split").click()
    assert sent(page, "act") == [
        {"name": "split", "value": ""},
        {"name": "swap", "value": ""},
        {"name": "apply", "value": "elephant 2"},
    ]
    page.locator("body").click()
    page.keyboard.press("Escape")
    assert sent(page, "act")[-1] == {"name": "cancel", "value": ""}


def test_what_cannot_be_split_says_why(page: Page, site: Site) -> None:
    open_panel(page, site, data("one", cannot_split="One item cannot be split"))
    button = page.get_by_role("button", name="Split")
    expect(button).to_be_disabled()
    assert button.get_attribute("title") == "One item cannot be split"
    page.keyboard.press("s")
    assert sent(page, "act") == []


def test_hostile_names_are_text(page: Page, site: Site) -> None:
    bars = [{"text": HOSTILE, "count": "3", "share": 1.0}]
    halves = [{"title": HOSTILE, "note": "1 item", "pictures": [], "texts": [HOSTILE]}] * 2
    open_panel(page, site, data("split", title=HOSTILE, bars=bars, halves=halves, name=HOSTILE))
    expect(page.locator("h2")).to_have_text(HOSTILE)
    expect(page.locator(".texts p").first).to_have_text(HOSTILE)
    expect(page.get_by_role("textbox")).to_have_value(HOSTILE)
    assert page.evaluate("() => window.hacked") is None


def test_keys_that_are_typed_elsewhere_mean_nothing(page: Page, site: Site) -> None:
    open_panel(page, site, data("one"))
    page.evaluate("() => { const field = document.createElement('input'); document.body.append(field); field.focus(); }")
    for key in "rsm":
        page.keyboard.press(key)
    assert sent(page, "act") == []
    expect(page.get_by_role("textbox", name="Name of the cluster")).to_be_hidden()


def test_no_cluster_has_words(page: Page, site: Site) -> None:
    open_panel(page, site, data("none", empty="There is nothing here."))
    expect(page.locator(".empty")).to_have_text("There is nothing here.")
    expect(page.get_by_role("button")).to_have_count(0)
