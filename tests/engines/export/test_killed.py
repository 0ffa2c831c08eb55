"""Kill -9 in the middle of an export: no half folder under its name, the source untouched, and the next export cleans up."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engines import read as stage
from engines.export.target import PREFIX
from tests.engines.export.held import pictures
from tests.engines.export.made import leave, tree, write_files

ROOT = Path(__file__).parents[3]
RUN = """
import sys, time
from pathlib import Path
from engines import read
from tests.engines.export.made import leave
source, out, scratch, name = sys.argv[1:]
data = read.read(Path(source), scratch=Path(scratch)).dataset

def progress(fraction, message):
    if fraction > 0.45:
        print("in the middle", flush=True)
        time.sleep(60)

leave(data, Path(out), name, progress=progress)
"""


def coco(root):
    held = {
        "images": [{"id": number, "file_name": f"{number}.png"} for number in range(60)],
        "annotations": [{"image_id": number, "category_id": 1, "bbox": [0, 0, 1, 1]} for number in range(60)],
        "categories": [{"id": 1, "name": "cat"}],
    }
    write_files(root, {f"images/{number}.png": raw for number, raw in enumerate(pictures(60))})
    write_files(root, {"annotations/instances_train.json": json.dumps(held).encode()})
    return root


def table(root):
    rows = "".join(f"sentence number {number} of many,{number % 2}\n" for number in range(6000))
    write_files(root, {"t.csv": f"text,label\n{rows}".encode()})
    return root / "t.csv"


@pytest.mark.parametrize(("name", "make"), [("coco", coco), ("webdataset", coco), ("hf", coco), ("table", table)])
def test_nothing_half_is_left(tmp_path, name, make):
    source = make(tmp_path / "source")
    before = tree(tmp_path / "source")
    arguments = [sys.executable, "-c", RUN, str(source), str(tmp_path / "out"), str(tmp_path / "scratch"), name]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in the middle\n"
        process.kill()
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.glob(f"{PREFIX}*"))
    assert tree(tmp_path / "source") == before
    data = stage.read(source, scratch=tmp_path / "scratch").dataset
    record = leave(data, tmp_path / "out", name)
    assert record["rows_out"] == len(data)
    assert not list(tmp_path.glob(f"{PREFIX}*"))
    assert tree(tmp_path / "source") == before
