"""Time the command `analyze` on a folder: the first time, the second time, and with one changed parameter of the map.

python -m benchmarks.analyze PHOTOS
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def analyze(source: Path, folder: Path, *more: str) -> tuple[dict[str, object], float, float, float]:
    """Run the command in a fresh process; give its summary, wall seconds, CPU seconds and peak MiB (of its largest process)."""
    command = [sys.executable, "-m", "explorer.cli", "analyze", str(source), "--out", str(folder / "out")]
    started = time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            [*command, "--workspace", str(folder / "space"), "--json", *more], stdout=output, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        if process.returncode:
            raise SystemExit(f"analyze failed with code {process.returncode}")
        summary = json.loads(output.read())
    return summary, time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Print a table of the runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    source = parser.parse_args().source
    print("| run | rows | stages computed | seconds | CPU seconds | peak MiB |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        runs = {
            "first": [],
            "second": [],
            "with `--set project.min_dist=0.3`": ["--set", "project.min_dist=0.3"],
            "with t-SNE and PCA too": ["--projector", "umap,tsne,pca"],
        }
        for title, more in runs.items():
            summary, wall, cpu, peak = analyze(source, Path(name), *more)
            print(
                f"| {title} | {summary['rows']} | {summary['recomputed']} | {wall:.1f} | {cpu:.1f} | {peak:.0f} |", flush=True
            )


if __name__ == "__main__":
    main()
