"""Kill -9 in the middle of an analysis: nothing is half, and the next start goes on where it stopped."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import explorer
from engines.protocols import SourceOptions, no_progress
from engines.store import TEMPORARY, Store
from engines.told import tell

ROOT = Path(__file__).parents[1]
RUN = """
import sys, explorer
def say(fraction, message):
    print(message, flush=True)
explorer.open(sys.argv[1], encoder="pixels", projectors=("umap",), workspace=sys.argv[2]).analyze(progress=say)
"""

DIE = """
import os, signal, sys
from pathlib import Path
from engines import store, told
from engines.protocols import SourceOptions, no_progress

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[3] == "while the file is read":
    progress = die
else:
    progress = no_progress
    owner, name = {"before vectors are renamed": (store, "_sync"), "before it is noted": (told, "write_atomically")}[sys.argv[3]]
    setattr(owner, name, die)
told.tell((Path(sys.argv[1]),), SourceOptions(), store.Store(Path(sys.argv[2])), verify=False, progress=progress)
"""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    rng = np.random.default_rng(0)
    for number in range(360):
        place = folder / f"class {number % 3}"
        place.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 120, (48, 48, 3)) + np.array([120, 60, 0])[np.newaxis, np.newaxis] * (number % 3) // 2
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"class {number % 3}" / f"{number:03d}.png")
    return folder


@pytest.mark.parametrize("moment", ["embedding 2", "neighbors", "epoch "])
def test_the_next_start_goes_on(pictures: Path, tmp_path: Path, moment: str) -> None:
    arguments = [sys.executable, "-c", RUN, str(pictures), str(tmp_path / "space")]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert process.stdout is not None
    reached = False
    for line in process.stdout:
        if moment in line:
            reached = True
            break
    process.kill()
    process.wait()
    process.stdout.close()
    assert reached, f"never heard {moment!r}"
    ex = explorer.open(pictures, encoder="pixels", projectors=("umap",), workspace=tmp_path / "space").analyze()
    assert len(ex.samples) == 360
    assert np.isfinite(ex.samples[["x", "y"]].to_numpy()).all()
    (embed,) = (record for record in ex.records if record.stage == "embed")
    if moment == "embedding 2":
        assert 0 < embed.notes["decoded"] < 360
    else:
        assert embed.cached
    untouched = explorer.open(pictures, encoder="pixels", projectors=("umap",), workspace=tmp_path / "whole").analyze()
    np.testing.assert_array_equal(ex.samples[["x", "y"]].to_numpy(), untouched.samples[["x", "y"]].to_numpy())


@pytest.mark.parametrize("moment", ["while the file is read", "before vectors are renamed", "before it is noted"])
def test_vectors_are_whole_or_not_there(tmp_path: Path, moment: str) -> None:
    source, store = tmp_path / "v.npy", Store(tmp_path / "space")
    array = np.random.default_rng(0).normal(size=(3000, 8)).astype(np.float32)
    np.save(source, array)
    killed = subprocess.run([sys.executable, "-c", DIE, str(source), str(store.root), moment], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    whole = [path for path in store.root.glob("values/*/*") if not path.name.startswith(TEMPORARY)]
    assert bool(whole) == (moment == "before it is noted")
    first, again = (tell((source,), SourceOptions(), store, verify=False, progress=no_progress) for _ in range(2))
    np.testing.assert_array_equal(first.spaces["given"].vectors, array)
    untouched = tell((source,), SourceOptions(), Store(tmp_path / "other"), verify=False, progress=no_progress)
    assert first.dataset.key == again.dataset.key == untouched.dataset.key
    assert bool(first.fresh) == (not whole)
