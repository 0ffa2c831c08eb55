"""One decision of a person: its form, what makes it valid, its JSON, and which decisions of a log still stand."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engines.errors import DecisionError
from engines.idsets import SMALL, IdSet, Roster, check_ids

ROW_ACTIONS = ("tag", "untag", "relabel", "exclude", "restore", "keep", "rename", "merge", "split")
"""Actions about rows; the value of rename, merge and split is the name of the cluster that the rows form."""
NAMING_ACTIONS = ("tag", "untag", "relabel", "rename")
ACTIONS = (*ROW_ACTIONS, "threshold", "undo", "redo")
LONGEST_TEXT = 10_000


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One entry of the log.

    ``seq`` counts from 1 in the order of the log. ``time`` is ISO 8601 in UTC. ``value`` is the tag, label or name (text), or the
    threshold (number; None = back to the default). ``undoes`` is the uuid of the entry that an undo or redo takes back.
    ``run_key`` is the key of what the person looked at.
    """

    seq: int
    uuid: str
    time: str
    who: str
    action: str
    ids: Sequence[str] = ()
    value: str | float | None = None
    check: str | None = None
    why: str = ""
    undoes: str | None = None
    run_key: str = ""

    def to_json(self) -> dict[str, Any]:
        """Give plain values, ids in full; ``contents`` has the content hash of each id, or is left out where none is known."""
        contents = [self.ids.content_of(id_) for id_ in self.ids] if isinstance(self.ids, IdSet) else []
        return {
            "seq": self.seq,
            "uuid": self.uuid,
            "time": self.time,
            "who": self.who,
            "action": self.action,
            "ids": list(self.ids),
            "value": self.value,
            "check": self.check,
            "why": self.why,
            "undoes": self.undoes,
            "run_key": self.run_key,
        } | ({"contents": contents} if any(contents) else {})

    def to_line(self) -> str:
        """Give one line of JSON, without the line break."""
        return json.dumps(self.to_json(), ensure_ascii=False)


def live(entries: Iterable[Decision]) -> list[Decision]:
    """List what still stands, in order: decisions that no undo takes back, or whose undo was taken back by a redo."""
    entries = list(entries)
    redone = {entry.undoes for entry in entries if entry.action == "redo"}
    undone = {entry.undoes for entry in entries if entry.action == "undo" and entry.uuid not in redone}
    return [entry for entry in entries if entry.action not in ("undo", "redo") and entry.uuid not in undone]


def new_uuid() -> str:
    """Give a fresh uuid as text."""
    return str(uuid.uuid4())


def now() -> str:
    """Give the time in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def validate(action: str, ids: Sequence[str], value: Any, check: str | None, why: str) -> None:
    """Check what a person decides.

    Raises:
        DecisionError: for an unknown action, rows or a value that do not fit the action, text that is too long or not Unicode.
    """
    if action not in ACTIONS:
        raise DecisionError(f"there is no action {action!r:.60}", f"actions: {', '.join(ACTIONS[:-2])}")
    if action in ROW_ACTIONS and not len(ids):
        raise DecisionError(f"{action} needs at least one row", "select rows first")
    if action not in ROW_ACTIONS and len(ids):
        raise DecisionError(f"{action} takes no rows")
    _require_text("why", why)
    _require_text("check", "" if check is None else check)
    if action in NAMING_ACTIONS:
        if not isinstance(value, str) or not value.strip():
            raise DecisionError(f"{action} needs a text as its value", "give a tag, a label or a name that is not empty")
        _require_text(action, value)
    elif action in ("merge", "split"):
        _require_text(action, "" if value is None else value)
    elif action == "threshold":
        _require_threshold(value)
    elif value is not None:
        raise DecisionError(f"{action} takes no value, {value!r:.60} was given")
    if action in ("keep", "threshold") and not check:
        raise DecisionError(f"{action} needs the name of a check", "for instance near_duplicate")


def _require_threshold(value: Any) -> None:
    if value is None:
        return
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not 0 <= value <= 1:
        raise DecisionError(f"a threshold is a number from 0 to 1, {value!r:.60} is not")


def _require_text(name: str, text: Any) -> None:
    if not isinstance(text, str):
        raise DecisionError(f"the value of {name} is text, {text!r:.60} is not")
    if len(text) > LONGEST_TEXT:
        raise DecisionError(f"the text of {name} has {len(text):,} characters", f"at most {LONGEST_TEXT:,} are kept")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise DecisionError(f"the text of {name} is no valid Unicode: {text!r:.60}") from None


def from_json(record: Any, roster: Roster | None = None) -> Decision:
    """Read a decision from plain values; unknown fields are passed over. Large id sets are kept over ``roster``.

    Raises:
        DecisionError: when a field is missing, has a wrong type or does not fit the action.
    """
    if not isinstance(record, Mapping):
        raise DecisionError("a decision is a JSON object")
    texts = {name: record.get(name) for name in ("uuid", "time", "who", "action")}
    for name, text in texts.items():
        if not isinstance(text, str) or not text:
            raise DecisionError(f"the field {name!r} is missing or no text")
        _require_text(name, text)
    try:
        datetime.fromisoformat(str(texts["time"]))
    except ValueError:
        raise DecisionError(f"the field 'time' is no ISO 8601 time: {texts['time']!r:.60}") from None
    ids, why, undoes = record.get("ids") or [], record.get("why") or "", record.get("undoes")
    check, run_key = record.get("check"), record.get("run_key") or ""
    if not isinstance(ids, list):
        raise DecisionError("the field 'ids' is no list")
    wrong = check_ids(ids)
    if wrong:
        raise DecisionError(wrong)
    validate(texts["action"] or "", ids, record.get("value"), check, why)
    _require_text("run_key", run_key)
    if (texts["action"] in ("undo", "redo")) != (isinstance(undoes, str) and bool(undoes)):
        raise DecisionError("the field 'undoes' belongs to undo and redo, and to them only")
    seq = record.get("seq")
    return Decision(
        seq=seq if isinstance(seq, int) and not isinstance(seq, bool) else 0,
        uuid=str(texts["uuid"]),
        time=str(texts["time"]),
        who=str(texts["who"]),
        action=str(texts["action"]),
        ids=_id_set(ids, record.get("contents"), roster),
        value=record.get("value"),
        check=check,
        why=why,
        undoes=undoes,
        run_key=run_key,
    )


def _id_set(ids: list[str], contents: Any, roster: Roster | None) -> IdSet:
    if contents is None:
        return IdSet.of(ids, roster)
    if not isinstance(contents, list) or len(contents) != len(ids) or not all(isinstance(c, str | None) for c in contents):
        raise DecisionError("the field 'contents' is no list of one text (or null) per id")
    known = Roster(ids, [content or "" for content in contents])
    return IdSet.of(ids, known if len(ids) <= SMALL or roster is None else roster)


__all__ = ["ACTIONS", "LONGEST_TEXT", "ROW_ACTIONS", "Decision", "from_json", "live", "new_uuid", "now", "validate"]
