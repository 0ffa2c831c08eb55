"""The plotly charts of the pages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from explorer.departure import ClassCount

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST = 40
LEAVES, BEHIND, GAINED = "#1f77d0", "#aab4bf", "#3a9d4a"


def class_chart(classes: Sequence[ClassCount]) -> "go.Figure":
    """Draw one bar per class: what leaves, what stays behind, what came by a new label; the largest classes where there are many."""
    import plotly.graph_objects as go

    shown = list(reversed(classes[:MOST]))
    names = [_short(one.name) for one in shown]
    parts = (
        ("leaves", LEAVES, [min(one.before, one.after) for one in shown]),
        ("gained by a new label", GAINED, [max(one.change, 0) for one in shown]),
        ("stays behind or left the class", BEHIND, [max(-one.change, 0) for one in shown]),
    )
    figure = go.Figure()
    for words, color, values in parts:
        if any(values):
            bar = go.Bar(
                y=names,
                x=values,
                name=words,
                orientation="h",
                marker_color=color,
                hovertemplate="%{y}: %{x} " + words + "<extra></extra>",
            )
            figure.add_trace(bar)
    more = len(classes) - MOST
    figure.update_layout(
        barmode="stack",
        bargap=0.35,
        height=150 + 21 * len(shown),
        margin={"l": 8, "r": 8, "t": 76, "b": 8},
        title={
            "text": "Classes before and after" + (f" (the largest {MOST})" if more > 0 else ""),
            "font": {"size": 13},
            "yref": "container",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 8},
        },
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
    )
    figure.update_yaxes(automargin=True, type="category")
    figure.update_xaxes(fixedrange=True)
    return figure


def _short(name: str) -> str:
    """Cut a name, and take the signs that plotly would read as markup out of it."""
    safe = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe if len(safe) <= 28 else safe[:27] + "…"
