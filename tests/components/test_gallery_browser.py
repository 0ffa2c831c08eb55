"""The gallery in a real browser."""

import json
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from components.examples.data import picture
from tests.components.bare_map import sent
from tests.components.site import Site

pytestmark = pytest.mark.browser
HOSTILE = '<img src=x onerror="window.hacked = 1">'


def gallery(rows: list[int], **changes: Any) -> dict[str, Any]:
    data = {
        "ds": "t", "rows": rows, "total": len(rows), "url": None, "thumb": "/thumb/{row}.jpg", "badges": {}, "current": None, "marked": [],
        "captions": None, "empty": "Nothing here.", "sizes": "small", "height": "400px",
    }  # fmt: skip
    return {**data, **changes}


def open_gallery(page: Page, site: Site, data: dict[str, Any], width: int = 340) -> None:
    for row in range(60):
        site.put(f"/thumb/{row}.jpg", picture(row, 3), "image/jpeg")
    page.goto(f"{site.url}bare/gallery?width={width}")
    page.wait_for_function("() => window.loaded")
    page.evaluate("(data) => { window.mount(data); }", data)


def picks(page: Page, count: int) -> list[Any]:
    page.wait_for_function("(count) => window.sent.filter((s) => s[0] === 'pick').length >= count", arg=count)
    return sent(page, "pick")


def wait_for_pick(page: Page, pick: dict[str, Any]) -> None:
    """Return once ``pick`` is the last one told; how many single steps are told before it depends on how fast the keys come."""
    page.wait_for_function(
        "(pick) => JSON.stringify(window.sent.filter((s) => s[0] === 'pick').at(-1)?.[1]) === JSON.stringify(pick)", arg=pick
    )


def test_five_columns_and_only_what_is_seen_exists(page: Page, site: Site) -> None:
    open_gallery(page, site, gallery(list(range(10_000))))
    page.wait_for_selector(".item.loaded")
    boxes = page.evaluate(
        "() => [...document.getElementById('host').shadowRoot.querySelectorAll('.item')].map((e) => Math.round(e.getBoundingClientRect().left))"
    )
    assert len(set(boxes)) == 5
    assert len(boxes) < 80
    page.locator("[role=listbox]").focus()
    page.keyboard.press("End")
    page.wait_for_selector(".item[data-row='9999']")
    assert picks(page, 1)[-1]["row"] == 9999
    assert page.locator(".item").count() < 80
    page.keyboard.press("Home")
    page.wait_for_selector(".item.current[data-row='0']")


def test_keyboard_moves_marks_opens_and_commands(page: Page, site: Site) -> None:
    rows = [50, 40, 30, 20, 10, 0, 1, 2, 3, 4, 5]
    open_gallery(page, site, gallery(rows))
    page.wait_for_selector(".item.loaded")
    page.locator("[role=listbox]").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", " "):
        page.keyboard.press(key)
    wait_for_pick(page, {"row": 1, "rows": [1], "all": False})
    page.keyboard.press("Shift+ArrowRight")
    wait_for_pick(page, {"row": 2, "rows": [1, 2], "all": False})
    page.keyboard.press("Enter")
    assert sent(page, "open") == [{"row": 2}]
    for key in ("t", "l", "x", "k", "a", "Control+z"):
        page.keyboard.press(key)
    assert [c["name"] for c in sent(page, "command")] == ["t", "l", "x", "k", "a", "ctrl+z"]
    page.keyboard.press("Control+a")
    page.wait_for_function("() => window.sent.at(-1)[1].rows?.length === 11")
    assert page.locator("[aria-selected=true]").count() == 11
    page.keyboard.press("Escape")
    page.wait_for_function("() => window.sent.at(-1)[1].rows?.length === 0")
    active = page.locator("[role=listbox]").get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("data-row") == "2"


def test_mouse_picks_ranges_and_single_marks(page: Page, site: Site) -> None:
    open_gallery(page, site, gallery(list(range(20))))
    page.wait_for_selector(".item.loaded")
    page.click(".item[data-row='2']")
    page.click(".item[data-row='6']", modifiers=["Shift"])
    page.wait_for_function("() => window.sent.at(-1)?.[1].rows.length === 5")
    page.click(".item[data-row='4']", modifiers=["Control"])
    page.wait_for_function("() => window.sent.at(-1)[1].rows.length === 4")
    assert sent(page, "pick")[-1] == {"row": 4, "rows": [2, 3, 5, 6], "all": False}
    page.dblclick(".item[data-row='9']")
    assert sent(page, "open")[-1] == {"row": 9}


def test_the_page_is_the_truth_but_an_old_echo_is_not(page: Page, site: Site) -> None:
    data = gallery(list(range(20)))
    open_gallery(page, site, data)
    page.wait_for_selector(".item.loaded")
    page.click(".item[data-row='2']")
    picks(page, 1)
    page.click(".item[data-row='3']")
    picks(page, 2)
    page.evaluate("(data) => { window.mount(data); }", {**data, "current": 2})
    assert page.locator(".item.current").get_attribute("data-row") == "3"
    page.evaluate("(data) => { window.mount(data); }", {**data, "current": 9, "marked": [1]})
    page.wait_for_selector(".item.current[data-row='9']")
    assert page.locator(".item.marked").get_attribute("data-row") == "1"


