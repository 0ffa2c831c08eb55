"""Decisions as JSON Lines: one object a line, ids in full, to hand them on and to read them back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engines.decision_entry import Decision, from_json
from engines.errors import DecisionError
from engines.idsets import SMALL, Roster


def write_jsonl(decisions: Iterable[Decision], path: Path) -> int:
    """Write decisions, one a line; give how many."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for decision in decisions:
            file.write(decision.to_line() + "\n")
            count += 1
    return count


def read_jsonl(path: str | Path) -> list[Decision]:
    """Read decisions in the order of the file, numbered by it; blank lines are passed over, repeated uuids are read once.

    Raises:
        DecisionError: when the file cannot be read, or for a line that is no decision, with its number.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DecisionError(f"{path} cannot be read: {error.strerror or error}", "give a decisions.jsonl") from None
    records = [(number, _parse(path, number, line)) for number, line in enumerate(raw.split(b"\n"), start=1) if line.strip()]
    roster = _shared_roster(record for _, record in records)
    found: dict[str, Decision] = {}
    for number, record in records:
        try:
            decision = from_json(record | {"seq": len(found) + 1}, roster)
        except DecisionError as error:
            raise DecisionError(f"{path} line {number}: {error.message}", error.hint) from None
        found.setdefault(decision.uuid, decision)
    return list(found.values())


def _parse(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except UnicodeDecodeError:
        raise DecisionError(f"{path} line {number} is not UTF-8", "save it as UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise DecisionError(f"{path} line {number} is not JSON: {error}", "one JSON object a line") from None
    if not isinstance(record, dict):
        raise DecisionError(f"{path} line {number} is no JSON object", "one JSON object a line")
    return record


def _shared_roster(records: Iterable[dict[str, Any]]) -> Roster | None:
    """Put the ids of all large decisions into one roster, so that each id is in memory and on the disk once."""
    contents: dict[str, str] = {}
    for record in records:
        ids, known = record.get("ids"), record.get("contents")
        if isinstance(ids, list) and len(ids) > SMALL and all(isinstance(id_, str) for id_ in ids):
            fits = isinstance(known, list) and len(known) == len(ids)
            for id_, content in zip(ids, known if fits and known is not None else [None] * len(ids), strict=True):
                contents[id_] = content if isinstance(content, str) else contents.get(id_, "")
    if not contents:
        return None
    ordered = sorted(contents)
    hashes = [contents[id_] for id_ in ordered]
    return Roster(ordered, hashes if any(hashes) else [])


__all__ = ["read_jsonl", "write_jsonl"]
