"""Ingest many small pictures: memory, opening the unchanged folder again, and what kill -9 at a random moment loses.

python -m benchmarks.ingest_many 100000 [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from engines.embed.efficientnet import BATCH

SIDE = 96
CLASSES = 20
CHILD = """
import json, os, sys, time
started, cpu = time.monotonic(), time.process_time()
from pathlib import Path
from engines.embed.efficientnet import EfficientNetLite0
from engines.ingestion import ingest_source
from engines.protocols import SourceOptions, no_progress
from engines.recipe import Recipe
from engines.store import Store

folder, space, counter = map(Path, sys.argv[1:])
plain = EfficientNetLite0.__call__
handle = os.open(counter, os.O_RDWR | os.O_CREAT)
done = 0

def counted(self, prepared):
    global done
    made = plain(self, prepared)
    done += len(prepared)
    os.pwrite(handle, done.to_bytes(8, "little"), 0)
    return made

EfficientNetLite0.__call__ = counted
recipe = Recipe(encoders=("efficientnet-lite0",))
made = ingest_source([folder], SourceOptions(), recipe, Store(space), verify=False, progress=no_progress)
print(json.dumps({"rows": len(made.dataset), "cached": made.cached, "encoded": done, "seconds": time.monotonic() - started,
                  "cpu": time.process_time() - cpu}))
"""


def generate(folder: Path, count: int) -> None:
    """Write ``count`` JPEGs of 96 pixels, all different, the same ones each time: random soft colors with a random shape on them."""
    for number in range(count):
        rng = np.random.default_rng(number)
        if number % 1000 == 0:
            place = folder / f"class {number // 1000 % CLASSES:02}" / f"{number // 1000:04}"
            place.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(rng.integers(0, 256, (5, 5, 3), dtype=np.uint8))
        picture = coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        left, top, width, height = rng.integers(4, 44, 4).tolist()
        picture.paste(tuple(rng.integers(0, 256, 3).tolist()), (left, top, left + width, top + height))
        picture.save(place / f"{number:06}.jpg", quality=int(rng.integers(70, 95)))


def child(*arguments: Path) -> subprocess.Popen[str]:
    """Start one ingest in a process of its own."""
    command = [sys.executable, "-c", CHILD, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str]) -> tuple[dict[str, float], float]:
    """Wait for a process; give what it said (nothing when it was killed), and its peak memory in MiB."""
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(f"the ingest failed with code {process.returncode}")
    told: dict[str, float] = json.loads(said) if said else {}
    return told, usage.ru_maxrss / 1024


def killed(pictures: Path, space: Path, counter: Path, count: int) -> tuple[int, int, float]:
    """Kill an ingest at a random moment of its first half; give how many pictures were encoded, how many are kept, and the peak in MiB."""
    wanted, patience = random.uniform(0.05, 0.5) * count, random.uniform(0, 1)
    process = child(pictures, space, counter)
    while process.poll() is None and encoded(counter) < wanted:
        time.sleep(0.05)
    time.sleep(patience)
    process.kill()
    _, peak = finished(process)
    with sqlite3.connect(space / "thumbs.sqlite") as connection:
        (kept,) = connection.execute("SELECT COUNT(*) FROM vectors").fetchone()
    connection.close()
    return encoded(counter), int(kept), peak


def encoded(counter: Path) -> int:
    """Read how many pictures a child has encoded so far."""
    return int.from_bytes(counter.read_bytes(), "little") if counter.exists() else 0


def many(count: int, place: Path) -> None:
    """Generate, kill, resume, open again; print what happened."""
    started = time.monotonic()
    generate(place / "pictures", count)
    print(f"{count:,} JPEGs of {SIDE} px written in {time.monotonic() - started:.0f} s\n", flush=True)
    arguments = (place / "pictures", place / "space", place / "encoded")
    done, kept, peak = killed(*arguments, count)
    lost = done - kept
    verdict = "ok" if 0 <= lost <= BATCH else "MORE THAN A BATCH"
    print(
        f"kill -9 after {done:,} were encoded: {kept:,} kept, {lost} lost (a batch is {BATCH}): {verdict}; peak {peak:.0f} MiB"
    )
    rest, peak = finished(child(*arguments))
    whole = "ok" if rest["encoded"] == count - kept and rest["rows"] == count else "NOT WHAT WAS LEFT"
    each = 1000 / max(rest["encoded"], 1)
    print(
        f"resumed: {rest['encoded']:,} encoded, {rest['rows']:,} rows: {whole}; {rest['seconds']:.0f} s, {rest['cpu']:.0f} CPU s "
        f"({rest['cpu'] * each:.1f} CPU ms and {rest['seconds'] * each:.1f} ms per picture), peak {peak:.0f} MiB",
        flush=True,
    )
    for _ in range(3):
        begun = time.monotonic()
        again, peak = finished(child(*arguments))
        assert again["cached"], "nothing has changed, and yet it was read again"
        print(
            f"opened again, unchanged: {time.monotonic() - begun:.1f} s from the start of the process, {again['cpu']:.1f} CPU s, "
            f"peak {peak:.0f} MiB",
            flush=True,
        )


def main() -> None:
    """Run with a number of pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--keep", type=Path, help="an empty folder for pictures and workspace, kept afterwards")
    given = parser.parse_args()
    if given.keep is not None:
        many(given.count, given.keep)
    else:
        with tempfile.TemporaryDirectory() as place:
            many(given.count, Path(place))


if __name__ == "__main__":
    main()
