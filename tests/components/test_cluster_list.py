"""What the list of clusters hands on of what came from the browser."""

import json
from typing import Any

import pytest

from components.cluster_list import Handlers, cluster_list, example, face
from components.cluster_list.face import MAX_NAME, read_id, read_pick, read_rename

KNOWN = {-1, 0, 1, 7}


def test_only_known_clusters_are_read() -> None:
    assert [read_id(value, KNOWN) for value in (0, 7, -1)] == [0, 7, -1]
    for bad in (True, False, 1.0, "1", None, 2, [1], {"id": 1}):
        assert read_id(bad, KNOWN) is None


def test_a_pick_drops_what_is_unknown_and_names_each_once() -> None:
    assert read_pick({"row": 1, "rows": [7, 2, True, "0", 7, 0]}, KNOWN) == (1, (7, 0))
    assert read_pick({"row": None, "rows": []}, KNOWN) == (None, ())
    assert read_pick({"row": 2, "rows": [1]}, KNOWN) == (None, (1,))
    for bad in (None, [], "pick", {"row": 1}, {"row": 1, "rows": 7}, {"row": 1, "rows": None}):
        assert read_pick(bad, KNOWN) is None


def test_a_name_is_trimmed_and_cut() -> None:
    assert read_rename({"id": 7, "name": "  big birds \n"}, KNOWN) == (7, "big birds")
    assert read_rename({"id": 7, "name": "<b>&amp;</b>"}, KNOWN) == (7, "<b>&amp;</b>")
    assert read_rename({"id": 0, "name": "x" * 300}, KNOWN) == (0, "x" * MAX_NAME)
    assert read_rename({"id": 0, "name": "x" * (MAX_NAME - 1) + " y"}, KNOWN) == (0, "x" * (MAX_NAME - 1))
    for bad in (
        None,
        {"id": 7},
        {"id": 7, "name": " \t"},
        {"id": 2, "name": "a"},
        {"id": 7, "name": 3},
        {"id": True, "name": "a"},
    ):
        assert read_rename(bad, KNOWN) is None


class Mounted:
    """The list, mounted on nothing: `tell` is what the browser does, `heard` what the page gets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
        self.heard: list[tuple[Any, ...]] = []
        self.value: object = None
        self.given: dict[str, Any] = {}
        monkeypatch.setattr(face, "component", lambda *_: self.given.update)
        monkeypatch.setattr(face, "received", lambda *_: self.value)
        names = ("on_pick", "on_open", "on_rename", "on_command", "on_layer", "on_order")
        handlers = Handlers(**{name: self._hears(name) for name in names})
        cluster_list(key="it", data={**example(), **changes}, handlers=handlers, height="300px")  # type: ignore[typeddict-item]  # a test changes single values by name

    def _hears(self, name: str) -> Any:
        return lambda *said: self.heard.append((name, *said))

    def tell(self, name: str, value: object) -> None:
        self.value = value
        self.given[f"on_{name}_change"]()


def test_each_event_reaches_its_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = Mounted(monkeypatch)
    mounted.tell("pick", {"row": 3, "rows": [3, 99, 1], "all": False})
    mounted.tell("open", {"id": 2})
    mounted.tell("rename", {"id": 2, "name": " crabs "})
    mounted.tell("command", {"name": "m"})
    mounted.tell("layer", 3)
    mounted.tell("order", "name")
    assert mounted.heard == [
        ("on_pick", 3, (3, 1)),
        ("on_open", 2),
        ("on_rename", 2, "crabs"),
        ("on_command", "m"),
        ("on_layer", 3),
        ("on_order", "name"),
    ]
    assert mounted.given["data"] == {**example(), "height": "300px"}


def test_nothing_malformed_reaches_a_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = Mounted(monkeypatch)
    for name in ("pick", "open", "rename", "command", "layer", "order"):
        for value in (None, 17, -1, True, "no such", [], {}, {"id": 99}, {"name": ""}, {"name": "x" * 99}, float("nan")):
            mounted.tell(name, value)
    assert mounted.heard == []
    without = Mounted(monkeypatch, granularity=None, entries=[])
    without.tell("layer", 0)
    without.tell("open", {"id": 0})
    assert without.heard == []


def test_the_data_pass_as_json_whatever_names_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [{**example()["entries"][0], "name": '<img onerror="x">\n\u202e' + "n" * 300}]
    mounted = Mounted(monkeypatch, entries=entries)
    assert json.loads(json.dumps(mounted.given["data"]))["entries"] == entries
