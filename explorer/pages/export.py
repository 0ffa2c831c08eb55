"""The page Export: what leaves and why, counts per class before and after, and the button that writes it."""

from pathlib import Path
from typing import Any

import streamlit as st

from components.report import Fact, Row, Table, report
from engines.errors import DatasetExplorerError
from explorer import frame
from explorer.cards import items
from explorer.charts import class_chart
from explorer.departure import Departure, departure, fresh_target
from explorer.forms import Order, export_form
from explorer.jobs import Job
from explorer.panes import waiting
from explorer.session import View, view
from explorer.shared import Shared, shared
from explorer.snapshot import snapshot


def page() -> None:
    """Draw the page."""
    sh = shared()
    job = sh.exports[-1] if sh.exports else None
    st.fragment(_work, run_every=0.5 if job is not None and job.state.active else None)()


def _work() -> None:
    sh, v = shared(), view()
    frame.up_to_date(sh, v)
    v.enter("export")
    snap = snapshot(sh.ex)
    if snap is None:
        with st.container(key="waiting"):
            waiting(sh)
        return
    with st.container(key="page"):
        left, right = st.columns([5, 6], gap="large")
        with left:
            report(key="export-title", data={"title": "Export", "lead": _lead(sh), "facts": [], "tables": []})
            order = export_form(sh.ex, v, sh.formats)
            what = _what(sh, v, order)
            if what is not None:
                _button(sh, v, order, what)
        with right:
            if what is not None:
                report(key="export-facts", data={"title": "What leaves", "lead": "", "facts": _facts(what), "tables": _tables(what)})
                if any(one.before or one.after for one in what.classes):
                    st.plotly_chart(class_chart(what.classes), key="classes", config={"displayModeBar": False}, theme="streamlit")


def _lead(sh: Shared) -> str:
    return f"Written to a new folder, with the decisions and a record of what was dropped and why. {sh.ex.name} itself is never changed."


def _what(sh: Shared, v: View, order: Order) -> Departure | None:
    snap = snapshot(sh.ex)
    if snap is None:
        return None
    try:
        passing = None if order.where is None else sh.ex.where(order.where)
    except DatasetExplorerError as error:
        v.say(str(error), "warn")
        return None
    return departure(sh.ex, snap, passing)


def _facts(what: Departure) -> list[Fact]:
    facts: list[Fact] = [
        {"value": f"{what.staying:,}", "label": "leave", "tone": "accent"},
        {"value": f"{what.total - what.staying:,}", "label": "stay behind", "tone": ""},
    ]
    if what.relabeled:
        facts.append({"value": f"{what.relabeled:,}", "label": "with another label", "tone": ""})
    if what.tagged:
        facts.append({"value": f"{what.tagged:,}", "label": "with tags", "tone": ""})
    return facts


def _tables(what: Departure) -> list[Table]:
    rows: list[Row] = [{"cells": [reason, f"{count:,}"], "tone": ""} for reason, count in what.reasons.items()]
    if what.filtered:
        rows.append({"cells": ["Left out by the filter", f"{what.filtered:,}"], "tone": ""})
    if not rows:
        return []
    return [{"title": "Stay behind because", "columns": ["", ""], "align": "lr", "rows": rows, "empty": ""}]


def _button(sh: Shared, v: View, order: Order, what: Departure) -> None:
    job = sh.exports[-1] if sh.exports else None
    running = job is not None and job.state.active
    if not what.staying:
        st.info("Nothing would leave: everything is excluded or left out by the filter.")
    clicked = st.button(
        f"Export {items(what.staying)}", type="primary", disabled=running or not what.staying or not order.to, width="stretch", key="export-go"
    )
    if clicked:
        start(sh, order)
        st.rerun()
    if job is not None:
        _outcome(sh, job)


def start(sh: Shared, order: Order) -> Job:
    """Write in the background; a reload of the page does not touch it."""

    def work(progress: Any) -> object:
        with sh.lock:
            options: dict[str, Any] = {"format": order.format, "where": order.where, "progress": progress}
            if order.format == "folder":
                options["link"] = order.link
            return sh.ex.export(Path(order.to).expanduser(), **options)

    job = Job(work, on_error=sh.on_error)
    sh.exports.append(job)
    job.start()
    return job


def _outcome(sh: Shared, job: Job) -> None:
    state = job.state
    if state.active:
        st.progress(state.fraction)
        if st.button("Cancel", key="export-cancel"):
            job.cancel()
    elif state.phase == "done":
        result: Any = job.result
        path = str(result.get("path", "")) if isinstance(result, dict) else ""
        report(key="export-done", data={"title": "", "lead": "", "facts": [], "tables": [], "done": "Written to", "path": path})
        if st.session_state.get("export-last") is not job:
            st.session_state["export-last"] = job
            st.rerun()
    elif state.phase == "failed":
        report(key="export-failed", data={"title": "", "lead": "", "facts": [], "tables": [], "failed": state.error, "hint": state.hint})
    elif state.phase == "cancelled":
        report(key="export-failed", data={"title": "", "lead": "", "facts": [], "tables": [], "failed": "Stopped; nothing was left behind.", "hint": ""})
    elif not sh.exports:
        st.session_state["export-to"] = str(fresh_target(sh.ex.name, Path.home()))
