"""The decision log: nothing acknowledged is lost, undo and redo follow their laws, replay equals a naive model."""

import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engines import idsets
from engines.curate.state import Replay, replay
from engines.decisions import DecisionLog, live, write_jsonl
from engines.errors import DecisionError
from engines.idsets import Roster

ROOT = Path(__file__).parents[2]
IDS = [f"row{number}" for number in range(9)]


@pytest.fixture
def log(tmp_path):
    made = DecisionLog(tmp_path / "decisions.sqlite", who="ann")
    yield made
    made.close()


class LogAgainstModel(RuleBasedStateMachine):
    """Two authors in two processes' worth of logs on one file, against a list of plain records."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self.logs = {}
        self.model = []
        self.redoable = {"ann": [], "bob": []}
        self.replay = Replay(Roster(IDS))
        self.small, idsets.SMALL = idsets.SMALL, 3

    @initialize()
    def open(self):
        for who in ("ann", "bob"):
            self.logs[who] = DecisionLog(Path(self.folder.name) / "decisions.sqlite", who=who)
        self.logs["ann"].use_roster(Roster(IDS))

    def teardown(self):
        idsets.SMALL = self.small
        for log in self.logs.values():
            log.close()
        self.folder.cleanup()

    @rule(
        who=st.sampled_from(["ann", "bob"]),
        action=st.sampled_from(["exclude", "restore", "tag", "untag", "relabel", "keep"]),
        ids=st.sets(st.sampled_from([*IDS, "gone"]), min_size=1),
        value=st.sampled_from(["x", "y"]),
    )
    def decide(self, who, action, ids, value):
        value = value if action in ("tag", "untag", "relabel") else None
        check = "outlier" if action == "keep" else None
        made = self.logs[who].append(action, sorted(ids), value=value, check=check)
        self.model.append({"uuid": made.uuid, "who": who, "action": action, "ids": ids, "value": value, "stands": True})
        self.redoable[who].clear()
        assert set(made.ids) == ids

    @rule(who=st.sampled_from(["ann", "bob"]))
    def undo(self, who):
        expected = next((entry for entry in reversed(self.model) if entry["who"] == who and entry["stands"]), None)
        peeked = self.logs[who].undoable()
        undone = self.logs[who].undo()
        assert (undone and undone.uuid) == (expected and expected["uuid"]) == (peeked and peeked.uuid)
        if expected:
            expected["stands"] = False
            self.redoable[who].append(expected)

    @rule(who=st.sampled_from(["ann", "bob"]))
    def redo(self, who):
        expected = self.redoable[who].pop() if self.redoable[who] else None
        peeked = self.logs[who].redoable()
        redone = self.logs[who].redo()
        assert (redone and redone.uuid) == (expected and expected["uuid"]) == (peeked and peeked.uuid)
        if expected:
            expected["stands"] = True

    @rule(who=st.sampled_from(["ann", "bob"]))
    def reopen(self, who):
        self.logs[who].close()
        self.logs[who] = DecisionLog(Path(self.folder.name) / "decisions.sqlite", who=who)

    @rule()
    def hand_on(self):
        lines = Path(self.folder.name) / "lines.jsonl"
        write_jsonl(self.logs["ann"].entries(), lines)
        other = DecisionLog(Path(self.folder.name) / "other.sqlite")
        other.import_jsonl(lines)
        assert other.import_jsonl(lines) == 0
        assert _told(replay(other.entries(), IDS)) == _told(replay(self.logs["bob"].entries(), IDS))
        other.close()

    @invariant()
    def state_is_that_of_the_model(self):
        if not self.logs:
            return
        entries = self.logs["ann"].entries()
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert self.logs["bob"].version == len(entries)
        assert [entry.uuid for entry in live(entries)] == [entry["uuid"] for entry in self.model if entry["stands"]]
        state = replay(entries, IDS)
        assert _told(state) == _naive(self.model)
        assert _told(self.replay.over(entries)) == _told(state)


def _told(state):
    return (
        state.excluded.tolist(),
        state.label_decided,
        state.tags,
        {check: mask.tolist() for check, mask in state.kept.items()},
        set(state.orphans),
    )


def _naive(model):
    excluded, labels, tags, kept, orphans = set(), {}, {}, set(), set()
    for entry in model:
        if not entry["stands"]:
            continue
        if entry["ids"] & {"gone"}:
            orphans.add("gone")
        for id_ in entry["ids"]:
            match entry["action"]:
                case "exclude":
                    excluded.add(id_)
                case "restore":
                    excluded.discard(id_)
                case "relabel":
                    labels[id_] = entry["value"]
                case "tag":
                    tags.setdefault(id_, set()).add(entry["value"])
                case "untag":
                    tags.get(id_, set()).discard(entry["value"])
                case "keep":
                    kept.add(id_)
    return (
        [id_ in excluded for id_ in IDS],
        [labels.get(id_) for id_ in IDS],
        [tuple(sorted(tags.get(id_, ()))) for id_ in IDS],
        {"outlier": [id_ in kept for id_ in IDS]} if kept - {"gone"} else {},
        orphans,
    )


TestLogAgainstModel = LogAgainstModel.TestCase
TestLogAgainstModel.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_the_file_is_made_by_the_first_decision(tmp_path):
    log = DecisionLog(tmp_path / "deep" / "decisions.sqlite")
    assert (log.version, log.entries(), log.undo(), log.redo(), log.undoable()) == (0, [], None, None, None)
    assert not log.path.exists()
    log.append("exclude", ["a"])
    assert log.path.exists()
    assert log.version == 1
    log.close()


def test_undo_and_redo_go_back_and_forth_in_order(log):
    first, second = log.append("exclude", ["a"]), log.append("exclude", ["b"])
    assert [taken and taken.uuid for taken in (log.undo(), log.undo(), log.undo())] == [second.uuid, first.uuid, None]
    assert [back and back.uuid for back in (log.redo(), log.redo(), log.redo())] == [first.uuid, second.uuid, None]
    assert log.undo().uuid == second.uuid
    assert [entry.uuid for entry in live(log.entries())] == [first.uuid]
    assert log.version == 7


def test_a_new_decision_ends_what_can_be_redone(log):
    log.append("exclude", ["a"])
    log.undo()
    log.append("exclude", ["b"])
    assert (log.redoable(), log.redo()) == (None, None)
    assert log.undo().ids == ("b",)
    assert log.redo().ids == ("b",)
    assert log.redo() is None


def test_authors_do_not_touch_each_other(log):
    mine = log.append("exclude", ["a"])
    log.append("exclude", ["b"], who="bob")
    assert log.undo().uuid == mine.uuid
    log.append("tag", ["c"], value="x", who="bob")
    assert log.undo() is None
    assert log.redo().uuid == mine.uuid, "what bob decides does not end what ann can redo"
    assert log.undo("eve") is None


WRITER = """
import sys
from engines.decisions import DecisionLog
from engines.idsets import Roster
log = DecisionLog(sys.argv[1], who=sys.argv[2])
ids = [f"row{number}" for number in range(1000)]
log.use_roster(Roster(ids))
for number in range(int(sys.argv[3])):
    made = log.append("tag", ids[number:] if number % 3 == 0 else ids[number:number + 1], value=f"{sys.argv[2]} {number}")
    print(made.seq, made.uuid, flush=True)
