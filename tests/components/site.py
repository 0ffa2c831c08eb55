"""A tiny server for browser tests: the components' assets, bare pages that mount one, and answers that a test sets."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from components.assets import ASSET_PREFIX, asset_url
from components.examples.serve import asset

# What Streamlit's loader does, without Streamlit: events land in `sent`.
PAGE = """<!doctype html><meta charset="utf-8"><title>bare</title>
<style>body {{ margin: 20px; font-family: sans-serif }} #host {{ width: {width}px }}</style>
<div id="host"></div>
<script type="module">
import run from "{module}";
window.sent = [];
const home = document.getElementById("host").attachShadow({{ mode: "open" }});
window.mount = (data) => (window.cleanup = run({{
  data, parentElement: home, setTriggerValue: (name, value) => sent.push([name, JSON.parse(JSON.stringify(value))]),
}}));
window.loaded = true;
</script>"""


@dataclass
class Site:
    """The address, and the answers by path: bytes with a type, or a status code."""

    url: str = ""
    answers: dict[str, tuple[bytes, str] | int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Return name and port, as a browser names them."""
        return self.url.removeprefix("http://").rstrip("/")

    def put(self, path: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        """Answer ``path`` with ``body`` from now on; return the path."""
        self.answers[path] = (body, content_type)
        return path


@contextmanager
def serving() -> Iterator[Site]:
    """Serve on a free port of 127.0.0.1, in a thread."""
    site = Site()

    async def bare(request: Request) -> Response:
        module = asset_url(f"components/{request.path_params['name']}/index.js")
        return HTMLResponse(PAGE.format(module=module, width=request.query_params.get("width", "900")))

    async def answer(request: Request) -> Response:
        path = quote(request.url.path, safe="/{}")
        site.asked.append(path)
        found = site.answers.get(path, 404)
        return Response(status_code=found) if isinstance(found, int) else Response(found[0], media_type=found[1])

    app = Starlette(
        routes=[
            Route(f"{ASSET_PREFIX}/{{hash}}/{{path:path}}", asset),
            Route("/bare/{name}", bare),
            Route("/{path:path}", answer),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    site.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    try:
        yield site
    finally:
        server.should_exit = True
        thread.join(5)
