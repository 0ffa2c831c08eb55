"""What the page Issues shows: checks, the queue of one check, groups of duplicates; and what its buttons decide."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.check_header import CheckHeaderData, WholeAction
from components.check_list import CheckItem, CheckListData
from components.gallery import Badge, GalleryData
from components.groups import Group, GroupsData, Member
from engines.errors import DatasetExplorerError
from explorer.cards import cards_at_once, ds_key, info_url, items, sentence, thumb_url
from explorer.excerpts import shorten
from explorer.frame import job_words
from explorer.grouping import keeper, surplus
from explorer.item import alike, item_meta
from explorer.session import View
from explorer.shared import Shared
from explorer.snapshot import CheckFindings, Rows, Snapshot, check_title

BINS = 100
MOST_GROUPS = 200
MOST_BADGES = 2_000
PICTURE_LETTERS, CARD_LETTERS = 22, 42
MEANINGS = {
    "label_issue": "The given label does not fit: the neighbors, and a model that never saw the item, say otherwise.",
    "outlier": "Far from everything else in this data set: a wrong file, a rare case or noise.",
    "exact_duplicate": "The same content more than once.",
    "near_duplicate": "The same picture in another size, crop, quality or format.",
    "semantic_duplicate": "Different files that say nearly the same.",
    "conflicting_duplicate": "Alike items whose labels disagree.",
    "leak": "Alike items in different splits: what is tested on was trained on.",
    "dark": "Hardly any light in the picture.",
    "bright": "Hardly any shade in the picture.",
    "blurry": "No sharp edge in the picture.",
    "low_information": "Hardly anything to see.",
    "odd_size": "Much larger or smaller than the others.",
    "odd_aspect_ratio": "Much wider or taller than the others.",
    "grayscale": "Gray among pictures in color.",
}

WORDY_MEANINGS = {
    "outlier": "Far from everything else in this data set: a wrong row, a rare case or noise.",
    "near_duplicate": "Nearly the same, with few differences.",
    "semantic_duplicate": "Different words that say nearly the same.",
}


def chosen_check(snap: Snapshot, v: View) -> CheckFindings | None:
    """Return the check to show: the person's, else the first in which something waits, else the first that ran."""
    if v.check in snap.checks:
        return snap.checks[v.check]
    ran = [check for check in snap.checks.values() if not check.skipped]
    return next((check for check in ran if check.open.any()), ran[0] if ran else None)


def list_data(sh: Shared, snap: Snapshot, current: CheckFindings | None) -> CheckListData:
    """Return the list of checks in their own order, skipped ones last."""
    found: list[CheckItem] = []
    for name in dict.fromkeys([*snap.checks, *sh.ex.recipe.chosen("issues")]):
        check = snap.checks.get(name)
        if check is None:
            if sh.job.state.active:
                found.append(
                    {
                        "name": name,
                        "title": check_title(name, plural=True),
                        "waiting": 0,
                        "decided": 0,
                        "note": "not computed yet",
                    }
                )
            continue
        waiting = int(np.count_nonzero(check.open))
        decided = int(np.count_nonzero(check.flagged & ~check.open))
        note = f"skipped: {check.skipped}" if check.skipped else ""
        found.append(
            {"name": name, "title": check_title(name, plural=True), "waiting": waiting, "decided": decided, "note": note}
        )
    found.sort(key=lambda item: bool(item["note"]))
    empty = ""
    if not found:
        empty = "No check has run yet." if sh.job.state.active else "No check has run on this data set."
    return {"heading": "Checks", "checks": found, "current": current.name if current is not None else "", "empty": empty}


def header_data(snap: Snapshot, check: CheckFindings) -> CheckHeaderData:
    """Return the head of the queue of a check."""
    waiting = int(np.count_nonzero(check.open))
    known = check.severity[np.isfinite(check.severity)]
    counts, _ = np.histogram(known, bins=BINS, range=(0.0, 1.0))
    return {
        "title": check_title(check.name, plural=True),
        "count": f"skipped: {check.skipped}" if check.skipped else f"{waiting:,} to decide" if waiting else "nothing to decide",
        "text": meaning(snap, check.name),
        "histogram": None
        if check.skipped or not len(known)
        else {
            "title": "Severity",
            "bins": [int(count) for count in counts],
            "low": 0.0,
            "high": 1.0,
            "threshold": check.threshold,
            "note": "",
        },
        "default": check.default,
        "actions": _whole_actions(snap, check, waiting),
    }


