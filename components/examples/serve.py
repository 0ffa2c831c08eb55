"""Serve the example pages on 127.0.0.1."""

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from components.assets import ASSET_PREFIX, find_asset
from components.examples.data import PREFIX, Example, generated, picture

if TYPE_CHECKING:
    import streamlit as st

FOREVER = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
OPTIONS: dict[str, object] = {
    "server.fileWatcherType": "none",
    "server.showEmailPrompt": False,
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "logger.level": "warning",
    "theme.light.primaryColor": "#1565c0",
    "theme.dark.primaryColor": "#6cb2ff",
    "theme.dark.backgroundColor": "#191e25",
}


async def asset(request: Request) -> Response:
    """Answer a JavaScript or CSS file of the components."""
    found = find_asset(request.path_params["hash"], request.path_params["path"])
    if found is None:
        return Response(status_code=404)
    return Response(found.body, media_type=found.content_type, headers=FOREVER)


def routes(example: Example) -> list[Route]:
    """Return everything that the components fetch for ``example``."""

    async def binary(request: Request) -> Response:
        body = example.answers.get("{kind}/{name}.bin".format_map(request.path_params))
        return (
            Response(status_code=404)
            if body is None
            else Response(body, media_type="application/octet-stream", headers=FOREVER)
        )

    def thumb(request: Request) -> Response:
        row = request.path_params["row"]
        if row >= example.n:
            return Response(status_code=404)
        return Response(picture(row, int(example.clusters[row])), media_type="image/jpeg", headers=FOREVER)

    async def info(request: Request) -> Response:
        row = request.path_params["row"]
        if row >= example.n:
            return Response(status_code=404)
        name = example.names[example.clusters[row]]
        lines = [f"cluster {name}", f"label issue {example.number[row]:.2f}"]
        title = f"{name.replace(' ', '_')}_{row:03d}.jpg"
        return JSONResponse({"row": row, "id": title, "title": title, "lines": lines, "thumb": True}, headers=FOREVER)

    return [
        Route(f"{ASSET_PREFIX}/{{hash}}/{{path:path}}", asset),
        Route(f"{PREFIX}/thumb/{{row:int}}.jpg", thumb),
        Route(f"{PREFIX}/info/{{row:int}}.json", info),
        Route(f"{PREFIX}/{{kind}}/{{name}}.bin", binary),
    ]


def application(n: int) -> "st.App":
    """Return the example page over ``n`` generated rows as an ASGI application."""
    os.environ["COMPONENTS_EXAMPLE_ROWS"] = str(n)
    import streamlit as st
    from streamlit.web import bootstrap

    # Under our own uvicorn, Streamlit reads no STREAMLIT_* environment variables: only this sets its options.
    bootstrap.load_config_options(OPTIONS)
    return st.App(Path(__file__).with_name("page.py"), routes=routes(generated(n)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve one example until it is stopped; the address is printed once the port is open."""
    parser = argparse.ArgumentParser(prog="python -m components.examples", description=__doc__)
    parser.add_argument("which", nargs="?", choices=("page", "map", "gallery"), default="page")
    parser.add_argument("--n", type=int, default=800, help="number of generated rows")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    given = parser.parse_args(arguments)
    os.environ["COMPONENTS_EXAMPLE"] = given.which
    # With the protocol named, asyncio switches Nagle's algorithm off; otherwise each small answer waits 44 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", given.port))
    # From here on the kernel keeps who comes early waiting.
    listening.listen(128)
    app = application(given.n)
    import uvicorn

    sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}/\n")
    sys.stdout.flush()
    config = uvicorn.Config(app, log_level="warning", access_log=False, ws_max_size=64 * 2**20)
    uvicorn.Server(config).run(sockets=[listening])
