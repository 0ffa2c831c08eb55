"""Side panel, action bar, inspector, source form, report, contingency table and top bar in a real browser, by mouse and by keyboard."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from components import action_bar, contingency, groups, inspector, list_header, report, side_panel, source_form, top_bar
from components.assets import loader
from tests.components.bare_map import sent
from tests.components.site import Site

pytestmark = pytest.mark.browser
HOSTILE = '<img src=x onerror="window.hacked = 1">'


def open_part(page: Page, site: Site, name: str, data: Any, width: int = 260) -> None:
    page.goto(f"{site.url}bare/{name}?width={width}")
    page.wait_for_function("() => window.loaded")
    again(page, data)


def again(page: Page, data: Any) -> None:
    page.evaluate("async (data) => { await window.mount(data); }", data)


def panel(**search: Any) -> dict[str, Any]:
    data: dict[str, Any] = {**side_panel.example(), "height": "700px"}
    data["search"] = {**data["search"], **search} if search != {"gone": True} else None
    return data


IDLE = {"query": "", "state": "", "bins": [], "found": 0}


def test_slash_goes_to_the_search_and_enter_asks(page: Page, site: Site) -> None:
    open_part(page, site, "side_panel", panel(**IDLE))
    field = page.get_by_role("textbox", name="Search by words")
    page.keyboard.press("/")
    expect(field).to_be_focused()
    expect(page.locator(".tip")).to_contain_text("not colors, actions or counts")
    page.keyboard.type("a red boat")
    assert sent(page, "search") == [], "typing alone asks nothing"
    page.keyboard.press("Enter")
    assert sent(page, "search") == ["a red boat"]
    expect(page.locator(".spinner")).to_be_visible()
    again(page, panel(query="a red boat", state="busy", bins=[], found=0))
    expect(page.locator(".result")).to_contain_text("Searching")
    expect(page.locator(".spinner")).to_be_visible()
    again(page, panel(query="a red boat", found=36))
    expect(page.locator(".spinner")).to_be_hidden()
    expect(page.locator(".result .line")).to_contain_text("36 found")
    expect(page.locator(".notes")).to_contain_text("not colors, actions or counts")
    page.keyboard.press("Enter")
    assert sent(page, "search") == ["a red boat"], "the same words are not asked twice"


def test_f_goes_to_the_filter_and_slash_too_where_nothing_is_searched(page: Page, site: Site) -> None:
    open_part(page, site, "side_panel", panel(**IDLE))
    field = page.get_by_role("textbox", name="Filter by words")
    page.keyboard.press("f")
    expect(field).to_be_focused()
    page.keyboard.type("f/")
    expect(field).to_have_value("f/")
    open_part(page, site, "side_panel", panel(gone=True))
    expect(page.get_by_role("textbox", name="Search by words")).to_be_hidden()
    page.keyboard.press("/")
    expect(field).to_be_focused()


def test_the_slider_counts_at_once_and_asks_where_it_rests(page: Page, site: Site) -> None:
    bins = list(range(110, 0, -1))
    open_part(page, site, "side_panel", panel(bins=bins, place=100, found=sum(bins[100:])))
    slider = page.get_by_role("slider", name="Cut-off")
    said = page.locator(".result .line")
    expect(said).to_contain_text(f"{sum(bins[100:])} found")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(said).to_contain_text(f"{sum(bins[97:])} found")
    page.wait_for_function("() => window.sent.length === 1")
    assert sent(page, "cut") == [{"place": 97}]
    assert slider.get_attribute("aria-valuetext") == f"{sum(bins[97:])} found"
    again(page, panel(bins=bins, place=97, found=sum(bins[97:]), moved=True))
    page.get_by_role("button", name="default").click()
    assert sent(page, "cut")[-1] == {"place": -1}


def test_escape_and_the_cross_end_the_search(page: Page, site: Site) -> None:
    open_part(page, site, "side_panel", panel())
    field = page.get_by_role("textbox", name="Search by words")
    field.focus()
    page.keyboard.press("Escape")
    assert sent(page, "search") == [""]
    again(page, panel(**IDLE))
    expect(field).to_have_value("")
    expect(page.locator(".result")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(field).not_to_be_focused()
    again(page, panel())
    page.get_by_role("button", name="End the search").click()
    assert sent(page, "search") == ["", ""]


def test_failures_and_nothing_found_are_words(page: Page, site: Site) -> None:
    open_part(page, site, "side_panel", panel(state="failed", error=HOSTILE, hint="Try again", bins=[], found=0))
    expect(page.locator(".search [role=alert]")).to_have_text(f"{HOSTILE}. Try again")
    field = page.get_by_role("textbox", name="Search by words")
    field.focus()
    page.keyboard.press("Enter")
    assert sent(page, "search") == ["kangaroo"], "what failed is asked again"
    again(page, panel(bins=[], found=0, notes=["No word is known."]))
    expect(page.locator(".result .line")).to_contain_text("Nothing found")
    expect(page.get_by_role("slider", name="Cut-off")).to_be_hidden()
    again(page, panel(found=0, place=19))
    expect(page.locator(".result .line")).to_contain_text("Nothing fits well enough")
    expect(page.get_by_role("slider", name="Cut-off")).to_be_visible()
    assert page.evaluate("() => window.hacked") is None


def test_words_that_are_typed_survive_a_redraw(page: Page, site: Site) -> None:
    open_part(page, site, "side_panel", panel(**IDLE))
    page.keyboard.press("/")
    page.keyboard.type("half a wo")
    again(page, panel(**IDLE))
    expect(page.get_by_role("textbox", name="Search by words")).to_have_value("half a wo")


def test_the_encoder_is_chosen_beside_the_map(page: Page, site: Site) -> None:
    data = panel(**IDLE)
    open_part(page, site, "side_panel", data)
    page.get_by_label("Encoder that the map is made from").select_option("pixels")
    assert sent(page, "encoder") == ["pixels"]
    again(page, {**data, "encoders": []})
    expect(page.get_by_label("Encoder that the map is made from")).to_be_hidden()


@pytest.mark.parametrize("width", [226, 252, 272])
def test_counts_of_a_million_rows_stay_in_their_column(page: Page, site: Site, width: int) -> None:
    data = panel(**IDLE)
    data["legend"]["items"] += [{"code": 9, "text": "x" * 80, "count": 888_888, "color": "#888888", "state": "solo"}] * 30
    open_part(page, site, "side_panel", data, width=width)
    expect(page.locator(".item .count").first).to_have_text("1,000,000")
    for item in page.evaluate(BOXES)[:3]:
        assert item["count"]["left"] >= item["countBox"]["left"], "a count fits into its column"
        assert item["count"]["right"] <= item["row"]["right"] - 6, "and keeps off the edge"
        assert item["bar"]["right"] + 6 <= item["count"]["left"]
        assert item["text"]["right"] + 6 <= item["bar"]["left"]
        assert item["text"]["right"] - item["text"]["left"] >= 40, "names keep some room"
    assert len({item["count"]["right"] for item in page.evaluate(BOXES)}) == 1


BOXES = """() => [...document.getElementById("host").shadowRoot.querySelectorAll(".item")].map((row) => {
  const of = (node) => { const { left, right } = node.getBoundingClientRect(); return { left, right }; };
  const range = document.createRange();
  range.selectNodeContents(row.querySelector(".count"));
  return { row: of(row), text: of(row.querySelector(".text")), bar: of(row.querySelector(".bar")), count: of(range),
    countBox: of(row.querySelector(".count")) };
})"""


def item(**changes: Any) -> dict[str, Any]:
    return {**inspector.example(), "thumb": None, "image": None, "text": "a text", **changes}


def test_a_whole_text_is_fetched_and_never_read_as_markup(page: Page, site: Site) -> None:
    long = "line one\n\n  line three\n" + HOSTILE + "x" * 50_000
    site.put("/text/8.txt", long.encode(), "text/plain; charset=utf-8")
    open_part(page, site, "inspector", item(text=long[:100], text_url="/text/8.txt"), width=380)
    text = page.locator(".reading .text")
    page.wait_for_function(
        "(n) => document.getElementById('host').shadowRoot.querySelector('.text').textContent.length === n", arg=len(long)
    )
    assert text.evaluate("(node) => node.textContent") == long
    assert text.evaluate("(node) => getComputedStyle(node).whiteSpace").startswith("pre-wrap")
    assert text.evaluate("(node) => node.scrollHeight > node.clientHeight")
    page.get_by_role("button", name="Read it large").click()
    expect(page.locator("dialog .page")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog .page")).to_be_hidden()
    again(page, item(text="", row=9, id="9"))
    expect(text).to_have_text("empty text")
    assert page.evaluate("() => window.hacked") is None


def test_a_text_that_cannot_be_had_says_so(page: Page, site: Site) -> None:
    open_part(page, site, "inspector", item(text="the beginning", text_url="/text/none.txt"), width=380)
    expect(page.locator(".reading .text")).to_contain_text("the beginning")
    expect(page.locator(".reading .text")).to_contain_text("could not be loaded")


def test_what_was_opened_on_another_page_stays_closed(page: Page, site: Site) -> None:
    open_part(page, site, "inspector", item(open=3), width=380)
    assert page.locator("dialog[open]").count() == 0
    again(page, item(open=4))
    expect(page.locator("dialog .page")).to_be_visible()


def test_neighbors_and_likes_without_pictures_are_lines(page: Page, site: Site) -> None:
    near = [{"row": 5, "title": "r5", "text": HOSTILE, "label": "a", "similarity": ".9", "agrees": True}]
    near.append({"row": 6, "title": "r6", "text": None, "label": "", "similarity": ".8", "agrees": None})
    finding = {**inspector.example()["findings"][0], "check": "near_duplicate"}
    finding["alike"] = [
        {"row": 7, "title": "r7", "label": "b", "runs": [{"text": "same", "changed": False}, {"text": "new", "changed": True}]}
    ]
    open_part(page, site, "inspector", item(neighbors=near, findings=[finding]), width=380)
    expect(page.locator(".near .excerpt")).to_have_text([HOSTILE, "r6"])
    expect(page.locator(".others mark")).to_have_text("new")
    page.locator(".near").first.focus()
    page.keyboard.press("Enter")
    page.locator(".others button").click()
    assert sent(page, "go") == [{"row": 5}, {"row": 7}]
    assert page.evaluate("() => window.hacked") is None


def test_groups_of_texts_mark_the_words_that_differ(page: Page, site: Site) -> None:
    data: dict[str, Any] = {**groups.example(), "height": "400px"}
    for member, words in zip(data["groups"][0]["members"], ("one", "two"), strict=True):
        member["runs"] = [{"text": "alike", "changed": False}, {"text": words, "changed": True}]
    open_part(page, site, "groups", data, width=700)
    expect(page.locator("mark")).to_have_text(["one", "two"])


def test_columns_are_chosen_and_sent_together(page: Page, site: Site) -> None:
    data: dict[str, Any] = {**source_form.example()}
    open_part(page, site, "source_form", data, width=800)
    apply = page.get_by_role("button", name="Read again with these columns")
    expect(apply).to_be_disabled()
    page.get_by_label("Column for Label").select_option("text")
    page.get_by_label("Column for Id").select_option("id")
    again(page, {**data, "busy": True})
    expect(page.get_by_label("Column for Label")).to_have_value("text")
    apply.click()
    assert sent(page, "roles") == [{"label": "text", "id": "id"}]
    again(page, {**data, "busy": False, "rev": "new"})
    expect(apply).to_be_disabled()
    page.get_by_label("Column for Label").select_option("")
    page.get_by_role("button", name="As it was").click()
    expect(page.get_by_label("Column for Label")).to_have_value("label")


def test_after_a_failure_everything_is_told_again(page: Page, site: Site) -> None:
    data: dict[str, Any] = {**source_form.example(), "failed": True}
    open_part(page, site, "source_form", data, width=800)
    page.get_by_role("button", name="Read again with these columns").click()
    assert sent(page, "roles") == [{"text": "text", "label": "label"}]
    again(page, {**data, "columns": [], "free": True})
    page.get_by_role("textbox", name="Column for Id").fill("number")
    page.get_by_role("button", name="Read again with these columns").click()
    assert sent(page, "roles")[-1] == {"text": "text", "label": "label", "id": "number"}


def test_a_source_without_columns_is_told_without_a_form(page: Page, site: Site) -> None:
    open_part(page, site, "source_form", {**source_form.example(), "columns": []}, width=800)
    expect(page.get_by_role("button", name="Read again with these columns")).to_be_hidden()
    assert page.locator("select").count() == 0


def test_a_row_of_a_report_has_its_button(page: Page, site: Site) -> None:
    open_part(page, site, "report", report.example(), width=800)
    page.get_by_role("button", name="Look: Near duplicates").focus()
    page.keyboard.press("Enter")
    assert sent(page, "act") == ["look"]
    expect(page.locator("td.end .mark")).to_have_text("your own")


def test_either_side_is_chosen_and_both_are_swapped(page: Page, site: Site) -> None:
    open_part(page, site, "contingency", contingency.example(), width=1120)
    page.get_by_label("In the columns").select_option("label")
    page.get_by_label("In the rows").select_option("hdbscan")
    page.get_by_role("button", name="Swap").focus()
    page.keyboard.press("Enter")
    assert sent(page, "pick") == [
        {"one": "leiden", "other": "label"},
        {"one": "hdbscan", "other": "label"},
        {"one": "hdbscan", "other": "leiden"},
    ]
    again(page, contingency.example())
    page.get_by_label("In the rows").select_option("hdbscan")
    assert sent(page, "pick")[-1] == {"one": "hdbscan", "other": "leiden"}, "the same on both sides is a swap"


def test_cells_are_shaded_by_row_and_partners_are_ringed(page: Page, site: Site) -> None:
    data: dict[str, Any] = {**contingency.example()}
    data["lines"][0]["head"]["text"] = HOSTILE
    open_part(page, site, "contingency", data, width=1120)
    row = page.locator("tbody tr").first
    expect(row.locator("th .text")).to_have_text(HOSTILE)
    expect(row.locator("td")).to_have_text(["412,311", "120", "", "", "", "3,020", "14"])
    shares = row.locator("td").evaluate_all("(cells) => cells.map((cell) => Number(cell.style.getPropertyValue('--share')))")
    assert shares[0] == pytest.approx(412_311 / 415_465, abs=1e-3)
    assert shares[2] == 0
    assert page.locator("td.partner").all_inner_texts() == ["412,311", "300,180", "151,000", "51,938"]
    assert page.locator("td.ring:not(.partner)").all_inner_texts() == ["60,120"]
    expect(page.locator("td.partner").first).to_have_attribute("title", re.compile(r"99 % of the row; partners, Jaccard 0.98"))
    expect(page.locator(".key-line")).to_contain_text("fits best, with less than 0.5")
    assert page.locator("tbody td").evaluate_all("(cells) => cells.every((cell) => cell.scrollWidth <= cell.clientWidth)")
    assert page.evaluate("() => window.hacked") is None
    again(page, {**data, "lines": [], "sentence": "There are no labels."})
    expect(page.locator(".wide")).to_be_hidden()
    expect(page.locator(".sentence")).to_have_text("There are no labels.")


def bar(progress: dict[str, Any] | None = None, **offer: Any) -> dict[str, Any]:
    data = top_bar.example()
    return {**data, "progress": progress, "offer": {**(data["offer"] or {}), **offer}}


def test_a_declined_offer_does_not_come_back(page: Page, site: Site) -> None:
    open_part(page, site, "top_bar", bar(), width=1240)
    page.get_by_role("button", name="Download").click()
    page.get_by_role("button", name="Not now").click()
    assert sent(page, "offer") == ["download", "decline"]
    expect(page.locator(".offer")).to_be_hidden()
    open_part(page, site, "top_bar", bar(), width=1240)
    expect(page.locator(".offer")).to_be_hidden()
    again(page, bar(tone="busy", fraction=0.5))
    expect(page.locator(".offer [role=progressbar]")).to_have_attribute("aria-valuenow", "50")
    again(page, bar(model="another"))
    expect(page.locator(".offer")).to_be_visible()


def test_the_bar_leaves_decisions_to_a_list_in_which_one_marks(page: Page, site: Site) -> None:
    open_part(page, site, "action_bar", action_bar.example(), width=1200)
    page.evaluate(
        """() => {
          const list = document.createElement("div");
          list.setAttribute("role", "listbox");
          list.setAttribute("aria-multiselectable", "true");
          list.tabIndex = 0;
          document.body.append(list);
        }"""
    )
    page.get_by_role("listbox").focus()
    for key in "xka":
        page.keyboard.press(key)
    assert sent(page, "act") == []
    page.get_by_role("listbox").blur()
    page.keyboard.press("x")
    assert sent(page, "act") == [{"name": "exclude", "value": ""}]


def test_an_offer_takes_the_place_of_the_progress_and_moves_no_page(page: Page, site: Site) -> None:
    open_part(page, site, "top_bar", bar({"text": "UMAP", "fraction": 0.5, "tone": "busy", "action": "cancel"}), width=1240)
    pages = page.locator(".page")
    before = [box["x"] for box in map(Locator.bounding_box, pages.all()) if box]
    expect(page.locator(".offer")).to_be_hidden()
    again(page, {**bar(), "page": "runs"})
    expect(page.locator(".offer .words")).to_contain_text("605 MB")
    expect(page.locator(".progress")).to_be_hidden()
    after = [box["x"] for box in map(Locator.bounding_box, pages.all()) if box]
    assert len(before) == 4
    assert after == before
    last, offered = pages.last.bounding_box(), page.locator(".offer").bounding_box()
    assert last is not None
    assert offered is not None
    assert last["x"] + last["width"] < offered["x"]


def test_the_buttons_of_the_action_bar_stay_where_they_are(page: Page, site: Site) -> None:
    data = action_bar.example()
    open_part(page, site, "action_bar", {**data, "what": "1 item", "can_clear": False}, width=1240)
    tag = page.get_by_role("button", name="Tag")
    before = tag.bounding_box()
    again(page, {**data, "what": "1,234 selected", "can_clear": True})
    expect(page.get_by_role("button", name="clear")).to_be_visible()
    assert tag.bounding_box() == before


def test_of_a_line_of_parts_only_whole_ones_are_shown(page: Page, site: Site) -> None:
    data = {**list_header.example(), "detail": "accordion 40 · airplane 40 · dalmatian 40 · …"}
    open_part(page, site, "list_header", data, width=360)
    line = page.locator(".detail")
    expect(line).to_have_text(data["detail"])
    box = line.bounding_box()
    assert box is not None
    shown = [
        part
        for part in map(Locator.bounding_box, line.locator("span").all())
        if part is not None and part["y"] < box["y"] + box["height"]
    ]
    assert 0 < len(shown) < 4
    assert all(part["x"] + part["width"] <= box["x"] + box["width"] + 0.5 for part in shown)


def test_the_heading_of_the_legend_keeps_its_height(page: Page, site: Site) -> None:
    data = panel(gone=True)
    open_part(page, site, "side_panel", data, width=252)
    heading = page.locator(".legend .heading")
    before = heading.bounding_box()
    expect(heading).to_contain_text("click solo")
    off = [{**item, "state": "off"} for item in data["legend"]["items"]]
    again(page, {**data, "legend": {**data["legend"], "items": off}})
    expect(page.get_by_role("button", name="show all")).to_be_visible()
    assert heading.bounding_box() == before


def test_a_part_that_left_the_page_while_it_was_loading_takes_no_keys(page: Page, site: Site) -> None:
    page.goto(f"{site.url}bare/action_bar")
    page.wait_for_function("() => window.loaded")
    script = "async (data) => { const made = window.mount(data); document.getElementById('host').remove(); await made; }"
    page.evaluate(script, action_bar.example())
    page.keyboard.press("x")
    assert sent(page, "act") == []


def test_through_the_loader_each_event_has_a_number_of_its_own(page: Page, site: Site) -> None:
    page.goto(f"{site.url}bare/top_bar")
    page.wait_for_function("() => window.loaded")
    page.evaluate(
        """async ([js, data]) => {
          window.told = [];
          const place = document.createElement("div");
          document.body.append(place);
          const home = place.attachShadow({ mode: "open" });
          const { default: run } = await import(URL.createObjectURL(new Blob([js], { type: "text/javascript" })));
          await run({ data, parentElement: home, setTriggerValue: (name, event) => told.push([name, event]) });
        }""",
        [loader("components/action_bar/index.js"), action_bar.example()],
    )
    page.keyboard.press("k")
    page.keyboard.press("k")
    (first, one), (second, other) = page.evaluate("() => window.told")
    assert first == second == "act"
    assert one["value"] == other["value"] == {"name": "keep", "value": ""}
    assert one["id"] != other["id"]


def test_items_are_put_into_a_cluster_by_its_name(page: Page, site: Site) -> None:
    open_part(page, site, "action_bar", action_bar.example(), width=1240)
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Put 111 items into a cluster")).to_be_visible()
    page.keyboard.type("big")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert sent(page, "act") == [{"name": "cluster", "value": "big animals"}]
    again(page, {**action_bar.example(), "clusters": None})
    expect(page.get_by_role("button", name="Cluster")).to_be_disabled()
    page.keyboard.press("c")
    expect(page.locator("dialog")).to_be_hidden()
