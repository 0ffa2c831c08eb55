"""Decisions as JSON Lines: nothing is lost on the way, and bad lines are told by their number."""

import json

import pytest

from engines.decisions import DecisionLog, read_jsonl, write_jsonl
from engines.errors import DecisionError
from engines.idsets import Roster


@pytest.fixture
def log(tmp_path):
    made = DecisionLog(tmp_path / "decisions.sqlite", who="ann")
    yield made
    made.close()


def test_lines_keep_everything(log, tmp_path):
    log.use_roster(Roster(["a", "b"], ["11", ""]))
    log.append("relabel", ["a", "b"], value="Käfer\n", check="label_issue", why="looked", run_key="k")
    log.append("threshold", value=0.25, check="outlier")
    log.undo()
    write_jsonl(log.entries(), tmp_path / "d.jsonl")
    read = read_jsonl(tmp_path / "d.jsonl")
    assert read == log.entries()
    assert read[0].ids.content_of("a") == "11"
    assert [json.loads(line)["seq"] for line in (tmp_path / "d.jsonl").read_text("utf-8").splitlines()] == [1, 2, 3]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2 is not JSON"),
        ("[]", "line 2 is no JSON object"),
        ("\xff", "line 2 is not UTF-8"),
        ('{"action": "exclude"}', "line 2: the field 'uuid'"),
        (
            '{"uuid": "u", "time": "2026-01-01T00:00:00+00:00", "who": "a", "action": "burn", "ids": ["x"]}',
            "line 2: there is no action",
        ),
        ('{"uuid": "u", "time": "yesterday", "who": "a", "action": "exclude", "ids": ["x"]}', "line 2: the field 'time'"),
        (
            '{"uuid": "u", "time": "2026-01-01T00:00:00+00:00", "who": "a", "action": "exclude", "ids": "x"}',
            "line 2: the field 'ids'",
        ),
        ('{"uuid": "u", "time": "2026-01-01T00:00:00+00:00", "who": "a", "action": "undo"}', "line 2: the field 'undoes'"),
        (
            '{"uuid": "u", "time": "2026-01-01T00:00:00+00:00", "who": "a", "action": "undo", "undoes": "nothing"}',
            "which is not there",
        ),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_nothing_is_imported(log, tmp_path, line, words):
    good = {"uuid": "g", "time": "2026-01-01T00:00:00+00:00", "who": "a", "action": "exclude", "ids": ["x"]}
    (tmp_path / "d.jsonl").write_bytes(json.dumps(good).encode() + b"\n" + line.encode("latin-1") + b"\n")
    with pytest.raises(DecisionError, match=words):
        log.import_jsonl(tmp_path / "d.jsonl")
    assert log.entries() == []


def test_large_imported_decisions_share_one_roster(tmp_path, log):
    ids = [f"row{number}" for number in range(1000)]
    source = DecisionLog(tmp_path / "source.sqlite")
    for start in range(5):
        source.append("exclude", ids[start:])
    write_jsonl(source.entries(), tmp_path / "d.jsonl")
    assert log.import_jsonl(tmp_path / "d.jsonl") == 5
    assert log._connection.execute("SELECT count(*) FROM rosters").fetchone()[0] == 1
    assert [set(entry.ids) for entry in log.entries()] == [set(ids[start:]) for start in range(5)]
    source.close()
