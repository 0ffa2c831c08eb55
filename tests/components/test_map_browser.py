"""The map in a real browser."""

import json

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from components.assets import loader
from components.examples.data import inside
from components.map.events import read_lasso
from tests.browser import drag, place_of, wait_for_map, watched_page
from tests.components.bare_map import color_at, counts, grid_coords, inked, mount, open_map, put_map, sent
from tests.components.site import Site

pytestmark = pytest.mark.browser
HOSTILE = '<img src=x onerror="window.hacked = 1"><b>bold</b>'
NO_WEBGL = """const ask = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) { return /webgl/.test(kind) ? null : ask.call(this, kind, ...rest); };"""


def is_red(rgba: list[int]) -> bool:
    return rgba[3] > 150 and rgba[0] > 2 * rgba[1]


def is_green(rgba: list[int]) -> bool:
    return rgba[3] > 150 and rgba[1] > 2 * rgba[0]


def loop(page: Page, n: int = 24, share: float = 0.28) -> list[tuple[float, float]]:
    """Return a round path over the middle of the map."""
    box = page.locator("section.map").bounding_box()
    assert box
    x, y, r = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["height"] * share
    return [(x + 1.3 * r * float(np.cos(a)), y + r * float(np.sin(a))) for a in np.linspace(0, 2 * np.pi, n)]


def test_points_are_drawn_in_their_colors(page: Page, site: Site) -> None:
    open_map(page, site, put_map(site, grid_coords()))
    assert page.locator("section.map").get_attribute("data-renderer") == "webgl2"
    assert is_red(color_at(page, 0))
    assert is_green(color_at(page, 19))


def test_without_webgl_the_same_is_drawn_flat(browser: Browser, site: Site) -> None:
    with watched_page(browser) as (page, watch):
        page.add_init_script(NO_WEBGL)
        state = np.zeros(400, np.uint8)
        state[:10] = 1
        open_map(page, site, put_map(site, grid_coords(), state=state))
        assert page.locator("section.map").get_attribute("data-renderer") == "2d"
        assert is_red(color_at(page, 0))
        assert inked(page) > 3000
        page.click("button.tool.box")
        drag(page, [(100, 150), (900, 560)])
        assert counts(page)["selected"] > 50
        watch.check(site.host)


def test_many_points_are_drawn_flat_too(browser: Browser, site: Site) -> None:
    coords = np.random.default_rng(1).normal(size=(60_000, 2)).astype(np.float32)
    with watched_page(browser) as (page, watch):
        page.add_init_script(NO_WEBGL)
        open_map(page, site, put_map(site, coords))
        assert inked(page) > 20_000
        watch.check(site.host)


@pytest.mark.parametrize("keys", [[], ["Shift"], ["Alt"]])
def test_a_lasso_hits_what_numpy_hits(page: Page, site: Site, keys: list[str]) -> None:
    coords = np.random.default_rng(2).normal(size=(5000, 2)).astype(np.float32)
    state = np.zeros(5000, np.uint8)
    state[:500] = 1
    state[500:1000] = 2
    open_map(page, site, put_map(site, coords, state=state))
    page.click("button.tool.lasso")
    for key in keys:
        page.keyboard.down(key)
    drag(page, loop(page), steps=3)
    for key in keys:
        page.keyboard.up(key)
    (event,) = sent(page, "lasso")
    lasso = read_lasso(event)
    assert lasso is not None
    assert lasso.kind == "lasso"
    assert lasso.points == "0"
    hit = inside(lasso.polygon, coords) & (state != 2)
    before = state == 1
    expected = {"replace": hit, "add": before | hit, "subtract": before & ~hit}[lasso.mode]
    assert lasso.mode == {"": "replace", "Shift": "add", "Alt": "subtract"}["".join(keys)]
    assert counts(page)["hits"] == np.count_nonzero(hit) > 500
    assert counts(page)["selected"] == np.count_nonzero(expected)


def test_hover_shows_the_card_inside_the_map(page: Page, site: Site) -> None:
    open_map(page, site, put_map(site, grid_coords(5)))
    frame = page.locator("section.map").bounding_box()
    assert frame
    for row in (0, 2, 4, 10, 12, 14, 20, 22, 24):
        x, y = place_of(page, row)
        page.mouse.move(x + 1, y + 1)
        page.wait_for_function(
            "(words) => document.getElementById('host').shadowRoot.querySelector('.card .title').textContent === words",
            arg=f"title {row}",
        )
        box = page.locator(".card").bounding_box()
        assert box
        assert box["x"] >= frame["x"]
        assert box["y"] >= frame["y"]
        assert box["x"] + box["width"] <= frame["x"] + frame["width"]
        assert box["y"] + box["height"] <= frame["y"] + frame["height"]
    assert page.locator(".card .lines").inner_text() == "first line\nsecond line"


