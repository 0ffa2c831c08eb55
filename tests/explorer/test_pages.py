import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import explorer
from explorer.shared import install
from explorer.snapshot import snapshot
from tests.fakes_app import FakeExplorer

SCRIPT = Path(explorer.__file__).parent / "script" / "workbench.py"
PAGES = ("explore", "issues", "clusters", "export", "runs")


def opened(page):
    """Run the app and go to a page, as the top bar does."""
    app = AppTest.from_file(str(SCRIPT), default_timeout=120)
    app.run()
    if page != "explore":
        go(app, page)
    return app


def go(app, path):
    """Switch the page; AppTest itself can switch only to pages that are files."""
    app._page_hash = calc_hash(path)
    app.run()


def components(app):
    """Return what each of our components on the page was given, by key."""
    found = {}
    for element in app.main:
        collect(element, found)
    return found


def collect(node, found):
    proto = getattr(node, "proto", None)
    if type(node).__name__ == "UnknownElement" and hasattr(proto, "component_name"):
        name, data = proto.component_name.removeprefix("dataset-explorer-"), json.loads(proto.json)
        # A page may hold several reports: what they say is joined, what is said later wins.
        kept = {key: value for key, value in data.items() if value or key not in found.get(name, {})}
        if name == "report":
            kept["tables"] = [*found.get(name, {}).get("tables", []), *data["tables"]]
        found[name] = {**found.get(name, {}), **kept} if name == "report" else data
    for child in getattr(node, "children", {}).values():
        collect(child, found)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_drawn(shared, page):
    app = opened(page)
    assert not app.exception
    assert not app.error
    parts = components(app)
    assert parts["top-bar"]["page"] == page
    assert parts["top-bar"]["summary"] == "shapes · 240 items · 12 labels"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_words_while_the_rows_are_being_read(tmp_path, page):
    install(FakeExplorer(240, folder=tmp_path))
    app = opened(page)
    assert not app.exception
    parts = components(app)
    assert (parts["report"] if page == "runs" else parts["mosaic"])["title"] == ("Runs" if page == "runs" else "Opening shapes")


@pytest.mark.parametrize("page", PAGES)
def test_a_failed_analysis_is_told_in_words(tmp_path, page):
    ex = FakeExplorer(240, folder=tmp_path)
    ex.fail = "the disk is full"
    shared = install(ex)
    shared.job.start()
    assert shared.job.wait(60)
    app = opened(page)
    assert not app.exception
    progress = components(app)["top-bar"]["progress"]
    assert (progress["text"], progress["action"]) == ("The disk is full", "retry")


@pytest.mark.parametrize("page", PAGES)
def test_without_labels_every_page_is_drawn(tmp_path, page):
    install(FakeExplorer(240, labels=False, flags=False, folder=tmp_path).analyze())
    app = opened(page)
    assert not app.exception
    assert components(app)["top-bar"]["summary"] == "shapes · 240 items"


@pytest.mark.parametrize("page", PAGES)
def test_hostile_names_reach_no_markdown(tmp_path, page):
    install(FakeExplorer(240, hostile=True, folder=tmp_path).analyze())
    app = opened(page)
    assert not app.exception
    texts = [element.value for kind in (app.markdown, app.title, app.caption, app.warning, app.info) for element in kind]
    assert not any("<img" in text for text in texts)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("kind", ["texts", "table", "vectors"])
def test_every_kind_of_data_has_every_page(tmp_path, page, kind):
    install(FakeExplorer(240, kind=kind, hostile=True, folder=tmp_path).analyze())
    app = opened(page)
    assert not app.exception
    assert not app.error
    parts = components(app)
    assert parts["top-bar"]["summary"].endswith("240 items · 12 labels")
    if page == "explore":
        assert parts["gallery"]["thumb"] is None
        assert (parts["side-panel"]["search"] is not None) == (kind == "texts")


def test_a_search_is_drawn(shared):
    app = opened("explore")
    app.session_state["dataset_explorer_view"].seek("star")
    app.run()
    assert not app.exception
    parts = components(app)
    assert parts["side-panel"]["search"]["state"] == "done"
    assert parts["gallery"]["total"] == parts["side-panel"]["search"]["found"] == parts["map"]["selected_count"]


def test_runs_shows_source_figures_and_stages(shared):
    parts = components(opened("runs"))
    titles = [table["title"] for table in parts["report"]["tables"]]
    assert titles[:5] == ["Encoders", "Maps", "Layers of clusters", "Agreement", "How many clusters?"]
    assert {"Neighbors", "Stages"} < set(titles)
    assert parts["source-form"]["title"] == "Source"
    assert parts["contingency"]["sentence"].startswith("12 of 12 clusters of Leiden have a partner among your labels")


