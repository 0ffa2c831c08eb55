"""Make sure that a Chromium is there for the browser tests: install Debian's where that is allowed, else say the line to run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
LINE = "apt-get update && apt-get install --yes --no-install-recommends chromium"


def main() -> int:
    """Give 0 when a Chromium is found or could be installed, else 1 with the line to run."""
    if any(shutil.which(name) for name in NAMES):
        return 0
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        print("no Chromium found; installing Debian's for the browser tests")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update", "--quiet"],
            ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "chromium"],
        ):
            subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL)
        if shutil.which("chromium"):
            return 0
    print(f"the browser tests need Chromium; run as root:  {LINE}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
