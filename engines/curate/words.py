"""Say in words what a decision did, for the line beside the undo button and for lists."""

from __future__ import annotations

from engines.decision_entry import Decision

PLURALS = {
    "label_issue": ("label issue", "label issues"),
    "outlier": ("outlier", "outliers"),
    "exact_duplicate": ("exact duplicate", "exact duplicates"),
    "near_duplicate": ("near duplicate", "near duplicates"),
    "semantic_duplicate": ("semantic duplicate", "semantic duplicates"),
    "conflicting_duplicate": ("conflicting duplicate", "conflicting duplicates"),
    "leak": ("leak", "leaks"),
}
LONGEST = 60


def describe(decision: Decision) -> str:
    """Say what a decision did: "Excluded 12 near duplicates", "Relabeled kangaroo_008.jpg to kangaroo"."""
    value = "" if decision.value is None else shorten(str(decision.value))
    what = _rows(decision)
    check = (decision.check or "").replace("_", " ")
    match decision.action:
        case "exclude":
            return f"Excluded {what}"
        case "restore":
            return f"Restored {what}"
        case "relabel":
            return f"Relabeled {what} to {value}"
        case "tag":
            return f"Tagged {what} with {value}"
        case "untag":
            return f"Removed the tag {value} from {what}"
        case "keep":
            return f"Kept {what} as no {check}" if len(decision.ids) == 1 else f"Kept {what}"
        case "rename":
            return f"Renamed a cluster of {_count(decision)} to {value}"
        case "merge":
            return f"Put {_count(decision)} into the cluster {value}" if value else f"Put {_count(decision)} into one cluster"
        case "split":
            return f"Split {_count(decision)} off into a cluster" + (f", {value}" if value else "")
        case "threshold":
            return f"Set the threshold of {check} " + (f"to {float(value):.3g}" if value else "back")
        case _:
            return decision.action.capitalize()


def shorten(text: str) -> str:
    """Give text on one line, at most ``LONGEST`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _rows(decision: Decision) -> str:
    """Name one row by the last part of its id, several by their number."""
    if len(decision.ids) == 1:
        id_ = decision.ids[0]
        return shorten(id_.rstrip("/").rpartition("/")[2] or id_)
    if decision.check:
        words = decision.check.replace("_", " ")
        return f"{len(decision.ids):,} {PLURALS.get(decision.check, ('', f'{words} items'))[1]}"
    return _count(decision)


def _count(decision: Decision) -> str:
    return f"{len(decision.ids):,} {'item' if len(decision.ids) == 1 else 'items'}"
