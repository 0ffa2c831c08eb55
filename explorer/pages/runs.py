"""The page Runs: what the source holds, how encoders and clusterings compare, what was computed by which engine, and what could not be used."""

from functools import partial

import streamlit as st

from components.contingency import contingency
from components.report import ReportData, Row, Table, report
from components.source_form import source_form
from explorer import changes, figures, frame, sources
from explorer.cards import items, sentence
from explorer.contingency import choose, contingency_data
from explorer.frame import job_words
from explorer.session import View, view
from explorer.shared import Shared, shared
from explorer.snapshot import snapshot

MOST_REJECTS = 500
STAGES = {
    "read": "Read",
    "embed": "Embed",
    "neighbors": "Neighbors",
    "project": "Map",
    "cluster": "Cluster",
    "name": "Name",
    "measure": "Measure",
    "issues": "Check",
    "compare": "Compare",
}


def page() -> None:
    """Draw the page."""
    frame.body("runs", _work)


def _work() -> None:
    sh, v = shared(), view()
    with st.container(key="page"):
        report(key="runs", data={"title": "Runs", "lead": _lead(sh, v), "facts": [], "tables": []})
        source_form(key="source", data=sources.source_data(sh), on_change=lambda roles: changes.reopen(sh, v, roles))
        _tables(
            sh,
            v,
            "made",
            [sources.encoders_table(sh), figures.maps_table(sh), figures.layers_table(sh), figures.agreements_table(sh)],
        )
        _side_by_side(sh, v)
        _tables(sh, v, "tables", [figures.advice_table(sh), figures.neighbors_table(sh), _stages(sh), _rejects(sh)])
    asked = sh.errands.get(changes.ADVICE)
    if asked is not None and asked.state.active:
        frame.until(lambda: not asked.state.active)


def _tables(sh: Shared, v: View, key: str, tables: list[Table]) -> None:
    data: ReportData = {"title": "", "lead": "", "facts": [], "tables": tables}
    report(key=key, data=data, on_action=lambda name: _act(sh, v, name))


def _side_by_side(sh: Shared, v: View) -> None:
    snap = snapshot(sh.ex)
    data = contingency_data(sh, snap, v) if snap is not None else None
    if data is not None:
        contingency(key="sides", data=data, on_pick=partial(choose, v))


def _act(sh: Shared, v: View, name: str) -> None:
    if name == figures.ADVISE:
        changes.advise(sh)
    elif name == figures.REDRAW:
        changes.redraw(sh, v)
    else:
        changes.use_encoder(sh, v, name)


def _lead(sh: Shared, v: View) -> str:
    state = sh.job.state
    if v.notice[0] and (state.active or v.notice[1] == "warn"):
        now = v.notice[0]
    elif state.active:
        now = f"{job_words(state.message)} … What is ready is kept, also if you stop."
    elif state.phase == "failed":
        now = " ".join(filter(None, (f"{sentence(state.error)}.", sentence(state.hint))))
    else:
        now = "A stage runs again only when its parameters or its input change."
    return now


def _stages(sh: Shared) -> Table:
    rows: list[Row] = []
    for record in list(sh.ex.records):
        named = figures.stage_name(record.stage, record.name)
        cost = "from the store" if record.cached else f"{record.seconds:.1f} s"
        parameters = ", ".join(f"{key} = {value}" for key, value in record.parameters.items() if value not in (None, ""))
        memory = "" if record.cached else f"{record.peak_rss / 2**20:,.0f} MB"
        rows.append(
            {
                "cells": [STAGES.get(record.stage, record.stage), named, parameters, cost, memory],
                "tone": "quiet" if record.cached else "",
            }
        )
    empty = "Nothing has been computed yet."
    return {
        "title": "Stages",
        "columns": ["Stage", "Engine", "Parameters", "Time", "Peak memory"],
        "align": "lllrr",
        "rows": rows,
        "empty": empty,
    }


def _rejects(sh: Shared) -> Table:
    title, rows = "Could not be used", list[Row]()
    if snapshot(sh.ex) is not None:
        found = sh.ex.rejects
        title = f"Could not be used: {items(len(found))}" if len(found) else title
        for item in found.head(MOST_REJECTS).to_dict("records"):
            rows.append({"cells": [str(item.get("path") or item.get("id") or ""), str(item.get("reason") or "")], "tone": ""})
    empty = "Every row could be used." if snapshot(sh.ex) is not None else "Nothing has been read yet."
    return {"title": title, "columns": ["Row", "Why"], "align": "ll", "rows": rows, "empty": empty}
