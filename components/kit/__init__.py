"""What our components share on the Python side: reading what came from the browser."""

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components.wire import row_of

SEEN = "dataset_explorer_events"
"""Where a session keeps the number of the last event of each trigger."""


def received(key: str, name: str) -> object:
    """Return the value of a trigger of a mounted component in this run; None when it did not fire, or was received before.

    Streamlit (1.67) calls the handler but forgets the component's state, and with it the value, when the event arrives just
    while the page is being switched; the event itself is still there, one level below. And it sends an event twice when the timer
    of a fragment ticks while it is on its way: once with the timer's run, once with its own. Both carry the number that the loader gave.
    """
    state = st.session_state.get(key)
    event = getattr(state, name, None) if state is not None else _arrived(key, name)
    if not isinstance(event, Mapping) or "id" not in event:
        return None
    seen = st.session_state.setdefault(SEEN, {})
    if seen.get((key, name)) == event["id"]:
        return None
    seen[key, name] = event["id"]
    return event.get("value")


def _arrived(key: str, name: str) -> object:
    context = get_script_run_ctx()
    if context is None:
        return None
    try:
        inner: Any = context.session_state._state  # noqa: SLF001  there is no public way to what arrived
        mounted = inner._key_id_mapper.get_id_from_key(key)  # noqa: SLF001  as above
        events = inner._new_widget_state[_make_trigger_id(mounted, "events")]  # noqa: SLF001  as above
    except (AttributeError, KeyError, TypeError):
        return None
    found = [event.get("value") for event in events or () if isinstance(event, Mapping) and event.get("event") == name]
    return found[-1] if found else None


def text_of(value: object, limit: int = 2_000) -> str | None:
    """Return a text of at most ``limit`` characters, else None."""
    return value if isinstance(value, str) and len(value) <= limit else None


def field_of(value: object, name: str, limit: int = 2_000) -> str | None:
    """Return a text inside an event, else None."""
    return text_of(value.get(name), limit) if isinstance(value, Mapping) else None


def number_of(value: object, name: str) -> float | None:
    """Return a finite number inside an event, else None."""
    found = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(found, int | float) or isinstance(found, bool):
        return None
    return float(found) if abs(found) < 1e300 else None


def row_in(value: object, name: str = "row") -> int | None:
    """Return a row number inside an event, else None."""
    return row_of(value.get(name)) if isinstance(value, Mapping) else None


__all__ = ["field_of", "number_of", "received", "row_in", "text_of"]