def meaning(snap: Snapshot, check: str) -> str:
    """Say what a check finds, in the words that fit the kind of the data set."""
    meanings = MEANINGS if snap.dataset.kind == "pictures" else {**MEANINGS, **WORDY_MEANINGS}
    return meanings.get(check, "")


def _whole_actions(snap: Snapshot, check: CheckFindings, waiting: int) -> list[WholeAction]:
    if not waiting:
        return []
    found: list[WholeAction] = []
    if check.grouped:
        extra = len(surplus(snap, check))
        if extra:
            found.append(
                {
                    "name": "accept",
                    "label": f"Exclude {extra:,} extra",
                    "ask": f"Exclude {items(extra)}, and keep one of each group?",
                }
            )
    else:
        suggested = len(suggested_rows(check))
        if suggested:
            found.append(
                {"name": "accept", "label": _all("Accept", suggested), "ask": f"Relabel {items(suggested)} as suggested?"}
            )
        found.append({"name": "exclude", "label": _all("Exclude", waiting), "ask": f"Exclude {items(waiting)}?"})
    as_is = "as it is" if waiting == 1 else "as they are"
    found.append({"name": "keep", "label": _all("Keep", waiting), "ask": f"Keep {items(waiting)} {as_is}?"})
    return found


def _all(verb: str, count: int) -> str:
    return f"{verb} it" if count == 1 else f"{verb} all {count:,}"


def suggested_rows(check: CheckFindings) -> Rows:
    """Return the open rows for which the check suggests a label."""
    if check.name != "label_issue":
        return np.array([], dtype=np.int64)
    rows = np.flatnonzero(check.open)
    said = pc.not_equal(check.result.details.column("suggestion").take(pa.array(rows)), "").fill_null(
        False
    )  # what Arrow calls it
    found: Rows = rows[said.to_numpy(zero_copy_only=False).astype(bool)]
    return found


def queue(snap: Snapshot, check: CheckFindings) -> Rows:
    """Return the open rows of a check, the worst first; groups stay together, the one to keep before the others."""
    rows = np.flatnonzero(check.open)
    if check.grouped:
        extra = np.isin(rows, surplus(snap, check))
        return rows[np.lexsort((rows, extra, check.groups[rows]))]
    return rows[np.argsort(-check.severity[rows], kind="stable")]


def gallery_data(sh: Shared, snap: Snapshot, check: CheckFindings, v: View, rows: Rows) -> GalleryData:
    """Return the queue as a gallery whose badges say what is given and what is suggested."""
    said: dict[int, list[Badge]] = {}
    letters = PICTURE_LETTERS if thumb_url(sh.ex) else CARD_LETTERS
    for row in v.listed[:MOST_BADGES]:
        suggestion, given = check.suggestion(row), snap.labels[row]
        if suggestion is not None:
            said[row] = [{"text": arrow(given or "no label", suggestion, letters), "tone": "warn"}]
        elif given is not None:
            said[row] = [{"text": given[:40], "tone": "muted"}]
    return {
        "ds": ds_key(sh.ex),
        "rows": v.listed,
        "total": len(rows),
        "url": None,
        "thumb": thumb_url(sh.ex),
        "info": info_url(sh.ex),
        "badges": said,
        "current": v.current,
        "marked": list(v.marked),
        "captions": None,
        "empty": empty_words(check),
        "sizes": "large",
        "rev": snap.stamp[1],
        "cards": cards_at_once(sh.ex, v.listed),
        "label": False,
    }


