import time
from dataclasses import replace

import pytest

from explorer import changes, offering, panel, panes, sources
from explorer.shared import install
from explorer.snapshot import snapshot
from tests.fakes_app import FakeExplorer


@pytest.fixture
def slow(tmp_path):
    """Give a data set whose analysis takes a moment."""
    return install(FakeExplorer(240, pause=0.05, folder=tmp_path).analyze())


def settled(shared):
    """Wait until nothing is computed and no change waits."""
    for _ in range(200):
        with shared.turn:
            if shared.job.wait(60) and shared.job.state.phase != "idle":
                return
        time.sleep(0.01)


def test_another_encoder_is_used_and_computed(shared, view):
    shared.ex.decide("exclude", [3])
    changes.use_encoder(shared, view, "pixels")
    settled(shared)
    assert shared.ex.current == "pixels"
    assert shared.job.state.phase == "done"
    assert "Raw pixels" in view.notice[0]
    assert shared.ex.state.excluded[3], "decisions stay"


def test_the_encoder_in_use_changes_nothing(shared, view):
    for name in ("shapes", "unknown"):
        changes.use_encoder(shared, view, name)
    assert shared.job.state.phase == "idle"
    assert view.notice[0] == ""


def test_a_refused_encoder_is_words(shared, view, monkeypatch):
    monkeypatch.setattr(FakeExplorer, "use_encoder", lambda ex, name: FakeExplorer.reopen(ex, {"label": "nonsense"}))
    changes.use_encoder(shared, view, "pixels")
    assert view.notice == ("There is no column nonsense (choose another one)", "warn")
    assert shared.job.state.phase == "idle"


def test_what_runs_stops_before_something_else_is_computed(slow, view):
    slow.job.start()
    began = slow.ex.revision
    changes.use_encoder(slow, view, "pixels")
    changes.reopen(slow, view, {"label": "kind"})
    settled(slow)
    assert slow.ex.current == "pixels"
    assert slow.ex.reopened == [{"label": "kind"}]
    assert slow.job.state.phase == "done"
    assert slow.ex.revision > began


def test_columns_that_are_refused_are_words(shared, view):
    changes.reopen(shared, view, {"label": "nonsense"})
    assert view.notice[1] == "warn"
    assert shared.job.state.phase == "idle"


def test_the_offer_is_made_downloaded_and_used(slow, view):
    slow.ex.offers = True
    data = offering.offer_data(slow, view)
    assert "605 MB" in data["text"]
    assert [action["name"] for action in data["actions"]] == ["download", "decline"]
    offering.act(slow, view, "download")
    assert slow.errands[changes.ERRAND].state.active
    busy = offering.offer_data(slow, view)
    assert busy["tone"] == "busy"
    assert [action["name"] for action in busy["actions"]] == ["cancel"]
    assert slow.errands[changes.ERRAND].wait(60)
    settled(slow)
    assert slow.ex.current == "clip"
    assert offering.offer_data(slow, view) is None


def test_a_declined_offer_is_gone(shared, view):
    shared.ex.offers = True
    offering.act(shared, view, "decline")
    assert offering.offer_data(shared, view) is None


def test_a_failed_download_is_words_and_can_be_repeated(shared, view):
    shared.ex.offers, shared.ex.fail = True, "the hub does not answer"
    offering.act(shared, view, "download")
    assert shared.errands[changes.ERRAND].wait(60)
    data = offering.offer_data(shared, view)
    assert "The hub does not answer. Try another value" in data["text"]
    assert [action["name"] for action in data["actions"]] == ["again", "decline"]


def test_a_download_can_be_stopped(slow, view):
    slow.ex.offers = True
    offering.act(slow, view, "download")
    offering.act(slow, view, "cancel")
    assert slow.errands[changes.ERRAND].wait(60)
    assert slow.errands[changes.ERRAND].state.phase == "cancelled"
    assert slow.ex.current == "shapes"
    assert offering.offer_data(slow, view)["actions"][0]["name"] == "download"


def test_the_source_says_which_column_plays_which_part(tmp_path):
    shared = install(FakeExplorer(240, kind="texts", folder=tmp_path).analyze())
    data = sources.source_data(shared)
    columns = {part["role"]: part["column"] for part in data["parts"]}
    assert columns == {"image": "", "text": "text", "label": "kind", "split": "", "id": "id", "caption": ""}
    assert data["columns"] == ["id", "kind", "text"]
    assert {"name": "Format", "value": "CSV"} in data["known"]


def test_a_table_names_the_columns_of_its_vectors(tmp_path):
    shared = install(FakeExplorer(240, kind="table", folder=tmp_path).analyze())
    told = {known["name"]: known["value"] for known in sources.source_data(shared)["known"]}
    assert told["Features"].startswith("length, width, weight, color")


def test_where_nothing_could_be_read_columns_can_be_typed(tmp_path, monkeypatch):
    ex = FakeExplorer(240, folder=tmp_path)
    monkeypatch.setattr(FakeExplorer, "analyze", lambda ex, **_: FakeExplorer.reopen(ex, {"label": "nonsense"}))
    shared = install(ex)
    assert not sources.source_data(shared)["free"]
    shared.job.start()
    assert shared.job.wait(60)
    data = sources.source_data(shared)
    assert data["free"]
    assert data["failed"]
    assert [part["role"] for part in data["parts"]] == ["image", "text", "label", "split", "id", "caption"]


def test_encoders_are_compared_and_can_be_chosen(shared):
    table = sources.encoders_table(shared)
    assert [row["cells"] for row in table["rows"]] == [
        ["Shapes", "93.4 %", "0.21", "88.3", "100 %", "512"],
        ["Raw pixels", "41.2 %", "0.83", "21.7", "31 %", "768"],
    ]
    assert table["rows"][0]["mark"] == "feeds the map"
    assert table["rows"][1]["action"]["name"] == "pixels"
    assert table["note"].startswith("Shapes keeps your labels together best.")


def test_what_is_on_its_way_to_the_map_is_the_choice_until_it_arrives(slow, view):
    slow.ex.recipe = replace(slow.ex.recipe, encoders=("pixels",))
    assert changes.wanted_encoder(slow) is None, "nothing is computed now"
    slow.job.start()
    assert changes.wanted_encoder(slow) == "pixels"
    assert [
        pick["name"]
        for pick in panel.panel_data(slow, panes.scene(slow, snapshot(slow.ex), view))["encoders"]
        if pick["current"]
    ] == ["pixels"]
    assert sources.encoders_table(slow)["rows"][1]["mark"] == "being computed"
    assert slow.job.wait(60)
    assert changes.wanted_encoder(slow) is None


def test_before_the_comparison_encoders_are_named_without_figures(shared):
    shared.ex.values.comparison = None
    table = sources.encoders_table(shared)
    assert [row["cells"][0] for row in table["rows"]] == ["Shapes", "Raw pixels"]
    assert all(cell == "" for row in table["rows"] for cell in row["cells"][1:])
