"""What a browser draws before Streamlit has loaded: our style in the head of the page, and our name in the tab."""

from functools import cache
from importlib import resources

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD_END, TITLE = b"</head>", b"<title>Streamlit</title>"
CACHED_BY = ("etag", "last-modified")


class FirstPaint:
    """Put ``assets/first_paint.css`` into every HTML page.

    Streamlit's own style sheet for a page comes with its first answer over the socket, seconds later on a busy machine. A page is
    never answered with 304: the tags of Streamlit's file say nothing about our style.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; hold back an HTML answer until it is whole."""
        if scope["type"] != "http" or scope["method"] != "GET" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def sending(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and Headers(raw=message["headers"]).get("content-type", "").startswith(
                "text/html"
            ):
                start = message
            elif start is None:
                await send(message)
            elif message["type"] == "http.response.body":
                body += message.get("body", b"")
                if not message.get("more_body"):
                    page = body.replace(TITLE, b"<title>dataset-explorer</title>", 1).replace(HEAD_END, head() + HEAD_END, 1)
                    headers = MutableHeaders(scope=start)
                    for name in CACHED_BY:
                        del headers[name]
                    headers["content-length"] = str(len(page))
                    await send(start)
                    await send({"type": "http.response.body", "body": page})

        # Without these the file is sent as bytes, whole, and never as "not modified".
        unconditional = [
            pair
            for pair in scope["headers"]
            if pair[0] not in (b"if-none-match", b"if-modified-since", b"range", b"accept-encoding")
        ]
        extensions = {name: value for name, value in scope.get("extensions", {}).items() if name != "http.response.pathsend"}
        await self.app({**scope, "headers": unconditional, "extensions": extensions}, receive, sending)


@cache
def head() -> bytes:
    """Return the style element."""
    return b"<style>" + resources.files("explorer").joinpath("assets", "first_paint.css").read_bytes() + b"</style>"
