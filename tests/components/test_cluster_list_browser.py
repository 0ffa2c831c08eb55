"""The list of clusters in a real browser, by mouse and by keyboard."""

import itertools
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from components.examples.data import picture
from components.palette import categorical
from tests.components.bare_map import sent
from tests.components.site import Site

pytestmark = pytest.mark.browser
HOSTILE = '<img src=x onerror="window.hacked = 1">'
NAMES = ["airplane", "grand piano", "crab", "sunflower", "chair", "dolphin", "Upright piano", "watch", "pizza", "lamp"]


def clusters(count: int = len(NAMES), **changes: Any) -> dict[str, Any]:
    """Return data of ``count`` clusters; their ids are 100, 101, ... so that no id is a place."""
    colors = categorical(count)
    entries = [
        {
            "id": 100 + place,
            "name": NAMES[place] if place < len(NAMES) else f"cluster {place}",
            "color": colors[place],
            "count": 12_000 - place,
            "share": "1.2 %",
            "note": f"{place} flagged",
            "own": place == 1,
            "pictures": list(range(8)),
            "texts": [],
        }
        for place in range(count)
    ]
    data = {
        "ds": "t", "rev": 0, "entries": entries, "title": f"{count} clusters", "detail": "1.3 % in none", "current": None, "marked": [],
        "thumb": "/thumb/{row}.jpg", "orders": [{"value": "size", "label": "size"}, {"value": "name", "label": "name"}], "order": "size",
        "granularity": {"layers": 4, "value": 1, "text": "10 clusters"}, "empty": "Nothing is clustered yet.", "height": "500px",
    }  # fmt: skip
    return {**data, **changes}


def named(data: dict[str, Any], **names: str) -> dict[str, Any]:
    """Return ``data`` with other names: ``_100="crab"`` is that of cluster 100."""
    return {**data, "entries": [{**entry, "name": names.get(f"_{entry['id']}", entry["name"])} for entry in data["entries"]]}


def texts(data: dict[str, Any], *lists: list[str]) -> dict[str, Any]:
    entries = [{**entry, "pictures": [], "texts": said} for entry, said in zip(data["entries"], lists, strict=False)]
    return {**data, "thumb": None, "entries": entries}


def open_list(page: Page, site: Site, data: dict[str, Any], width: int = 760) -> Locator:
    for row in range(8):
        site.put(f"/thumb/{row}.jpg", picture(row, 3), "image/jpeg")
    page.goto(f"{site.url}bare/cluster_list?width={width}")
    page.wait_for_function("() => window.loaded")
    again(page, data)
    if data["entries"]:
        page.locator(".entry").first.wait_for()
    box = page.get_by_role("listbox")
    box.focus()
    return box


def again(page: Page, data: dict[str, Any]) -> None:
    page.evaluate("async (data) => { await window.mount(data); }", data)


def entry(page: Page, id_: int) -> Locator:
    return page.locator(f".entry[data-id='{id_}']")


def field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Name of the cluster")