def test_runs_compares_nothing_where_there_is_one_grouping(tmp_path):
    install(FakeExplorer(240, labels=False, folder=tmp_path).analyze())
    assert "contingency" not in components(opened("runs"))


def test_what_is_compared_is_chosen_and_kept(shared):
    app = opened("runs")
    assert (components(app)["contingency"]["one"], components(app)["contingency"]["other"]) == ("leiden", "label")
    app.session_state["dataset_explorer_view"].sides = ("label", "leiden")
    go(app, "")
    go(app, "runs")
    parts = components(app)["contingency"]
    assert (parts["one"], parts["other"]) == ("label", "leiden")
    assert parts["sentence"].startswith("12 of 12 labels have a partner in Leiden")


def test_the_offer_is_drawn_where_there_is_one(shared):
    assert components(opened("runs"))["top-bar"]["offer"] is None
    shared.ex.offers = True
    assert "605 MB" in components(opened("runs"))["top-bar"]["offer"]["text"]


def test_explore_holds_its_parts(shared):
    parts = components(opened("explore"))
    assert {"side-panel", "map", "gallery", "inspector", "list-header", "action-bar"} <= set(parts)
    assert parts["map"]["n"] == 240
    assert parts["gallery"]["current"] == parts["inspector"]["row"] == parts["gallery"]["rows"][0]


def test_issues_shows_groups_for_duplicates(shared):
    app = opened("issues")
    assert "gallery" in components(app)
    app.session_state["dataset_explorer_view"].choose_check("near_duplicate")
    app.run()
    parts = components(app)
    assert not app.exception
    assert parts["check-header"]["title"] == "Near duplicates"
    assert all(len(group["members"]) > 1 for group in parts["groups"]["groups"])


def test_clusters_shows_one_of_them_whole(shared):
    parts = components(opened("clusters"))
    entries = parts["cluster-list"]["entries"]
    inside = int((snapshot(shared.ex).clusters >= 0).sum())
    assert sum(entry["count"] for entry in entries) == inside > 200
    assert parts["cluster-list"]["current"] == entries[0]["id"]
    assert parts["cluster-panel"]["title"] == entries[0]["name"]
    assert parts["gallery"]["total"] == entries[0]["count"]
    assert parts["action-bar"]["what"] == f"1 cluster, {entries[0]['count']} items"


def test_clusters_says_when_there_are_none(tmp_path):
    ex = FakeExplorer(240, folder=tmp_path).analyze()
    ex.values.clusterings.clear()
    install(ex)
    parts = components(opened("clusters"))
    assert parts["cluster-list"]["empty"] == "There are no clusters in this data set."
    assert "gallery" not in parts


def test_issues_says_when_no_check_has_run(tmp_path):
    ex = FakeExplorer(240, folder=tmp_path).analyze()
    ex.values.issues.clear()
    install(ex)
    assert "No check has run" in components(opened("issues"))["groups"]["empty"]


def test_what_another_tab_decides_is_seen(shared):
    app = opened("explore")
    shared.ex.decide("exclude", [0, 1])
    app.run()
    assert components(app)["action-bar"]["export"] == "Export 238 items"


def test_the_view_survives_a_page_switch(shared):
    app = opened("explore")
    view = app.session_state["dataset_explorer_view"]
    view.text = "star"
    go(app, "runs")
    go(app, "")
    assert components(app)["side-panel"]["text"] == "star"


def test_every_run_proposes_the_folder_as_the_browser_may_miss_the_first(shared):
    app = opened("export")
    proposed = app.text_input(key="export-to").value
    assert proposed.endswith("-clean")
    app.run()
    assert app.text_input(key="export-to").proto.default == proposed


def test_export_writes_and_says_where(shared, tmp_path):
    app = opened("export")
    target = tmp_path / "out"
    app.text_input(key="export-to").set_value(str(target)).run()
    app.button(key="export-go").click().run()
    assert shared.exports[-1].job.wait(60)
    app.run()
    assert not app.exception
    assert (target / "export.json").is_file()
    assert components(app)["report"]["path"] == str(target)
    app.button(key="export-go").click().run()
    assert shared.exports[-1].job.wait(60)
    app.run()
    assert "exists already" in components(app)["report"]["failed"]
    assert "Choose another folder" in components(app)["report"]["hint"]
