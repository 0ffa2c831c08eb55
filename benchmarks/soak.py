"""Take a million synthetic vectors through the command `analyze` and print what each stage cost.

python -m benchmarks.soak [--rows 1000000] [--dim 512]
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

from benchmarks.synthetic import write


def main() -> None:
    """Write the vectors, run the command, print its stages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=512)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write(folder / "vectors.npy", given.rows, given.dim)
        command = [sys.executable, "-m", "explorer.cli", "analyze", str(folder / "vectors.npy"), "--out", str(folder / "out")]
        started = time.monotonic()
        process = subprocess.Popen(
            [*command, "--workspace", str(folder / "space")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall, cpu = time.monotonic() - started, usage.ru_utime + usage.ru_stime
        if process.returncode:
            raise SystemExit(f"analyze failed with code {process.returncode}")
        run = json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))
    print("| stage | engine | seconds | CPU s | peak MiB of its process |\n|---|---|---|---|---|")
    for stage in run["stages"]:
        if stage["seconds"] >= 0.5:
            cells = (f"{stage['seconds']:.1f}", f"{stage['cpu_seconds']:.1f}", f"{stage['peak_rss'] / 2**20:,.0f}")
            print(f"| {stage['stage']} | {stage['name']} | {' | '.join(cells)} |")
    print(f"| **all, {given.rows:,} x {given.dim}** | | **{wall:.0f}** | **{cpu:.0f}** | {usage.ru_maxrss / 1024:,.0f} |")
    shown = run["projections"]["umap"]
    print(
        f"\nRecall of the neighbors {run['recall']} on a sample; trustworthiness of the map {shown['trustworthiness']}, continuity {shown['continuity']}; "
        f"clusters per layer: {', '.join(str(count) for count in run['clustering']['layers'])}. Stages overlap: maps are laid out beside the clusters."
    )


if __name__ == "__main__":
    main()