def wait_for_pick(page: Page, current: int | None, *marked: int) -> None:
    """Return once this is the last pick told; how many are told before it depends on how fast the keys come."""
    page.wait_for_function(
        """([row, rows]) => {
          const last = window.sent.filter((s) => s[0] === 'pick').at(-1)?.[1];
          return last && last.row === row && JSON.stringify(last.rows) === JSON.stringify(rows);
        }""",
        arg=[current, list(marked)],
    )


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def settle(page: Page) -> None:
    """Return after the next frame was drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_an_entry_shows_its_parts(page: Page, site: Site) -> None:
    box = open_list(page, site, clusters())
    piano = entry(page, 101)
    expect(piano.locator(".name")).to_have_text("grand piano")
    expect(piano.locator(".own")).to_have_text("yours")
    expect(piano.locator(".note")).to_have_text("1 flagged")
    expect(piano.locator(".size")).to_have_text("11,9991.2 %")
    expect(piano.locator(".tick i")).to_have_css(
        "background-color", "rgb({}, {}, {})".format(*bytes.fromhex(categorical(2)[1][1:]))
    )
    expect(entry(page, 100).locator(".own")).to_have_count(0)
    expect(piano).to_have_attribute("aria-label", "grand piano, 11,999, 1.2 %, 1 flagged, a name of your own")
    expect(piano).to_have_attribute("aria-posinset", "2")
    expect(piano).to_have_attribute("aria-setsize", "10")
    expect(box).to_have_attribute("aria-label", "10 clusters")
    expect(page.locator(".title")).to_have_text("10 clusters 1.3 % in none")


@pytest.mark.parametrize(("width", "pictures"), [(400, 1), (560, 4), (760, 7), (1200, 8)])
def test_as_many_pictures_as_fit_are_whole(page: Page, site: Site, width: int, pictures: int) -> None:
    open_list(page, site, clusters(), width=width)
    strip = entry(page, 100).locator(".strip")
    expect(strip.locator("img")).to_have_count(pictures)
    inside = strip.evaluate(
        """(strip) => {
          const { left, right, top, bottom } = strip.getBoundingClientRect();
          return [...strip.children].map((child) => child.getBoundingClientRect())
            .every((box) => box.width === 60 && box.height === 60 && box.left >= left && box.right <= right && box.top >= top && box.bottom <= bottom);
        }"""
    )
    assert inside
    assert strip.locator("img").first.get_attribute("src") == "/thumb/0.jpg"
    assert strip.locator("img").first.get_attribute("loading") == "lazy"
    header = page.locator("header")
    assert header.evaluate("(node) => node.scrollWidth <= node.clientWidth")


@pytest.mark.parametrize("width", [400, 560, 1200])
def test_counts_of_millions_and_long_names_stay_in_their_columns(page: Page, site: Site, width: int) -> None:
    data = named(clusters(), _100="n" * 300)
    data["entries"][0] |= {"count": 8_888_888, "share": "100.0 %", "note": "m" * 300, "own": True}
    open_list(page, site, data, width=width)
    boxes = entry(page, 100).evaluate(
        """(node) => {
          const of = (name) => { const { left, right } = node.querySelector(name).getBoundingClientRect(); return [left, right]; };
          return [of(".tick"), of(".words"), of(".strip"), of(".size"), [node.getBoundingClientRect().right, Infinity]];
        }"""
    )
    assert all(left[1] < right[0] for left, right in itertools.pairwise(boxes)), boxes
    assert entry(page, 100).locator(".size b").evaluate("(node) => node.scrollWidth <= node.clientWidth")
    words, own = entry(page, 100).locator(".words").bounding_box(), entry(page, 100).locator(".own").bounding_box()
    assert words
    assert own
    assert own["x"] + own["width"] <= words["x"] + words["width"]


def test_a_picture_that_cannot_be_had_leaves_its_square_empty(page: Page, site: Site) -> None:
    data = clusters()
    data["entries"][0]["pictures"] = [0, 77, 1]
    open_list(page, site, data)
    expect(entry(page, 100).locator("img")).to_have_count(2)
    expect(entry(page, 100).locator(".picture")).to_have_count(3)


def test_keys_move_mark_open_and_command(page: Page, site: Site) -> None:
    box = open_list(page, site, clusters())
    press(page, "ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "Space")
    wait_for_pick(page, 101, 101)
    press(page, "Shift+ArrowDown", "Shift+ArrowDown")
    wait_for_pick(page, 103, 101, 102, 103)
    press(page, "End")
    wait_for_pick(page, 109, 101, 102, 103)
    press(page, "Space", "Home", "ArrowUp")
    wait_for_pick(page, 100, 101, 102, 103, 109)
    press(page, "PageDown")
    wait_for_pick(page, 105, 101, 102, 103, 109)
    press(page, "PageUp", "Enter")
    assert sent(page, "open") == [{"id": 100}]
    press(page, "x", "t", "l", "k", "a", "m", "s", "Control+z", "Control+Shift+Z", "Control+y")
    told = [command["name"] for command in sent(page, "command")]
    assert told == ["x", "t", "l", "k", "a", "m", "s", "ctrl+z", "ctrl+shift+z", "ctrl+shift+z"]
    press(page, "Control+a")
    wait_for_pick(page, 100, *range(100, 110))
    expect(page.locator(".entry[aria-selected=false]")).to_have_count(0)
    press(page, "Escape")
    wait_for_pick(page, 100)
    expect(page.locator(".entry[aria-selected=true]")).to_have_count(0)
    assert box.get_attribute("aria-activedescendant") == entry(page, 100).get_attribute("id")


def test_a_command_means_the_entry_that_the_person_has_moved_to(page: Page, site: Site) -> None:
    open_list(page, site, clusters())
    press(page, "ArrowDown", "ArrowDown", "x")
    page.wait_for_function("() => window.sent.at(-1)[0] === 'command'")
    assert page.evaluate("() => window.sent.at(-2)") == ["pick", {"row": 101, "rows": [], "all": False}]


def test_a_held_key_is_not_told_step_by_step(page: Page, site: Site) -> None:
    open_list(page, site, clusters(300))
    page.evaluate(
        """() => {
          const list = document.getElementById("host").shadowRoot.querySelector("[role=listbox]");
          for (let step = 0; step < 200; step++) list.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", repeat: step > 0, bubbles: true, cancelable: true }));
          list.dispatchEvent(new KeyboardEvent("keydown", { key: "x", repeat: true, bubbles: true, cancelable: true }));
        }"""
    )
    wait_for_pick(page, 299)
    assert len(sent(page, "pick")) == 1
    assert sent(page, "command") == [], "nothing is done over and over by a key that is held"
    expect(entry(page, 299)).to_be_in_viewport()


def test_the_mouse_looks_marks_and_opens(page: Page, site: Site) -> None:
    open_list(page, site, clusters())
    entry(page, 101).click()
    wait_for_pick(page, 101)
    entry(page, 103).click(modifiers=["Shift"])
    wait_for_pick(page, 103, 101, 102, 103)
    entry(page, 102).click(modifiers=["Control"])
    wait_for_pick(page, 102, 101, 103)
    entry(page, 104).locator(".tick").click()
    wait_for_pick(page, 104, 101, 103, 104)
    entry(page, 100).click()
    wait_for_pick(page, 100)
    expect(page.locator(".entry.current")).to_have_attribute("data-id", "100")
    entry(page, 104).click(modifiers=["Control"])
    wait_for_pick(page, 104, 100, 104)
    entry(page, 102).dblclick()
    entry(page, 102).locator(".tick").dblclick()
    wait_for_pick(page, 102)
    assert sent(page, "open") == [{"id": 102}]


@pytest.mark.parametrize("key", ["F2", "r"])
def test_a_name_is_typed_in_place(page: Page, site: Site, key: str) -> None:
    box = open_list(page, site, clusters(current=101))
    press(page, key)
    expect(field(page)).to_be_focused()
    expect(field(page)).to_have_value("grand piano")
    assert field(page).evaluate("(node) => [node.selectionStart, node.selectionEnd]") == [0, len("grand piano")]
    page.keyboard.type("  xtra pianos / rm ")
    press(page, "Enter")
    assert sent(page, "rename") == [{"id": 101, "name": "xtra pianos / rm"}]
    assert sent(page, "command") == sent(page, "open") == []
    expect(box).to_be_focused()
    expect(entry(page, 101).locator(".name")).to_have_text("xtra pianos / rm")
    again(page, clusters(current=101))
    expect(entry(page, 101).locator(".name")).to_have_text("grand piano")


def test_names_that_are_empty_unchanged_or_left_are_not_told(page: Page, site: Site) -> None:
    box = open_list(page, site, named(clusters(current=101), _102="two\nlines "))
    for words in ("", "   ", "grand piano", " grand piano "):
        press(page, "r")
        field(page).fill(words)
        press(page, "Enter")
        expect(field(page)).to_have_count(0)
    press(page, "r")
    page.keyboard.type("left by Escape")
    press(page, "Escape")
    expect(box).to_be_focused()
    press(page, "r")
    page.keyboard.type("left by the mouse")
    entry(page, 102).click()
    expect(field(page)).to_have_count(0)
    wait_for_pick(page, 102)
    press(page, "r")
    expect(field(page)).to_have_value("two lines ")
    press(page, "Enter")
    expect(entry(page, 101).locator(".name")).to_have_text("grand piano")
    assert sent(page, "rename") == []


def test_who_looks_into_another_window_comes_back_to_what_was_typed(page: Page, site: Site) -> None:
    open_list(page, site, clusters(current=101))
    press(page, "r")
    page.keyboard.type("half a name")
    page.evaluate("() => { document.hasFocus = () => false; }")
    field(page).dispatch_event("blur")
    expect(field(page)).to_have_value("half a name")
    page.evaluate("() => { delete document.hasFocus; }")
    field(page).blur()
    expect(field(page)).to_have_count(0)


def test_nothing_current_has_no_name_to_change(page: Page, site: Site) -> None:
    open_list(page, site, clusters())
    press(page, "r", "F2", "Enter")
    expect(field(page)).to_have_count(0)
    assert sent(page, "open") == []


def test_what_is_typed_survives_updates(page: Page, site: Site) -> None:
    data = clusters(current=101)
    open_list(page, site, data)
    press(page, "r")
    page.keyboard.type("half a na")
    other = named(data, _101="named meanwhile", _100="neighbor")
    again(page, {**other, "entries": other["entries"][::-1], "order": "name", "rev": 1, "marked": [105]})
    expect(entry(page, 100).locator(".name")).to_have_text("neighbor")
    expect(field(page)).to_be_focused()
    page.keyboard.type("me")
    expect(field(page)).to_have_value("half a name")
    page.mouse.move(300, 400)
    page.mouse.wheel(0, 5_000)
    page.keyboard.type("!")
    press(page, "Enter")
    assert sent(page, "rename") == [{"id": 101, "name": "half a name!"}]


def test_a_name_that_is_typed_stays_while_its_entry_is_out_of_sight(page: Page, site: Site) -> None:
    open_list(page, site, clusters(1_000, current=101))
    press(page, "r")
    page.keyboard.type("far")
    page.get_by_role("listbox").evaluate("(node) => { node.scrollTop = 50_000; }")
    entry(page, 100 + 600).wait_for()
    expect(entry(page, 100)).to_have_count(0)
    expect(field(page)).to_be_focused()
    page.keyboard.type("ther")
    press(page, "Enter")
    assert sent(page, "rename") == [{"id": 101, "name": "farther"}]


def test_typing_ends_with_its_cluster_or_data_set(page: Page, site: Site) -> None:
    data = clusters(current=101)
    open_list(page, site, data)
    press(page, "r")
    again(page, {**data, "entries": data["entries"][2:], "current": None})
    expect(field(page)).to_have_count(0)
    again(page, data)
    press(page, "r")
    page.get_by_role("listbox").focus()
    press(page, "r")
    expect(field(page)).to_be_focused()
    again(page, {**data, "ds": "another"})
    expect(field(page)).to_have_count(0)
    assert sent(page, "rename") == []


def test_the_filter_narrows_while_one_types(page: Page, site: Site) -> None:
    data = clusters(current=103, marked=[104])
    box = open_list(page, site, data)
    words = page.get_by_role("textbox", name="Filter names")
    press(page, "/")
    expect(words).to_be_focused()
    page.keyboard.type("PIANO")
    expect(page.locator(".entry .name")).to_have_text(["grand piano", "Upright piano"])
    expect(page.locator(".detail")).to_have_text("2 of 10 shown")
    again(page, data)
    expect(page.locator(".entry .name")).to_have_text(["grand piano", "Upright piano"])
    expect(words).to_have_value("PIANO")
    page.keyboard.type(" gra")
    expect(page.locator(".entry .name")).to_have_text(["grand piano"])
    page.keyboard.type("z")
    expect(page.locator(".entry")).to_have_count(0)
    expect(page.locator(".empty")).to_have_text("No name holds these words.")
    assert page.evaluate("() => window.sent") == [], "what is typed stays in the browser"
    press(page, "Escape")
    expect(words).to_have_value("")
    expect(page.locator(".detail")).to_have_text("1.3 % in none")
    expect(entry(page, 103)).to_have_class("entry current")
    press(page, "Escape")
    expect(box).to_be_focused()
    assert page.evaluate("() => window.sent") == []


def test_all_means_what_passes_the_filter(page: Page, site: Site) -> None:
    open_list(page, site, clusters(current=103, marked=[104]))
    press(page, "/")
    page.keyboard.type("piano")
    expect(page.locator(".entry")).to_have_count(2)
    press(page, "Enter")
    wait_for_pick(page, 101, 104)
    press(page, "Control+a")
    wait_for_pick(page, 101, 101, 106)
    press(page, "/", "Escape")
    expect(page.locator(".entry.marked .name")).to_have_text(["grand piano", "Upright piano"])
    expect(page.locator(".entry.current .name")).to_have_text("grand piano")


def test_who_is_current_stays_so_behind_a_filter(page: Page, site: Site) -> None:
    open_list(page, site, clusters(current=103))
    press(page, "/")
    page.keyboard.type("piano")
    expect(page.locator(".entry")).to_have_count(2)
    page.get_by_role("listbox").focus()
    press(page, "Control+a")
    wait_for_pick(page, 103, 101, 106)
    press(page, "r", "Enter")
    assert sent(page, "open") == [], "what is out of sight is not opened"


def test_another_data_set_empties_the_filter(page: Page, site: Site) -> None:
    open_list(page, site, clusters())
    press(page, "/")
    page.keyboard.type("piano")
    again(page, clusters(ds="another"))
    expect(page.get_by_role("textbox", name="Filter names")).to_have_value("")
    expect(page.locator(".entry.current")).to_have_count(0)
    expect(entry(page, 100)).to_be_visible()


def test_five_thousand_clusters_are_few_elements(page: Page, site: Site) -> None:
    box = open_list(page, site, clusters(5_000))
    assert box.evaluate("(node) => node.querySelectorAll('*').length") < 800
    press(page, "End")
    expect(entry(page, 5_099)).to_be_in_viewport()
    wait_for_pick(page, 5_099)
    box.evaluate("(node) => { node.scrollTop = 84 * 2_500; }")
    expect(entry(page, 2_600)).to_be_in_viewport()
    expect(entry(page, 5_099)).to_have_count(0)
    assert box.evaluate("(node) => node.querySelectorAll('*').length") < 800
    press(page, "/")
    page.keyboard.type("cluster 4999")
    expect(page.locator(".entry")).to_have_count(1)


def test_an_update_draws_only_what_has_changed(page: Page, site: Site) -> None:
    data = clusters()
    open_list(page, site, data)
    page.evaluate(
        "() => { for (const node of document.getElementById('host').shadowRoot.querySelectorAll('.entry')) node.drawn = 1; }"
    )
    again(page, named(data, _101="another name"))
    expect(entry(page, 101).locator(".name")).to_have_text("another name")
    assert entry(page, 100).evaluate("(node) => node.drawn") == 1
    again(page, {**data, "rev": 1})
    expect(entry(page, 101).locator(".name")).to_have_text("grand piano")
    assert entry(page, 100).evaluate("(node) => node.drawn ?? 0") == 0


def test_the_page_is_the_truth_but_an_old_echo_is_not(page: Page, site: Site) -> None:
    data = clusters()
    open_list(page, site, data)
    for id_ in (102, 103):
        entry(page, id_).click()
        wait_for_pick(page, id_)
    again(page, {**data, "current": 102})
    settle(page)
    expect(page.locator(".entry.current")).to_have_attribute("data-id", "103")
    again(page, {**data, "current": 109, "marked": [101]})
    expect(page.locator(".entry.current")).to_have_attribute("data-id", "109")
    expect(page.locator(".entry.marked")).to_have_attribute("data-id", "101")
    expect(entry(page, 109)).to_be_in_viewport()


def test_what_was_picked_in_another_data_set_is_not_kept(page: Page, site: Site) -> None:
    data = clusters()
    open_list(page, site, data)
    entry(page, 102).click()
    wait_for_pick(page, 102)
    again(page, {**data, "ds": "another"})
    settle(page)
    expect(page.locator(".entry.current")).to_have_count(0)


def test_an_old_echo_under_a_filter_leaves_the_current_entry(page: Page, site: Site) -> None:
    data = clusters()
    open_list(page, site, data)
    press(page, "/")
    page.keyboard.type("piano")
    expect(page.locator(".entry")).to_have_count(2)
    for id_ in (101, 106):
        entry(page, id_).click()
        wait_for_pick(page, id_)
    again(page, {**data, "current": 101})
    settle(page)
    expect(page.locator(".entry.current")).to_have_attribute("data-id", "106")


def test_other_clusters_keep_the_place_and_another_order_begins_above(page: Page, site: Site) -> None:
    data = clusters(300)
    box = open_list(page, site, data)
    box.evaluate("(node) => { node.scrollTop = 84 * 100; }")
    entry(page, 201).wait_for()
    again(page, {**data, "entries": data["entries"][:250]})
    settle(page)
    assert box.evaluate("(node) => node.scrollTop") == 84 * 100
    again(page, {**data, "entries": data["entries"][::-1], "order": "name"})
    expect(entry(page, 399)).to_be_in_viewport()


def test_hostile_names_are_text(page: Page, site: Site) -> None:
    names = {
        "_100": HOSTILE,
        "_101": "n" * 300,
        "_102": "two\nlines",
        "_103": "\u05e9\u05dc\u05d5\u05dd (shalom)",
        "_104": "\u202eback",
    }
    data = named(clusters(title=HOSTILE, detail=HOSTILE, current=100), **names)
    data["entries"][0] |= {"note": HOSTILE, "share": "<b>1</b>", "color": "url(/evil.png)"}
    box = open_list(page, site, data)
    expect(entry(page, 100).locator(".name")).to_have_text(HOSTILE)
    expect(entry(page, 100).locator(".note")).to_have_text(HOSTILE)
    expect(page.locator("strong")).to_have_text(HOSTILE)
    expect(box).to_have_attribute("aria-label", HOSTILE)
    expect(entry(page, 103).locator(".name")).to_have_css("direction", "rtl")
    tops = [
        entry(page, id_).evaluate("(node) => [node.scrollWidth <= node.clientWidth, node.offsetHeight]")
        for id_ in range(100, 105)
    ]
    assert tops == [[True, 82]] * 5
    assert {entry(page, id_).locator(".name").evaluate("(node) => node.offsetHeight <= 24") for id_ in range(100, 105)} == {
        True
    }
    press(page, "r")
    expect(field(page)).to_have_value(HOSTILE)
    press(page, "End")
    page.keyboard.type("!")
    press(page, "Enter")
    assert sent(page, "rename") == [{"id": 100, "name": f"{HOSTILE}!"}]
    expect(entry(page, 100).locator(".name")).to_have_text(f"{HOSTILE}!")
    assert page.evaluate("() => window.hacked") is None
    assert "/evil.png" not in site.asked


def test_texts_stand_where_there_are_no_pictures(page: Page, site: Site) -> None:
    data = texts(
        clusters(), ["one\nline", HOSTILE, "a third"], ["only this, " + "long " * 80], [""], [], ["\u05e9\u05dc\u05d5\u05dd"]
    )
    open_list(page, site, data)
    expect(entry(page, 100).locator(".texts > span")).to_have_text(["one line", HOSTILE])
    expect(entry(page, 102).locator(".texts")).to_have_text("empty text")
    expect(entry(page, 103).locator(".texts > span")).to_have_count(0)
    expect(entry(page, 104).locator(".texts > span")).to_have_css("direction", "rtl")
    heights = [entry(page, id_).locator(".texts").evaluate("(node) => node.offsetHeight") for id_ in (100, 101)]
    assert heights == [40, 40], "two lines, of two texts or of one"
    assert page.locator(".entry img").count() == 0
    assert page.evaluate("() => window.hacked") is None


def test_pictures_and_texts_may_stand_in_one_list(page: Page, site: Site) -> None:
    data = clusters()
    data["entries"][1] |= {"pictures": [], "texts": ["a caption"]}
    open_list(page, site, data)
    expect(entry(page, 101).locator(".texts")).to_have_text("a caption")
    expect(entry(page, 102).locator("img")).to_have_count(7)


def test_slider_and_order_are_told_after_the_pick(page: Page, site: Site) -> None:
    data = clusters()
    open_list(page, site, data)
    expect(page.locator(".granularity")).to_contain_text("Granularity · 10 clusters")
    press(page, "ArrowDown")
    page.get_by_role("slider", name="Granularity").focus()
    press(page, "ArrowRight")
    page.get_by_label("Order").select_option("name")
    assert [said[0] for said in page.evaluate("() => window.sent")] == ["pick", "layer", "order"]
    assert sent(page, "layer") == [2]
    assert sent(page, "order") == ["name"]
    again(page, {**data, "granularity": None, "orders": []})
    expect(page.locator(".granularity")).to_be_hidden()
    expect(page.get_by_label("Order")).to_be_hidden()


def test_an_empty_list_says_why(page: Page, site: Site) -> None:
    open_list(page, site, clusters(0))
    expect(page.locator(".empty")).to_have_text("Nothing is clustered yet.")
    press(page, "ArrowDown", "Space", "Enter", "r", "Control+a", "Escape")
    assert page.evaluate("() => window.sent") == []
    again(page, clusters())
    expect(page.locator(".empty")).to_be_hidden()
    expect(entry(page, 100)).to_be_visible()
