"""The same pictures as a folder, archives, shards, a pattern and a list: the whole run gives the same map and the same findings."""

from pathlib import Path

import pytest
import webdataset

import explorer
from tests import corpus
from tests.engines.read.sources import tar_of, zip_of

COLUMNS = ["label", "x", "y", "cluster", "exact_duplicate_flagged", "dark_severity"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sixteen pictures of two classes, two of them equal."""
    for number in range(16):
        path = tmp_path / "set" / ("cat", "dog")[number % 2] / f"{number:02d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(corpus.saved(corpus.picture(0 if number == 7 else number), "JPEG"))
    return tmp_path / "set"


def samples(source: Path, tmp_path: Path):
    ds = explorer.open(
        source, workspace=tmp_path / "work", encoder="pixels", projectors=("pca",), checks=("exact_duplicate", "dark")
    )
    ds.analyze()
    return ds.samples


def shards(folder: Path, target: Path) -> Path:
    target.mkdir()
    with webdataset.ShardWriter(str(target / "%03d.tar"), maxcount=5, verbose=0) as writer:
        for path in sorted(folder.rglob("*.jpg")):
            writer.write({"__key__": f"{path.parent.name}/{path.stem}", "jpg": path.read_bytes(), "cls": path.parent.name})
    return target


def test_every_shape_gives_the_same_run(folder, tmp_path):
    expected = samples(folder, tmp_path)
    assert expected["exact_duplicate_flagged"].sum() == 2
    listed = folder / "list.txt"
    listed.write_text("\n".join(str(path) for path in folder.rglob("*.jpg")))
    sources = {
        "zip": zip_of(folder, tmp_path / "a.zip", prefix="set/"),
        "tar": tar_of(folder, tmp_path / "b.tar"),
        "tar.gz": tar_of(folder, tmp_path / "c.tar.gz", mode="w:gz"),
        "webdataset": shards(folder, tmp_path / "d"),
        "pattern": folder / "**" / "*.jpg",
        "paths": listed,
    }
    for name, source in sources.items():
        found = samples(source, tmp_path)
        ids = [row.removesuffix(".jpg") for row in expected["id"]]
        assert [row.removesuffix(".jpg") for row in found["id"]] == ids, name
        assert found[COLUMNS].equals(expected[COLUMNS]), name
