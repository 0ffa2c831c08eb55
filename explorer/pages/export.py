"""The page Export: what leaves and why, counts per class before and after, and the button that writes it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from components.report import Fact, ReportData, Row, Table, report
from engines.protocols import Progress
from explorer import frame
from explorer.cards import items, sentence
from explorer.charts import class_chart
from explorer.departure import Departure, departure, formats
from explorer.forms import FORMATS, Order, export_form
from explorer.jobs import Job
from explorer.session import view
from explorer.shared import Outgoing, Shared, shared
from explorer.snapshot import snapshot
from explorer.waiting import waiting

LEAD = "Written to a new folder, with all decisions and a record of what was dropped and why. The data set itself is never changed."


def page() -> None:
    """Draw the page."""
    sh = shared()
    frame.body("export", _work, run_every=0.5 if sh.exports and sh.exports[-1].job.state.active else None)


def _work() -> None:
    sh, v = shared(), view()
    snap = snapshot(sh.ex)
    if snap is None:
        waiting(sh)
        return
    with st.container(key="page"):
        left, right = st.columns([5, 6], gap="large")
        with left:
            report(key="export-title", data={"title": "Export", "lead": LEAD, "facts": [], "tables": []})
            known = formats(sh.ex)
            order = export_form(sh.ex, snap, v, known)
            what = departure(sh.ex, snap, order.rows)
            _button(sh, order, what)
            _others(known)
        with right:
            report(
                key="export-facts", data={"title": "What leaves", "lead": "", "facts": _facts(what), "tables": _tables(what)}
            )
            if any(one.before or one.after for one in what.classes):
                st.plotly_chart(class_chart(what.classes), key="classes", config={"displayModeBar": False}, theme="streamlit")


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
        rows.append({"cells": ["Not among the chosen rows", f"{what.filtered:,}"], "tone": ""})
    if not rows:
        return []
    return [{"title": "Stay behind because", "columns": ["", ""], "align": "lr", "rows": rows, "empty": ""}]


def _button(sh: Shared, order: Order, what: Departure) -> None:
    outgoing = sh.exports[-1] if sh.exports else None
    running = outgoing is not None and outgoing.job.state.active
    if not what.staying:
        st.info("Nothing would leave: everything is excluded or left out.")
    stopped = running or not what.staying or not order.to
    if st.button(f"Export {items(what.staying)}", type="primary", disabled=stopped, width="stretch", key="export-go"):
        start(sh, order)
        st.rerun()
    if outgoing is not None:
        _outcome(outgoing)


def _others(known: Mapping[str, str]) -> None:
    """Say which formats cannot hold this data set, and why."""
    rows: list[Row] = [
        {"cells": [FORMATS.get(name, name), sentence(why)], "tone": "quiet"} for name, why in known.items() if why
    ]
    if rows:
        table: Table = {"title": "Not for this data set", "columns": ["", ""], "align": "ll", "rows": rows, "empty": ""}
        report(key="export-others", data={"title": "", "lead": "", "facts": [], "tables": [table]})


def start(sh: Shared, order: Order) -> None:
    """Write in the background; a reload of the page does not touch it."""

    def work(progress: Progress) -> object:
        with sh.lock:
            options: dict[str, Any] = {"format": order.format, "rows": order.rows, "progress": progress}
            if order.link != "copy":
                options["link"] = order.link
            return sh.ex.export(Path(order.to).expanduser(), **options)

    outgoing = Outgoing(job=Job(work, on_error=sh.on_error), to=str(Path(order.to).expanduser()))
    sh.exports.append(outgoing)
    outgoing.job.start()


def _outcome(outgoing: Outgoing) -> None:
    state = outgoing.job.state
    data: ReportData = {"title": "", "lead": "", "facts": [], "tables": []}
    if state.active:
        st.progress(state.fraction)
        if st.button("Cancel", key="export-cancel"):
            outgoing.job.cancel()
        return
    if state.phase == "done":
        data |= {"done": "Written to", "path": outgoing.to}
    elif state.phase == "failed":
        data |= {"failed": sentence(state.error), "hint": sentence(state.hint)}
    else:
        data |= {"failed": "Stopped. Nothing was left behind.", "hint": ""}
    report(key="export-end", data=data)
    if st.session_state.get("export-seen") is not outgoing:
        # Once more, so that the page stops asking how far it is.
        st.session_state["export-seen"] = outgoing
        st.rerun()
