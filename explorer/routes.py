"""The HTTP routes beside Streamlit's: frames, pictures, hover texts and the components' own files."""

import re
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from components.assets import ASSET_PREFIX, find_asset
from explorer import early
from explorer.cards import ds_key, hover_card
from explorer.shared import Shared

FOREVER = "private, max-age=31536000, immutable"
GUARDS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
}
Endpoint = Callable[[Request], Awaitable[Response]]
MOST_LETTERS = 1_000_000
_ROW = re.compile(r"[0-9]{1,10}")


def data_routes(shared: Shared) -> list[Route]:
    """Return the routes of one open data set. A row number or a revision chooses among what is there; no path does."""

    def known(request: Request) -> bool:
        return bool(request.path_params["ds"] == ds_key(shared.ex))

    def rows() -> int:
        dataset = shared.ex.values.dataset
        # Nothing is known of any row while the data set is still being read.
        return 0 if dataset is None else len(dataset)

    def frames(kind: str, parameter: str = "rev") -> Endpoint:
        async def answer(request: Request) -> Response:
            body = shared.blobs.find(kind, request.path_params[parameter]) if known(request) else None
            return _missing() if body is None else _answer(body, "application/octet-stream")

        return answer

    async def color(request: Request) -> Response:
        kind = f"color/{request.path_params['column']}"
        body = shared.blobs.find(kind, request.path_params["rev"]) if known(request) else None
        return _missing() if body is None else _answer(body, "application/octet-stream")

    def pictures(read: Callable[[int], bytes | None]) -> Endpoint:
        async def answer(request: Request) -> Response:
            row = _row(request, rows()) if known(request) else None
            body = None if row is None else await run_in_threadpool(read, row)
            return _missing() if body is None else _answer(body, "image/jpeg")

        return answer

    def thumb(row: int) -> bytes | None:
        return shared.ex.thumb(row)

    async def info(request: Request) -> Response:
        row = _row(request, rows()) if known(request) else None
        if row is None:
            return _missing()
        card = await run_in_threadpool(hover_card, shared.ex, row)
        return JSONResponse(card, headers={**GUARDS, "cache-control": "no-store"})

    async def text(request: Request) -> Response:
        row = _row(request, rows()) if known(request) else None
        found = None if row is None else await run_in_threadpool(shared.ex.text, row)
        return _missing() if found is None else _answer(_cut(found), "text/plain; charset=utf-8")

    async def early_thumb(request: Request) -> Response:
        number = _row(request, early.MOST) if known(request) else None
        body = None if number is None else await run_in_threadpool(early.thumb, shared.ex.workspace.cache_path, number)
        return _missing() if body is None else _answer(body, "image/jpeg")

    base = "/api/v1/{ds}"
    return [
        Route(f"{ASSET_PREFIX}/{{hash}}/{{path:path}}", asset),
        Route(f"{base}/points/{{rev}}.bin", frames("points")),
        Route(f"{base}/color/{{column}}/{{rev}}.bin", color),
        Route(f"{base}/state/{{rev}}.bin", frames("state")),
        Route(f"{base}/selection/{{rev}}.bin", frames("selection")),
        Route(f"{base}/thumb/{{row}}.jpg", pictures(thumb)),
        Route(f"{base}/image/{{row}}.jpg", pictures(shared.ex.image)),
        Route(f"{base}/info/{{row}}.json", info),
        Route(f"{base}/text/{{row}}.txt", text),
        Route(f"{base}/early/{{row}}.jpg", early_thumb),
    ]


async def asset(request: Request) -> Response:
    """Answer with a file of the components package."""
    found = find_asset(request.path_params["hash"], request.path_params["path"])
    if found is None:
        return _missing()
    headers = {"cache-control": FOREVER, "x-content-type-options": "nosniff", "cross-origin-resource-policy": "same-origin"}
    return Response(found.body, media_type=found.content_type, headers=headers)


def _row(request: Request, n: int) -> int | None:
    text = request.path_params["row"]
    if not _ROW.fullmatch(text):
        return None
    row = int(text)
    return row if row < n else None


def _cut(text: str) -> bytes:
    """Return what a browser can show of a text, and say so where that is not all of it."""
    shown = text[:MOST_LETTERS]
    if len(text) > len(shown):
        shown += f"\n\n… and {len(text) - len(shown):,} more characters."
    return shown.encode("utf-8", "replace")


def _answer(body: bytes, content_type: str) -> Response:
    return Response(body, media_type=content_type, headers={**GUARDS, "cache-control": FOREVER})


def _missing() -> Response:
    return Response("not found", status_code=404, media_type="text/plain", headers={**GUARDS, "cache-control": "no-store"})
