"""Serve the app over a fake explorer, for browser tests and for looking: ``python -m tests.fakes_serve texts --pause 2``."""

import argparse
from pathlib import Path

from explorer.server import serve
from tests.fakes_app import FakeExplorer


def main() -> None:
    """Serve until stopped; the address is printed once the port is open."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", nargs="?", default="pictures", choices=("pictures", "texts", "table", "vectors"))
    parser.add_argument("--n", type=int, default=240)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds that each stage takes")
    parser.add_argument("--hold", type=Path, help="a file: while it exists a search does not end")
    parser.add_argument("--offer", action="store_true", help="offer a model to download")
    parser.add_argument("--port", type=int)
    given = parser.parse_args()
    explorer = FakeExplorer(given.n, kind=given.kind, pause=given.pause)
    explorer.search_held, explorer.offers = given.hold, given.offer
    serve(explorer, port=given.port, browser=False, token="token")


if __name__ == "__main__":
    main()
