import importlib
import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import components
from components.assets import asset_url
from components.kit import field_of, number_of, row_in, text_of
from components.source_form import example
from components.source_form.face import read_roles

ROOT = Path(components.__file__).parent
FOLDERS = sorted(path.parent.name for path in ROOT.glob("*/face.py"))
WITH_PLAIN_EXAMPLE = [name for name in FOLDERS if name not in ("map", "gallery")]
SCRIPTS = sorted(ROOT.rglob("*.js"))


@pytest.mark.parametrize("name", FOLDERS)
def test_a_component_is_python_script_and_style(name):
    assert asset_url(f"components/{name}/index.js")
    assert list((ROOT / name).glob("*.css"))
    assert (ROOT / name / "__init__.py").read_text(encoding="utf-8").startswith('"""')


@pytest.mark.parametrize("name", WITH_PLAIN_EXAMPLE)
def test_an_example_is_plain_data(name):
    data = importlib.import_module(f"components.{name}").example()
    assert json.loads(json.dumps(data)) == data


def mounted(name):
    """Mount a component with its example; runs inside of AppTest, so it imports what it needs."""
    import importlib
    import inspect
    from dataclasses import fields

    import streamlit as st

    module = importlib.import_module(f"components.{name}")
    mount = getattr(module, name)
    given = {"key": "it", "data": module.example()}
    for parameter in inspect.signature(mount).parameters.values():
        if parameter.name.startswith("on_"):
            given[parameter.name] = lambda *said: st.session_state.update(said=said)
        elif parameter.name == "handlers":
            handlers = module.Handlers
            given["handlers"] = handlers(
                **{field.name: lambda *said: st.session_state.update(said=said) for field in fields(handlers)}
            )
        elif parameter.name == "height":
            given["height"] = "300px"
    mount(**given)


@pytest.mark.parametrize("name", WITH_PLAIN_EXAMPLE)
def test_a_component_can_be_mounted(name):
    app = AppTest.from_function(mounted, kwargs={"name": name}).run()
    assert not app.exception
    assert [type(element).__name__ for element in app.main.children.values()] == ["UnknownElement"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_scripts_never_read_text_as_markup_and_import_only_what_is_there(script):
    text = script.read_text(encoding="utf-8")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|createContextualFragment", text
    )
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)
    for path in re.findall(r"from \"(\.[^\"]+)\"", text):
        assert (script.parent / path).resolve().is_file(), path


def heard(events):
    """Receive events of one trigger one after another; runs inside of AppTest."""
    from types import SimpleNamespace

    import streamlit as st

    from components.kit import received

    st.session_state.heard = []
    for event in events:
        st.session_state["bar"] = SimpleNamespace(act=event)
        st.session_state.heard.append(received("bar", "act"))


def test_an_event_that_is_sent_twice_is_received_once():
    undo, again = {"id": 0.1, "value": "undo"}, {"id": 0.2, "value": "undo"}
    app = AppTest.from_function(heard, kwargs={"events": [undo, undo, again, None, again, "undo"]}).run()
    assert not app.exception
    assert app.session_state["heard"] == ["undo", None, "undo", None, None, None]


def test_what_comes_from_the_browser_is_checked():
    assert text_of("a") == "a"
    assert text_of("a" * 2001) is None
    assert text_of(3) is None
    assert field_of({"name": "x"}, "name") == "x"
    assert field_of(["name"], "name") is None
    assert number_of({"v": 3}, "v") == 3.0
    for bad in (True, "3", None, float("inf"), float("nan"), [3]):
        assert number_of({"v": bad}, "v") is None
    assert row_in({"row": 7}) == 7
    for bad in (-1, 1.5, True, "7", 2**32):
        assert row_in({"row": bad}) is None


def test_only_offered_parts_and_columns_are_read():
    data = example()
    assert read_roles({"label": "text", "id": ""}, data) == {"label": "text", "id": ""}
    for bad in ({}, None, {"label": "no such column"}, {"path": "text"}, {"label": 3}, ["label"], {"label": "x" * 3000}):
        assert read_roles(bad, data) is None
    assert read_roles({"label": " typed "}, {**data, "columns": [], "free": True}) == {"label": "typed"}
