"""Two groupings side by side, on the page Runs: how many items each pair of their largest clusters shares, and what that means."""

from collections.abc import Sequence

from components.contingency import ContingencyData, Head, Line
from engines.cluster.agreement import Agreement, clusters_of
from engines.cluster.contingency import NOISE, PARTNER, REST, largest, partners
from explorer import groupings
from explorer.cards import items
from explorer.columns import clusterer_name
from explorer.figures import side_name
from explorer.session import View
from explorer.shared import Shared
from explorer.snapshot import Snapshot


def contingency_data(sh: Shared, snap: Snapshot, v: View) -> ContingencyData | None:
    """Return the table of the groupings that were chosen, or of the first two; None where there are no two."""
    known = groupings.names(sh.ex)
    if len(known) < 2:
        return None
    one, other = v.sides if set(v.sides) <= set(known) else known[:2]
    found = sh.ex.compare(one, other)
    cut = largest(found)
    columns = _heads(snap, other, found.names_b, cut.columns, cut.counts.sum(axis=0).tolist())
    heads = _heads(snap, one, found.names_a, cut.rows, cut.counts.sum(axis=1).tolist())
    ends = len(heads) - len(cut.best)
    lines: list[Line] = [
        {"head": head, "counts": counts, "best": best, "fit": fit}
        for head, counts, best, fit in zip(
            heads, cut.counts.tolist(), (*cut.best, *[-1] * ends), (*cut.fit, *[0.0] * ends), strict=True
        )
    ]
    return {
        "title": "Side by side",
        "groupings": [{"value": name, "label": side_name(name)} for name in known],
        "one": one,
        "other": other,
        "sentence": _sentence(found, one, other),
        "columns": columns,
        "lines": lines,
        "partner": PARTNER,
        "note": _note(found, len(cut.best), sum(place >= 0 for place in cut.columns)),
    }


def choose(v: View, one: str, other: str) -> None:
    """Compare these two from now on."""
    v.sides = (one, other)


def _sentence(found: Agreement, one: str, other: str) -> str:
    whose = "labels" if one == groupings.LABELS else f"clusters of {clusterer_name(one)}"
    where = "among your labels" if other == groupings.LABELS else f"in {clusterer_name(other)}"
    many, paired = clusters_of(found.names_a), partners(found)
    if not many:
        return f"There are no {whose}."
    said = (
        f"{paired:,} of {many:,} {whose} {'has' if paired == 1 else 'have'}" if paired else f"None of the {many:,} {whose} has"
    )
    return f"{said} a partner {where}; two are partners when at least half of all their items are in both (Jaccard at least {PARTNER})."


def _note(found: Agreement, rows: int, columns: int) -> str:
    """Say what of both sides is shown, where it is not all."""
    said = []
    if clusters_of(found.names_a) > rows:
        said.append(f"Rows: the {rows} largest of {clusters_of(found.names_a):,}.")
    if clusters_of(found.names_b) > columns:
        said.append(f"Columns: of {clusters_of(found.names_b):,} the {columns} that fit these rows best.")
    return " ".join(said)


def _heads(snap: Snapshot, grouping: str, names: Sequence[str], places: Sequence[int], counts: Sequence[int]) -> list[Head]:
    rest = clusters_of(names) - sum(place >= 0 for place in places)
    found: list[Head] = []
    for place, count in zip(places, counts, strict=True):
        if place == NOISE:
            found.append({"text": "no label" if grouping == groupings.LABELS else "in none", "count": count, "kind": "none"})
        elif place == REST:
            found.append({"text": items(rest, "other"), "count": count, "kind": "rest"})
        else:
            found.append({"text": _name(snap, grouping, names[place]), "count": count, "kind": "group"})
    return found


def _name(snap: Snapshot, grouping: str, name: str) -> str:
    if grouping == groupings.LABELS:
        return name
    first = next(iter(snap.clusterings), "") == grouping
    known = snap.cluster_names if first else snap.other_names.get(grouping, {})
    return known.get(int(name)) or f"cluster {name}"
