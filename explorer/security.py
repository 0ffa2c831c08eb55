"""Let only this person's browser in: a host check, an origin check and a token, on HTTP and on websockets alike."""

import ipaddress
import secrets
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
OPEN_PATHS = frozenset({"/_stcore/health"})


def host_name(value: str | None) -> str | None:
    """Return the host of a Host header or an origin in lower case, without its port; None when it is malformed."""
    if not value:
        return None
    try:
        parts = urlsplit(value if "://" in value else f"//{value}")
        _ = parts.port
    except ValueError:
        return None
    if parts.username is not None or parts.password is not None or parts.path or parts.query or parts.fragment:
        return None
    name = parts.hostname
    return name.lower().rstrip(".") if name else None


def is_loopback(host: str) -> bool:
    """Tell whether a host to listen on is reachable from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class HostGate:
    """Answer only requests that were made to one of our names, and from one of our pages.

    A foreign name in Host is DNS rebinding; a foreign Origin is another web site that uses this person's browser. Any
    port is accepted with a known name, since an ssh tunnel may change it.
    """

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str] = LOOPBACK, addresses: bool = False) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)
        self.addresses = addresses

    def knows(self, name: str | None) -> bool:
        """Tell whether a name is ours; with ``addresses`` any IP address is, since an address cannot be rebound."""
        if name is None or name in self.hosts:
            return name is not None
        if not self.addresses:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if len(headers.getlist("host")) != 1 or not self.knows(host_name(headers.get("host"))):
            await _refuse(scope, receive, send, 400, "This address is not served here. Open the link that the program printed.")
            return
        origin = headers.get("origin")
        if origin is not None and not self.knows(host_name(origin)):
            await _refuse(scope, receive, send, 403, "Requests from other web sites are refused.")
            return
        if scope["type"] == "http":
            await self.app(scope, receive, send)
            return
        await _until_closed(self.app, scope, receive, send)


class TokenGate:
    """Ask for the token once, in the address; then a cookie, which scripts cannot read, carries it.

    The cookie's name holds the port, because cookies are shared by all ports of a host.
    """

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        self.app = app
        self.token = token
        self.cookie = f"dataset-explorer-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, set the cookie or refuse."""
        if scope["type"] not in ("http", "websocket") or scope.get("path") in OPEN_PATHS:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._matches(_cookie(headers, self.cookie)):
            if scope["type"] == "http" and scope["method"] == "GET" and _has_token(scope):
                await self._enter(scope, receive, send)
                return
            await self.app(scope, receive, _no_referrer(send))
            return
        if scope["type"] == "http" and self._matches(_query(scope).get("token")):
            await self._enter(scope, receive, send)
            return
        words = "A token is needed. Open the whole link that the program printed, or start it again."
        await _refuse(scope, receive, send, 401 if scope["type"] == "http" else 403, words)

    def _matches(self, given: str | None) -> bool:
        return given is not None and secrets.compare_digest(given.encode(), self.token.encode())

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set the cookie, where the token is right, and take the token out of the address."""
        given = _query(scope)
        right = self._matches(given.pop("token", None))
        # Only the path of this server is kept: a leading // would be another host.
        path = "/" + str(scope.get("path", "/")).lstrip("/\\")
        response: Response = RedirectResponse(f"{path}?{urlencode(given)}" if given else path, status_code=303)
        if right:
            response.set_cookie(self.cookie, self.token, httponly=True, samesite="strict", path="/")
        response.headers["cache-control"] = "no-store"
        response.headers["referrer-policy"] = "no-referrer"
        await response(scope, receive, send)


def _no_referrer(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                *message.get("headers", []),
                (b"referrer-policy", b"no-referrer"),
                (b"x-frame-options", b"DENY"),
            ]
        await send(message)

    return sending


def _query(scope: Scope) -> dict[str, str]:
    return dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))


def _has_token(scope: Scope) -> bool:
    return "token" in _query(scope)


def _cookie(headers: Headers, name: str) -> str | None:
    jar: SimpleCookie = SimpleCookie()
    for header in headers.getlist("cookie"):
        # One at a time: a malformed cookie of another program must not lock the person out.
        for pair in header.split(";"):
            if pair.strip().startswith(f"{name}="):
                try:
                    jar.load(pair.strip())
                except CookieError:
                    return None
    return jar[name].value if name in jar else None


async def _until_closed(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run a websocket; what fails after the browser has gone (a closed tab) is no error to be reported."""
    gone = False

    async def receiving() -> Message:
        nonlocal gone
        message = await receive()
        gone = gone or message["type"] == "websocket.disconnect"
        return message

    async def sending(message: Message) -> None:
        nonlocal gone
        gone = gone or message["type"] == "websocket.close"
        try:
            await send(message)
        except OSError:
            gone = True
            raise

    try:
        await app(scope, receiving, sending)
    except (RuntimeError, OSError, WebSocketDisconnect):
        if not gone:
            raise


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, words: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": words})
        return
    await PlainTextResponse(words, status_code=status, headers={"cache-control": "no-store"})(scope, receive, send)