def test_missing_pictures_show_their_captions_as_text(page: Page, site: Site) -> None:
    open_gallery(page, site, gallery([1, 500], captions={500: HOSTILE}, badges={1: [{"text": HOSTILE, "tone": "warn"}]}))
    page.wait_for_selector(".item.missing[data-row='500']")
    assert page.locator(".item.missing .words").inner_text() == HOSTILE
    assert page.locator(".badge.warn").inner_text() == HOSTILE
    assert page.evaluate("() => window.hacked") is None
    assert page.locator(".item.missing img").count() == 0


def put_cards(site: Site, count: int, **changes: Any) -> None:
    for row in range(count):
        card = {
            "row": row,
            "id": str(row),
            "title": f"title {row}",
            "lines": [],
            "thumb": False,
            "text": f"text {row}",
            "label": "kind",
            "pairs": [],
        }
        site.put(f"/info/{row}.json", json.dumps({**card, **changes}).encode(), "application/json")


def card(row: int, part: str) -> str:
    return f".item[data-row='{row}'] {part}"


def test_texts_are_cards_that_come_when_seen(page: Page, site: Site) -> None:
    put_cards(site, 3000)
    open_gallery(page, site, gallery(list(range(3000)), thumb=None, info="/info/{row}.json"))
    expect(page.locator(card(0, ".words"))).to_have_text("text 0")
    expect(page.locator(card(0, ".foot"))).to_have_text("kind")
    assert len(site.asked) < 100
    assert page.locator(".item.card").count() < 60


def test_the_first_cards_need_no_second_question(page: Page, site: Site) -> None:
    put_cards(site, 3)
    first = {"row": 0, "title": "", "lines": [], "text": "at once", "label": "", "pairs": []}
    open_gallery(page, site, gallery([0, 1, 2], thumb=None, info="/info/{row}.json", cards={0: first}))
    expect(page.locator(card(0, ".words"))).to_have_text("at once")
    expect(page.locator(card(1, ".words"))).to_have_text("text 1")
    assert sorted(path for path in site.asked if path.startswith("/info/")) == ["/info/1.json", "/info/2.json"]


def test_a_text_keeps_its_direction_and_is_no_markup(page: Page, site: Site) -> None:
    texts = {0: HOSTILE, 1: "\u05e9\u05dc\u05d5\u05dd (shalom)", 2: ""}
    for row, text in texts.items():
        put = {"row": row, "title": "", "lines": [], "text": text, "label": "", "pairs": []}
        site.put(f"/info/{row}.json", json.dumps(put).encode(), "application/json")
    open_gallery(page, site, gallery([0, 1, 2], thumb=None, info="/info/{row}.json"))
    expect(page.locator(card(0, ".words"))).to_have_text(HOSTILE)
    expect(page.locator(card(2, ".words.none"))).to_have_text("empty text")
    direction = page.locator(card(1, ".words")).evaluate("(node) => getComputedStyle(node).direction")
    assert direction == "rtl"
    assert page.locator(card(0, ".words")).evaluate("(node) => getComputedStyle(node).direction") == "ltr"
    assert page.evaluate("() => window.hacked") is None
    assert page.locator(".item img").count() == 0
    label = page.locator(".item[data-row='2']").get_attribute("aria-label")
    assert label == "empty text"


def test_rows_without_text_show_their_columns(page: Page, site: Site) -> None:
    put_cards(site, 3, text=None, pairs=[["length", "7.4"], [HOSTILE, HOSTILE]])
    open_gallery(page, site, gallery([0, 1, 2], thumb=None, info="/info/{row}.json", label=False))
    expect(page.locator(card(1, ".title"))).to_have_text("title 1")
    expect(page.locator(card(1, ".pair")).first).to_have_text("length 7.4")
    assert page.locator(card(1, ".foot")).count() == 0
    assert page.evaluate("() => window.hacked") is None


def test_a_decision_asks_for_the_cards_again(page: Page, site: Site) -> None:
    put_cards(site, 3)
    data = gallery([0, 1, 2], thumb=None, info="/info/{row}.json", rev=1)
    open_gallery(page, site, data)
    expect(page.locator(card(1, ".foot"))).to_have_text("kind")
    asked = len(site.asked)
    page.evaluate("(data) => { window.mount(data); }", data)
    put_cards(site, 3, label="another kind")
    page.evaluate("(data) => { window.mount(data); }", {**data, "rev": 2})
    expect(page.locator(card(1, ".foot"))).to_have_text("another kind")
    assert len(site.asked) == asked + 3


def test_long_lists_come_from_their_url(page: Page, site: Site) -> None:
    url = site.put("/selection/1.bin", np.arange(40_000, dtype="<u4")[::-1].tobytes())
    open_gallery(page, site, gallery([], url=url, total=40_000))
    page.wait_for_selector(".item[data-row='39999']")
    page.locator("[role=listbox]").focus()
    page.keyboard.press("Control+a")
    assert picks(page, 1)[-1] == {"row": None, "rows": [], "all": True}
    page.evaluate("(data) => { window.mount(data); }", gallery([], url="/selection/none.bin", total=5))
    page.wait_for_selector(".empty button")
    assert "404" in page.locator(".empty").inner_text()


def test_an_empty_gallery_says_why(page: Page, site: Site) -> None:
    open_gallery(page, site, gallery([]))
    assert page.locator(".empty").inner_text() == "Nothing here."
    page.locator("[role=listbox]").focus()
    page.keyboard.press("ArrowDown")
    assert sent(page, "pick") == []
