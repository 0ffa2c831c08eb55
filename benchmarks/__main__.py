"""Run the benchmarks, each in a process of its own, and write what they print into docs/benchmarks.md with the machine.

    python -m benchmarks PHOTOS [--texts TEXTS] [--only ingest,detectors]

PHOTOS is a folder with one sub-folder of pictures per class; TEXTS a folder with ``texts.csv`` and ``ground_truth.csv`` (see ``benchmarks.texts``);
without it that part is left out. Sections of benchmarks that were not run stay as they are.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BENCHMARKS: dict[str, tuple[str, list[str]]] = {
    "analyze": ("Whole analysis of a folder, first and second time", ["{photos}"]),
    "ingest": ("Reading, decoding and encoding pictures", ["{photos}"]),
    "judgment": ("Encoders, names, outliers: what the offline parts know", ["{photos}"]),
    "detectors": ("Detectors on planted problems, beside plain baselines", ["{photos}", "--seeds", "0-4"]),
    "search": ("Text search without a network, by the names of the classes", ["{photos}"]),
    "texts": ("Texts: planted label flips, duplicates and strangers, beside a plain baseline", ["{texts}", "--seeds", "0-4"]),
    "neighbors": ("Search of neighbors, beside the libraries", ["--rows", "50000,200000"]),
    "maps": ("Maps of what grows, branches, turns back or rolls up: the order of distances along the data", []),
    "stack": ("A whole analysis of vectors, beside the libraries on their own", []),
    "cancel": ("Cancel", ["--rows", "50000"]),
    "soak": ("A million vectors through `analyze`", []),
    "screen": ("Hover and lasso over 15,000 points in headless Chromium, software rendering", []),
    "skeleton": ("A million rows through store, worker, tables and decisions", []),
}


def machine() -> str:
    """Say on what this runs."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text(encoding="utf-8"))
        model = found.group(1) if found else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} processors ({model}), {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def run(name: str, arguments: list[str], places: dict[str, str]) -> str:
    """Run one benchmark and give its section."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    command = [sys.executable, "-m", f"benchmarks.{name}", *(argument.format(**places) for argument in arguments)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    for word, place in places.items():
        text = text.replace(place, word.upper()) if place else text
    text = text.strip()
    if process.returncode:
        raise SystemExit(f"benchmark {name} failed with code {process.returncode}")
    title = BENCHMARKS[name][0]
    shown = text if "|---|" in text else f"```\n{text}\n```"
    said = " ".join(
        ["python -m", f"benchmarks.{name}", *(argument.format(photos="PHOTOS", texts="TEXTS") for argument in arguments)]
    )
    cost = f"{usage.ru_utime + usage.ru_stime:.0f} CPU s in all, peak {usage.ru_maxrss / 1024:.0f} MiB in one process"
    return f"## {title}\n\n`{said}`, {datetime.now(UTC):%Y-%m-%d}, {machine()}: {cost}.\n\n{shown}\n"


def main() -> None:
    """Run what was asked for and write the document after each, so that a later failure loses nothing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", help="folder with one sub-folder of pictures per class")
    parser.add_argument("--texts", default="", help="folder with texts.csv and ground_truth.csv")
    parser.add_argument("--only", default=",".join(BENCHMARKS), help="comma-separated names")
    given = parser.parse_args()
    places = {"photos": str(Path(given.photos)), "texts": given.texts and str(Path(given.texts))}
    for name in given.only.split(","):
        if "{texts}" in BENCHMARKS[name][1] and not given.texts:
            continue
        section = run(name, BENCHMARKS[name][1], places)
        text = DOCUMENT.read_text(encoding="utf-8")
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if begin not in text:
            text = f"{text.rstrip()}\n\n{begin}\n{end}\n"
        head, rest = text.split(begin, 1)
        DOCUMENT.write_text(f"{head}{begin}\n{section}{end}{rest.split(end, 1)[1]}", encoding="utf-8")
        print(section, flush=True)


if __name__ == "__main__":
    main()
