"""The command line: tables exactly as promised, exit codes, words instead of tracebacks."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from explorer.cli import cli, main
from explorer.opening import open as open_source
from explorer.report import write_report
from tests.corpus import picture
from tests.fakes import blobs

ROOT = Path(__file__).parents[2]
SAMPLE_COLUMNS = ["id", "path", "label", "split", "x", "y", "cluster", "cluster_name", "strength"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATASET_EXPLORER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    vectors, truth = blobs(200)
    path = tmp_path / "blobs.npz"
    np.savez(path, vectors=vectors, labels=np.array([f"class {t}" for t in truth]))
    return path


def analyze(source: Path, out: Path, *more: str) -> dict:
    """Run analyze with quick engines in this process and give the rows of its record."""
    assert main(["analyze", str(source), "--out", str(out), "--projector", "pca", *more]) == 0
    return json.loads((out / "run.json").read_text())


def test_analyze_writes_the_tables_that_are_promised(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = analyze(source, tmp_path / "out", "--json")
    summary = json.loads(capsys.readouterr().out)
    assert summary["rows"] == 200
    samples = pq.read_table(tmp_path / "out" / "samples.parquet")
    assert samples.column_names[:9] == SAMPLE_COLUMNS
    for check in summary["issues"]:
        assert {f"{check}_severity", f"{check}_flagged"} <= set(samples.column_names)
    assert {"suggested_label", "label_decided", "excluded", "tags"} <= set(samples.column_names)
    assert {"trust", "torn", "false_neighbors"} <= set(samples.column_names)
    trust, torn, false = (samples.column(name).to_numpy() for name in ("trust", "torn", "false_neighbors"))
    np.testing.assert_allclose(trust, 1 - (torn + false) / 2, rtol=1e-6)
    assert samples.num_rows == 200
    issues = pq.read_table(tmp_path / "out" / "issues.parquet")
    assert issues.column_names == ["check", "scope", "id", "severity", "flagged", "group", "suggestion", "reason"]
    assert all(issues.column("flagged").to_pylist())
    assert pq.read_table(tmp_path / "out" / "pairs.parquet").column_names == ["a", "b", "check", "score"]
    clusters = pq.read_table(tmp_path / "out" / "clusters.parquet")
    assert clusters.column_names[:8] == ["cluster", "layer", "parent", "size", "name", "second_name", "name_score", "purity"]
    assert pq.read_table(tmp_path / "out" / "rejects.parquet").column_names == ["id", "path", "row", "stage", "reason"]
    assert np.load(tmp_path / "out" / "embeddings.npy").shape == (200, 16)
    shown = clusters.filter(np.array(clusters.column("layer")) == run["default_layer"])
    assert set(samples.column("cluster").to_pylist()) - {-1} == set(shown.column("cluster").to_pylist())
    for record in run["stages"]:
        assert {"name", "engine", "key", "cached", "seconds", "cpu_seconds", "peak_rss"} <= set(record)
    assert json.loads((tmp_path / "out" / "recipe.json").read_text())["projectors"] == ["pca"]


def test_the_same_seed_gives_the_same_bytes(source: Path, tmp_path: Path) -> None:
    analyze(source, tmp_path / "one", "--workspace", str(tmp_path / "space one"), "--projector", "umap,pca")
    analyze(source, tmp_path / "two", "--workspace", str(tmp_path / "space two"), "--projector", "umap,pca")
    for name in ("samples", "issues", "pairs", "clusters"):
        assert (tmp_path / "one" / f"{name}.parquet").read_bytes() == (tmp_path / "two" / f"{name}.parquet").read_bytes()


def test_the_second_run_recomputes_nothing_and_a_parameter_its_stage_only(source: Path, tmp_path: Path) -> None:
    analyze(source, tmp_path / "out")
    again = analyze(source, tmp_path / "out")
    assert all(record["cached"] for record in again["stages"])
    changed = analyze(source, tmp_path / "out", "--set", "cluster.resolution=2")
    assert {record["stage"] for record in changed["stages"] if not record["cached"]} == {"cluster", "name"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["analyze", "nowhere", "--out", "out"], 2, "nothing at"),
        (["analyze", "{source}", "--out", "{source}"], 2, "is a file"),
        (["analyze", "{source}", "--out", "out", "--projector", "umapp"], 2, "did you mean 'umap'"),
        (["analyze", "{source}", "--out", "out", "--checks", "label_isue"], 2, "label_issue"),
        (["analyze", "{source}", "--out", "out", "--set", "project.min_dist=wide"], 2, "min_dist"),
        (["analyze", "{source}", "--out", "out", "--set", "min_dist"], 2, "stage.parameter=value"),
        (["analyze", "{source}", "--out", "out", "--limit", "0"], 2, "limit"),
        (["analyze", "{source}", "--out", "out", "--predictions", "guess"], 2, "no meaning"),
        (["analyze", "{source}", "--out", "out", "--device", "cuda"], 2, "processor only"),
        (["analyze", "{source}"], 2, "--out"),
        (["analyze", "{source}", "--out", "out", "--source-name", "a", "--source-name", "b"], 2, "2 names for 1 sources"),
        (["analyze", "{empty}", "--out", "out"], 2, "hint"),
        (["analyze", "{other}", "--out", "out"], 2, "hint"),
        (["analyze", "{source}", "--out", "out", "--recipe", "{text}"], 2, "recipe"),
        (["export", "{source}", "--to", "{source}"], 2, "error"),
        (["decisions", "nowhere"], 2, "nothing at"),
        (["demo", "no-such-sample"], 2, "samples:"),
        (["workspace", "delete", "nowhere", "--yes"], 2, "no workspace"),
        (["--nonsense"], 2, "nonsense"),
    ],
)
def test_mistakes_get_words_and_exit_code_two(
    arguments: list[str],
    code: int,
    words: str,
    source: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "letter.docx").write_bytes(b"hello")
    monkeypatch.chdir(tmp_path)
    places = {"source": str(source), "empty": str(tmp_path / "empty"), "text": str(tmp_path / "notes.txt")}
    places["other"] = str(tmp_path / "letter.docx")
    assert main([argument.format(**places) for argument in arguments]) == code
    said = capsys.readouterr()
    assert words in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_workspace_that_may_not_be_written_is_exit_code_three(source: Path, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    assert main(["analyze", str(source), "--out", str(tmp_path / "out"), "--workspace", str(tmp_path / "locked")]) == 3


def test_a_workspace_under_a_file_is_exit_code_three(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("x")
    assert main(["analyze", str(source), "--out", str(tmp_path / "out"), "--workspace", str(tmp_path / "file" / "space")]) == 3
    assert "workspace" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["analyze", "--out", "taken"], "is a file"),
        (["analyze", "--out", "x" * 300], "cannot be a folder"),
        (["export", "--to", "taken", "--format", "csv"], "is no folder"),
        (["export", "--to", "x" * 300, "--format", "csv"], "cannot be a folder"),
        (["export", "--to", "new", "--format", "cvs"], "no export engine is called 'cvs'"),
    ],
)
def test_where_it_cannot_be_written_is_said_before_anything_is_computed(
    command: list[str],
    words: str,
    source: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(source.parent)
    Path("taken").write_text("mine")
    assert main([command[0], str(source), *command[1:]]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "hint:" in said
    assert not list(home.glob("*/values"))


def test_verify_sees_what_size_and_time_hide_and_later_runs_do_too(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(6):
        picture(number).save(folder / f"{number}.bmp")
    quick = ("--encoder", "pixels", "--checks", "exact_duplicate")

    def found(*more: str) -> tuple[list[str], list[list[float]]]:
        analyze(folder, tmp_path / "out", *quick, *more)
        pairs = pq.read_table(tmp_path / "out" / "pairs.parquet")
        return pairs.column("a").to_pylist() + pairs.column("b").to_pylist(), np.load(
            tmp_path / "out" / "embeddings.npy"
        ).tolist()

    before = (folder / "4.bmp").stat()
    _, old = found()
    (folder / "4.bmp").write_bytes((folder / "1.bmp").read_bytes())
    os.utime(folder / "4.bmp", ns=(before.st_atime_ns, before.st_mtime_ns))
    after = (folder / "4.bmp").stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    assert found() == ([], old)
    for more in (("--verify",), ()):
        pairs, vectors = found(*more)
        assert sorted(pairs) == ["1.bmp", "4.bmp"]
        assert vectors[4] == vectors[1] != old[4]


def test_nothing_is_written_into_the_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        Image.new("RGB", (20, 20), (number * 80, 10, 10)).save(folder / f"{number}.png")
    before = sorted(path.name for path in folder.rglob("*"))
    assert main(["analyze", str(folder), "--out", str(folder / "out")]) == 2
    assert "inside the data set" in capsys.readouterr().err
    assert main(["analyze", str(folder), "--out", str(tmp_path / "out"), "--workspace", str(folder / "space")]) == 2
    assert main(["analyze", str(folder), "--out", str(tmp_path / "out"), "--encoder", "pixels"]) == 0
    assert sorted(path.name for path in folder.rglob("*")) == before


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("same", [False, True])
def test_tiny_and_constant_data_sets_have_a_result(n: int, same: bool, tmp_path: Path) -> None:
    vectors = np.ones((n, 4), dtype=np.float32) if same else np.random.default_rng(n).normal(size=(n, 4)).astype(np.float32)
    np.savez(tmp_path / "tiny.npz", vectors=vectors, labels=np.array(["only"] * n))
    run = analyze(
        tmp_path / "tiny.npz", tmp_path / "out", "--projector", "umap,tsne,pca", "--clusterer", "leiden,hdbscan,kmeans"
    )
    samples = pq.read_table(tmp_path / "out" / "samples.parquet")
    assert samples.num_rows == n
    for column in ("x", "y", "tsne_x", "pca_y"):
        assert np.isfinite(samples.column(column).to_numpy()).all()
    assert run["rows"] == n


def test_rows_with_nan_are_rejects_with_a_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vectors, _ = blobs(50)
    vectors[7, 3] = np.nan
    vectors[9] = np.inf
    np.save(tmp_path / "holes.npy", vectors)
    analyze(tmp_path / "holes.npy", tmp_path / "out")
    rejects = pq.read_table(tmp_path / "out" / "rejects.parquet").to_pylist()
    assert [reject["row"] for reject in rejects] == [7, 9]
    assert all(reject["reason"] for reject in rejects)
    np.save(tmp_path / "none.npy", np.full((3, 4), np.nan, dtype=np.float32))
    assert main(["analyze", str(tmp_path / "none.npy"), "--out", str(tmp_path / "out2")]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_decisions_and_export_through_the_command_line(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import explorer

    ex = explorer.open(source, projectors=("pca",)).analyze()
    ex.select([0, 1, 2]).exclude(why="seen")
    ex.select("label = 'class 1'").tag("check")
    capsys.readouterr()
    assert main(["decisions", str(source), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["action"] for line in lines] == ["exclude", "tag"]
    assert len(lines[0]["ids"]) == 3
    assert main(["export", str(source), "--to", str(tmp_path / "clean"), "--format", "csv", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["rows_in"], summary["rows_out"]) == (200, 197)
    assert {"decisions.jsonl", "export.json"} <= {path.name for path in (tmp_path / "clean").iterdir()}
    analyze(source, tmp_path / "plain")
    assert not any(pq.read_table(tmp_path / "plain" / "samples.parquet").column("excluded").to_pylist())
    analyze(source, tmp_path / "applied", "--apply", str(tmp_path / "clean" / "decisions.jsonl"))
    assert sum(pq.read_table(tmp_path / "applied" / "samples.parquet").column("excluded").to_pylist()) == 3


def test_ctrl_c_is_exit_code_130_and_the_next_run_goes_on(tmp_path: Path, home: Path) -> None:
    vectors, _ = blobs(3000, d=64)
    np.save(tmp_path / "many.npy", vectors)
    arguments = ["analyze", str(tmp_path / "many.npy"), "--out", str(tmp_path / "out"), "--projector", "umap", "--json"]
    # So many epochs take longer than it takes to stop them.
    slow = ["--set", "project.n_epochs=5000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "explorer.cli", *arguments, *slow],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "epoch" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    again = subprocess.run(
        [sys.executable, "-m", "explorer.cli", *arguments], capture_output=True, cwd=ROOT, text=True, check=True
    )
    stages = {(record["stage"], record["cached"]) for record in json.loads(again.stdout)["stages"]}
    assert ("neighbors", True) in stages


def test_engines_lists_every_stage_and_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engines", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["stage"] for row in rows} == {
        "read",
        "embed",
        "neighbors",
        "project",
        "cluster",
        "name",
        "measure",
        "issues",
        "search",
        "export",
    }
    assert all(row["available"] or row["install"] for row in rows)
    assert main(["engines"]) == 0
    assert "umap" in capsys.readouterr().out


def test_workspaces_can_be_listed_pruned_and_deleted(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import explorer

    explorer.open(source, projectors=("pca",)).analyze().select([0]).exclude()
    assert main(["workspace", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["source"] == str(source)
    assert listed["decisions"]
    assert main(["workspace", "prune", str(source)]) == 0
    assert "kept" in capsys.readouterr().out
    assert len(explorer.open(source).log.entries()) == 1
    assert main(["workspace", "delete", str(source), "--yes"]) == 0
    capsys.readouterr()
    assert main(["workspace", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_every_command_and_option_is_in_the_documentation() -> None:
    documented = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    for name, command in cli.commands.items():
        assert re.search(rf"`dataset-explorer {name}\b", documented) or name == "open", name
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--"):
                    assert option in documented, f"{name} {option}"


def test_writing_the_tables_says_which_one_it_is_at(source: Path, tmp_path: Path) -> None:
    explorer = open_source(source, workspace=tmp_path / "space", projectors="pca").analyze()
    said: list[tuple[float, str]] = []
    write_report(explorer, tmp_path / "out", progress=lambda fraction, message: said.append((fraction, message)))
    names = ("samples", "issues", "pairs", "clusters", "rejects", "scores")
    assert [message for _, message in said] == [
        f"{doing} the table of {name}" for name in names for doing in ("building", "writing")
    ]
    assert [fraction for fraction, _ in said] == sorted(fraction for fraction, _ in said)