def test_hover_shows_texts_and_columns(page: Page, site: Site) -> None:
    open_map(page, site, put_map(site, grid_coords(5)))
    cards = {
        12: {"text": HOSTILE, "pairs": []},
        13: {"text": "", "pairs": []},
        14: {"text": None, "pairs": [["length", "7.4"]]},
    }
    for row, card in cards.items():
        info = {"row": row, "id": str(row), "title": f"title {row}", "lines": ["given a"], "thumb": False, **card}
        site.put(f"/info/{row}.json", json.dumps(info).encode(), "application/json")
    for row, shown in ((12, HOSTILE), (13, "empty text"), (14, None)):
        page.mouse.move(*place_of(page, row))
        expect(page.locator(".card .title")).to_have_text(f"title {row}")
        if shown is None:
            expect(page.locator(".card .text")).to_be_hidden()
            expect(page.locator(".card .lines > div").first).to_have_text("length 7.4")
        else:
            expect(page.locator(".card .text")).to_have_text(shown)
    assert page.evaluate("() => window.hacked") is None


def test_when_all_points_are_hidden_there_are_words(page: Page, site: Site) -> None:
    data = put_map(site, grid_coords(5), state=np.full(25, 2, np.uint8), empty="No item passes the filters.")
    open_map(page, site, data)
    expect(page.locator(".message")).to_have_text("No item passes the filters.")
    mount(page, put_map(site, grid_coords(5)))
    expect(page.locator(".message")).to_be_hidden()


def test_hostile_names_stay_text(page: Page, site: Site) -> None:
    label = {"id": 3, "text": HOSTILE[:30], "count": 4, "x": 2.0, "y": 2.0, "level": 0}
    data = put_map(site, grid_coords(5), labels=[label], caption=HOSTILE, busy={"text": HOSTILE, "fraction": 0.5})
    info = {"row": 12, "id": "12", "title": HOSTILE, "lines": [HOSTILE], "thumb": False}
    site.put("/info/12.json", json.dumps(info).encode(), "application/json")
    open_map(page, site, data)
    page.mouse.move(*place_of(page, 12))
    page.wait_for_function(
        "() => document.getElementById('host').shadowRoot.querySelector('.card .title').textContent.length > 5"
    )
    assert page.locator(".card .title").inner_text() == HOSTILE
    assert page.locator(".caption").inner_text() == HOSTILE
    assert page.locator(".label").count() == 1
    assert page.locator("section.map img, section.map b").count() == 0
    assert page.evaluate("() => window.hacked") is None


def test_clicks_on_points_names_and_nothing(page: Page, site: Site) -> None:
    labels = [{"id": 7, "text": "seven", "count": 4, "x": 2.0, "y": 4.6, "level": 0}]
    open_map(page, site, put_map(site, grid_coords(5), labels=labels))
    page.mouse.click(*place_of(page, 12))
    page.keyboard.down("Shift")
    page.mouse.click(*place_of(page, 8))
    page.keyboard.up("Shift")
    assert sent(page, "click") == [{"row": 12, "mode": "replace"}, {"row": 8, "mode": "add"}]
    assert counts(page)["selected"] == 2
    box = page.locator("section.map").bounding_box()
    assert box
    page.mouse.click(box["x"] + 20, box["y"] + box["height"] - 60)
    page.wait_for_function("() => window.sent.length === 3")
    assert sent(page, "click")[2] == {"row": None, "mode": "replace"}
    page.locator(".label").click()
    page.locator(".label").focus()
    page.keyboard.press("Enter")
    assert sent(page, "cluster") == [{"id": 7, "mode": "replace"}] * 2


def test_names_never_overlap_and_more_appear_with_zoom(page: Page, site: Site) -> None:
    coords = grid_coords()
    labels = [
        {
            "id": i,
            "text": f"cluster number {i}",
            "count": 400 - i,
            "x": float(coords[i, 0]),
            "y": float(coords[i, 1]),
            "level": i % 2,
        }
        for i in range(400)
    ]
    open_map(page, site, put_map(site, coords, labels=labels))
    shown = """() => [...document.getElementById("host").shadowRoot.querySelectorAll(".label.shown")].map((e) => {
      const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom, Number(e.dataset.id)]; })"""
    page.wait_for_function("() => window.__map.counts().labels > 5")
    boxes = page.evaluate(shown)
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    assert all(box[4] % 2 == 0 for box in boxes), "finer names wait for zoom"
    for _ in range(4):
        page.mouse.move(470, 300)
        page.mouse.wheel(0, -200)
    page.wait_for_function("() => window.__map.view.camera.zoom > 4")
    page.wait_for_function(f"() => ({shown})().some((b) => b[4] % 2 === 1)")