"""


def _writer(path, who, count):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), who, str(count)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("after", [1, 23, 61])
def test_kill_in_the_middle_of_a_hundred_decisions_loses_none(tmp_path, after):
    path = tmp_path / "decisions.sqlite"
    with _writer(path, "ann", 100) as process:
        told = [process.stdout.readline().split() for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        told += [line.split() for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        process.wait()
    log = DecisionLog(path, who="ann")
    entries = {str(entry.seq): entry.uuid for entry in log.entries()}
    assert len(told) >= after
    assert all(entries[seq] == uuid for seq, uuid in told)
    assert len(entries) <= len(told) + 1
    assert log.append("exclude", ["row1"]).seq == len(entries) + 1
    log.close()


def test_two_processes_and_three_threads_lose_nothing(tmp_path):
    path = tmp_path / "decisions.sqlite"
    processes = [_writer(path, who, 40) for who in ("ann", "bob")]
    log = DecisionLog(path, who="carol")
    threads = [threading.Thread(target=lambda: [log.append("exclude", ["row5"]) for _ in range(20)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [line for process in processes for line in process.communicate(timeout=60)[0].splitlines()]
    assert [process.returncode for process in processes] == [0, 0]
    entries = log.entries()
    assert len(told) == 80
    assert len(entries) == len({entry.uuid for entry in entries}) == 140
    assert {f"{entry.seq} {entry.uuid}" for entry in entries} >= set(told)
    log.close()


@pytest.mark.parametrize(
    ("action", "ids", "value", "check", "words"),
    [
        ("delete", ["a"], None, None, "no action 'delete'"),
        ("exclude", [], None, None, "at least one row"),
        ("exclude", [""], None, None, "an id is empty"),
        ("exclude", [3], None, None, "an id is text"),
        ("exclude", ["\ud800"], None, None, "no valid Unicode"),
        ("exclude", ["a"], "x", None, "takes no value"),
        ("relabel", ["a"], None, None, "needs a text"),
        ("relabel", ["a"], "  ", None, "needs a text"),
        ("relabel", ["a"], "x" * 10_001, None, "10,001 characters"),
        ("tag", ["a"], "\udcff", None, "no valid Unicode"),
        ("keep", ["a"], None, None, "the name of a check"),
        ("threshold", [], 1.5, "outlier", "from 0 to 1"),
        ("threshold", [], float("nan"), "outlier", "from 0 to 1"),
        ("threshold", [], True, "outlier", "from 0 to 1"),
        ("threshold", ["a"], 0.5, "outlier", "takes no rows"),
        ("undo", [], None, None, "no decision to append"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(log, action, ids, value, check, words):
    with pytest.raises(DecisionError, match=words):
        log.append(action, ids, value=value, check=check)
    assert log.entries() == []


def test_long_and_odd_texts_are_kept_exactly(log):
    label = "<b>\n=cmd|' /C calc'!A0\t\0" + "ü" * 9_000
    log.append("relabel", ["-rf *\n", "a/b.jpg"], value=label, why="'; DROP TABLE decisions; --")
    entry = DecisionLog(log.path).entries()[0]
    assert (entry.value, tuple(entry.ids), entry.why) == (label, ("-rf *\n", "a/b.jpg"), "'; DROP TABLE decisions; --")


def test_large_sets_are_bitmaps_over_one_roster(log):
    ids = [f"class/{number:06d}.jpg" for number in range(50_000)]
    log.use_roster(Roster(ids, [f"{number:032x}" for number in range(50_000)]))
    for start in range(10):
        log.append("exclude", [*ids[start::2], "not in the roster"])
    again = DecisionLog(log.path)
    entries = again.entries()
    assert set(entries[3].ids) == {*ids[3::2], "not in the roster"}
    assert len({id(entry.ids.roster) for entry in entries}) == 1
    assert entries[0].ids.content_of(ids[2]) == f"{2:032x}"
    log.close()
    again.close()
    assert log.path.stat().st_size < 2_000_000