def arrow(given: str, suggestion: str, letters: int) -> str:
    """Write both labels in the room that there is, so that neither pushes the other out."""
    if len(given) + len(suggestion) > letters:
        shorter = max(letters // 2, letters - min(len(given), len(suggestion)))
        given, suggestion = shorten(given, shorter), shorten(suggestion, shorter)
    return f"{given} → {suggestion}"


def empty_words(check: CheckFindings) -> str:
    """Say why a queue is empty."""
    if check.skipped:
        return f"This check did not run: it {check.skipped}."
    decided = int(np.count_nonzero(check.flagged))
    if decided:
        return f"Everything here is decided: {items(decided)}.\nMove the threshold to the left to see milder cases."
    return "Nothing found at this threshold.\nMove it to the left to see milder cases."


def groups_data(sh: Shared, snap: Snapshot, check: CheckFindings, v: View, rows: Rows) -> GroupsData:
    """Return the open groups, their members side by side."""
    found: list[Group] = []
    numbered = check.groups[rows]
    numbers = numbered[np.sort(np.unique(numbered, return_index=True)[1])].tolist()
    for number in numbers[:MOST_GROUPS]:
        members = rows[numbered == number]
        best = keeper(snap, check, members)
        # Of two, each shows what the other one lacks; of more, all are held against the one to keep.
        other = next((row for row in members.tolist() if row != best), best) if len(members) == 2 else best
        cards = [_member(sh, snap, row, best, other if row == best else best) for row in members.tolist()]
        found.append({"id": number, "note": check.reason(best) or f"{len(members)} alike", "members": cards})
    hidden = len(numbers) - MOST_GROUPS
    return {
        "groups": found,
        "current": v.current,
        "thumb": thumb_url(sh.ex),
        "empty": "" if found else empty_words(check),
        "more": f"{items(hidden, 'more group')} to come when these are decided." if hidden > 0 else "",
    }


def _member(sh: Shared, snap: Snapshot, row: int, best: int, other: int) -> Member:
    card: Member = {
        "row": row,
        "title": snap.title(row),
        "meta": " · ".join(filter(None, (item_meta(sh.ex, snap, row), snap.labels[row]))),
        "best": row == best,
    }
    if snap.dataset.kind == "texts":
        card["runs"] = [{"text": run["text"], "changed": run["changed"]} for run in alike(sh.ex, snap, row, other)["runs"]]
    return card


def decide_whole(sh: Shared, snap: Snapshot, check: CheckFindings, v: View, name: str) -> None:
    """Decide about everything that waits in a check."""
    rows = [int(row) for row in np.flatnonzero(check.open)]
    try:
        if name == "accept" and check.grouped:
            made = [sh.ex.decide("exclude", surplus(snap, check), check=check.name)]
        elif name == "accept":
            made = [
                sh.ex.decide("relabel", some, value=label, check=check.name) for label, some in by_suggestion(check).items()
            ]
        else:
            made = [sh.ex.decide(name, rows, check=check.name)]
    except DatasetExplorerError as error:
        v.say(sentence(str(error)), "warn")
        return
    v.say(
        sh.ex.describe(made[0])
        if len(made) == 1
        else f"Accepted {items(len(suggested_rows(check)), 'suggestion')}; each label can be undone on its own"
    )
    v.start_over()


def by_suggestion(check: CheckFindings) -> dict[str, list[int]]:
    """Gather the open rows by the label that is suggested for them."""
    found: dict[str, list[int]] = {}
    for row in suggested_rows(check):
        found.setdefault(check.suggestion(int(row)) or "", []).append(int(row))
    return found


def set_threshold(sh: Shared, check: CheckFindings, v: View, value: float) -> None:
    """Move the threshold of a check; a decision like any other."""
    if abs(value - check.threshold) < 1e-9:
        return
    try:
        v.say(sh.ex.describe(sh.ex.decide("threshold", value=round(value, 4), check=check.name)))
    except DatasetExplorerError as error:
        v.say(sentence(str(error)), "warn")


def computing_words(sh: Shared) -> str:
    """Say what happens while no check has a result."""
    state = sh.job.state
    if state.active:
        return f"The checks have not run yet.\n{job_words(state.message)} …"
    if state.phase == "failed":
        return f"The checks have not run: {state.error}.\n{sentence(state.hint)}"
    if state.phase == "cancelled":
        return "The computation was stopped before the checks.\nTry again at the top right."
    return "No check has run on this data set."