def test_keyboard_moves_zooms_selects_and_gives_commands(page: Page, site: Site) -> None:
    open_map(page, site, put_map(site, grid_coords(5)))
    page.locator("canvas.points").focus()
    zoom = "() => window.__map.view.camera.zoom"
    page.keyboard.press("+")
    page.wait_for_function(f"() => ({zoom})() > 1.4")
    x = page.evaluate("() => window.__map.view.camera.cx")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => window.__map.view.camera.cx") > x
    page.keyboard.press("0")
    page.wait_for_function(f"() => Math.abs(({zoom})() - 1) < 1e-6")
    page.keyboard.press("Control+a")
    assert counts(page)["selected"] == 25
    page.keyboard.press("Escape")
    assert sent(page, "click") == [{"row": None, "mode": "replace"}]
    for key in ("x", "Control+z", "Control+Shift+z", "/"):
        page.keyboard.press(key)
    assert [c["name"] for c in sent(page, "command")] == ["x", "ctrl+z", "ctrl+shift+z", "/"]
    page.evaluate("() => { const field = document.createElement('input'); document.body.append(field); field.focus(); }")
    page.keyboard.press("x")
    assert len(sent(page, "command")) == 4, "a key that is typed is no command"


def test_failed_positions_can_be_asked_for_again(page: Page, site: Site) -> None:
    data = put_map(site, grid_coords(5))
    kept = site.answers.pop("/points/0.bin")
    open_map(page, site, data, wait=False)
    page.wait_for_selector(".notice:not([hidden])")
    assert "404" in page.locator(".notice").inner_text()
    site.answers["/points/0.bin"] = kept
    page.click("button.again")
    wait_for_map(page)
    assert is_red(color_at(page, 0))
    assert page.locator(".notice").is_hidden()


def test_a_cut_answer_is_words_not_an_exception(page: Page, site: Site) -> None:
    data = put_map(site, grid_coords(5))
    site.put("/points/0.bin", b"\x05\x00\x00\x00\xff\xff\x00\x00{}")
    open_map(page, site, data, wait=False)
    page.wait_for_selector(".notice:not([hidden])")
    assert "cut short" in page.locator(".notice").inner_text()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_points(page: Page, site: Site, n: int) -> None:
    data = put_map(site, grid_coords(5)[:n], empty="No pictures were found.")
    open_map(page, site, data, wait=n > 0)
    if n:
        assert inked(page) > 20
        page.keyboard.press("Control+a")
    else:
        page.wait_for_selector(".message:not([hidden])")
        assert page.locator(".message").inner_text() == "No pictures were found."
    page.locator("canvas.points").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("+")
    assert counts(page)["selected"] == n


def test_equal_points_are_drawn(page: Page, site: Site) -> None:
    open_map(page, site, put_map(site, np.full((50, 2), 3.5, np.float32)))
    assert inked(page) > 20


def test_busy_shows_words_and_progress(page: Page, site: Site) -> None:
    data = put_map(site, grid_coords(5)[:0], empty="The map appears here.", busy={"text": "Encoding 40 of 80", "fraction": 0.5})
    open_map(page, site, data, wait=False)
    assert page.locator(".status").inner_text() == "Encoding 40 of 80"
    assert page.locator("[role=progressbar]").get_attribute("aria-valuenow") == "50"
    mount(page, put_map(site, grid_coords(5)))
    assert page.locator("[role=progressbar]").is_hidden()


def test_new_colors_and_states_keep_the_view(page: Page, site: Site) -> None:
    coords = grid_coords()
    open_map(page, site, put_map(site, coords))
    page.mouse.move(500, 300)
    page.mouse.wheel(0, -150)
    page.wait_for_function("() => window.__map.view.camera.zoom > 1.2")
    view = page.evaluate("() => { const c = window.__map.view.camera; return [c.cx, c.cy, c.scale]; }")
    data = put_map(site, coords)
    assert data["color"]
    number = np.linspace(0, 1, 400).astype("<f4")
    number[3] = np.nan
    color = {
        "url": site.put("/color/n.bin", number.tobytes()),
        "kind": "number",
        "palette": ["#2ca02c", "#d62728"],
        "missing": "#8d96a3",
        "range": [0, 1],
    }
    state = np.zeros(400, np.uint8)
    state[:200] = 1
    mount(page, {**data, "color": color, "state": {"url": site.put("/state/s.bin", state.tobytes())}, "selected_count": 200})
    page.wait_for_function("() => window.__map.counts().selected === 200")
    assert page.evaluate("() => { const c = window.__map.view.camera; return [c.cx, c.cy, c.scale]; }") == view
    assert is_green(color_at(page, 105))
    assert page.locator("canvas.points").count() == 1


