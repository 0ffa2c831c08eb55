"""The wheel, built from the sdist and used outside of the tree, holds everything: code, front end, tables, samples, licences."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FRONT_END = {".js", ".css", ".png"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    # Without arguments `build` makes the sdist first and the wheel from it.
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)], check=True, capture_output=True
    )
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return site


def run(installed: Path, folder: Path, *arguments: str) -> str:
    """Run Python on the installed wheel, from a folder that is not the tree."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "DATASET_EXPLORER_HOME": str(folder / "home")}
    return subprocess.run(
        [sys.executable, "-P", *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_every_file_of_the_front_end_and_every_sample_is_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.splitlines()
    if not listed:
        pytest.skip("not a git checkout")
    wanted = {
        name
        for name in listed
        if (name.startswith(("components/", "explorer/")) and Path(name).suffix in FRONT_END)
        or name.startswith(("sample_data/digits", "sample_data/truth", "sample_data/fluent", "engines/name/data"))
        or (name.endswith(".py") and name.startswith(("components/", "explorer/", "engines/", "sample_data/")))
    }
    assert len(wanted) > 300
    assert wanted <= inside
    assert not [name for name in inside if "__pycache__" in name or name.startswith(("tests/", "benchmarks/", "docs/"))]
    assert {"LICENSE", "NOTICE"} <= {Path(name).name for name in inside}


def test_the_command_works_outside_of_the_tree(installed: Path, tmp_path: Path) -> None:
    where = run(
        installed,
        tmp_path,
        "-c",
        "import explorer, components, engines, sample_data; print(explorer.__file__, sample_data.path('digits'))",
    )
    assert where.count(str(installed)) == 2
    engines = json.loads(run(installed, tmp_path, "-m", "explorer.cli", "engines", "--json"))
    assert {row["name"] for row in engines} >= {"umap", "tsne", "leiden", "label_issue", "folder", "efficientnet-lite0"}
    digits = run(installed, tmp_path, "-c", "import sample_data; print(sample_data.path('digits'))").strip()
    summary = run(
        installed,
        tmp_path,
        "-m",
        "explorer.cli",
        "analyze",
        digits,
        "--out",
        str(tmp_path / "out"),
        "--projector",
        "pca",
        "--json",
    )
    assert json.loads(summary)["rows"] == 1839


def test_the_front_end_is_served_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    code = "from components.assets import assets, assets_hash; print(assets_hash(), *sorted(assets()))"
    there = run(installed, tmp_path, "-c", code).split()
    here = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert there == here
    assert any(name.endswith("map/index.js") for name in there)