def test_new_positions_move_over_and_the_old_view_comes_back(page: Page, site: Site) -> None:
    coords = grid_coords()
    first = put_map(site, coords)
    open_map(page, site, first)
    page.mouse.move(500, 300)
    page.mouse.wheel(0, -150)
    page.wait_for_function("() => window.__map.view.camera.zoom > 1.2")
    mount(page, put_map(site, coords[::-1] * 7, rev="1"), wait=False)
    page.wait_for_function("() => window.__map.view.motion.move")
    wait_for_map(page)
    assert page.evaluate("() => window.__map.view.camera.zoom") == pytest.approx(1)
    assert is_green(color_at(page, 0))
    mount(page, first)
    assert page.evaluate("() => window.__map.view.camera.zoom") > 1.2


def test_the_view_outlives_a_page_switch(page: Page, site: Site) -> None:
    data = put_map(site, grid_coords())
    open_map(page, site, data)
    page.mouse.move(500, 300)
    page.mouse.wheel(0, -150)
    page.wait_for_function("() => Object.keys(sessionStorage).length > 0")
    zoom = page.evaluate("() => window.__map.view.camera.zoom")
    open_map(page, site, data)
    assert page.evaluate("() => window.__map.view.camera.zoom") == pytest.approx(zoom)


def test_cleanup_removes_everything_but_an_old_one_removes_nothing(page: Page, site: Site) -> None:
    data = put_map(site, grid_coords(5))
    open_map(page, site, data)
    page.evaluate("(data) => { const old = window.cleanup; window.mount(data); old(); }", {**data, "height": "560px"})
    assert page.locator("section.map").count() == 1
    page.evaluate("() => window.cleanup()")
    assert page.locator("section.map").count() == 0
    assert page.evaluate("() => window.__map") is None
    page.keyboard.press("x")
    page.mouse.move(300, 300)
    assert sent(page, "command") == []


def test_a_lost_context_comes_back(page: Page, site: Site) -> None:
    open_map(page, site, put_map(site, grid_coords()))
    page.evaluate(
        """() => new Promise((done) => {
          const { canvas, gl } = window.__map.view.renderer, lose = gl.getExtension("WEBGL_lose_context");
          canvas.addEventListener("webglcontextrestored", () => setTimeout(done));
          canvas.addEventListener("webglcontextlost", () => setTimeout(() => lose.restoreContext()));
          lose.loseContext();
        })"""
    )
    assert is_red(color_at(page, 0))


def test_hidden_rows_are_not_there_and_excluded_ones_are_rings(page: Page, site: Site) -> None:
    coords = grid_coords(5)
    state = np.zeros(25, np.uint8)
    state[6] = 2
    state[12] = 4
    open_map(page, site, put_map(site, coords, state=state))
    assert color_at(page, 6)[3] == 0
    assert color_at(page, 12)[3] == 0, "a ring is empty in the middle"
    assert color_at(page, 0)[3] > 150
    page.mouse.click(*place_of(page, 6))
    assert sent(page, "click") == []


def test_dragging_pans_and_space_pans_with_the_lasso(page: Page, site: Site) -> None:
    open_map(page, site, put_map(site, grid_coords(5)))
    center = "() => window.__map.view.camera.cx"
    x = page.evaluate(center)
    drag(page, [(400, 300), (300, 300)])
    assert page.evaluate(center) > x
    page.click("button.tool.lasso")
    page.locator("canvas.points").focus()
    page.keyboard.down(" ")
    x = page.evaluate(center)
    drag(page, [(300, 300), (400, 300)])
    page.keyboard.up(" ")
    assert page.evaluate(center) < x
    assert sent(page, "lasso") == []


def test_the_loader_offers_to_try_again(page: Page, site: Site) -> None:
    data = put_map(site, grid_coords(5))
    page.goto(f"{site.url}bare/gallery")
    page.wait_for_function("() => window.loaded")
    page.route("**/components/map/index.js*", lambda route: route.abort())
    page.evaluate(
        """async ([js, data]) => {
          const place = document.createElement("div");
          document.body.append(place);
          const home = place.attachShadow({ mode: "open" });
          const { default: run } = await import(URL.createObjectURL(new Blob([js], { type: "text/javascript" })));
          window.removed = await run({ data, parentElement: home, setTriggerValue() {} });
        }""",
        [loader("components/map/index.js"), {**data, "height": "400px"}],
    )
    page.get_by_role("button", name="Try again").click()
    assert page.get_by_role("button", name="Try again").is_visible()
    page.unroute("**/components/map/index.js*")
    page.get_by_role("button", name="Try again").click()
    wait_for_map(page)
    page.evaluate("() => window.removed()")
    assert page.locator("section.map").count() == 0
