"""Serve the app on this machine: Streamlit's ASGI app with our routes behind two gates, run by uvicorn."""

import ipaddress
import secrets
import socket
import sys
import threading
import time
import traceback
import urllib.request
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engines.errors import EnvironmentFault, ParameterError
from explorer.look import OPTIONS
from explorer.security import LOOPBACK, HostGate, TokenGate, is_loopback
from explorer.shared import install

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

    from explorer.api import Explorer
    from explorer.jobs import Job

FIRST_PORT = 8765
TRIES = 50
# A lasso sends some kilobytes; pictures are never uploaded.
WS_MAX_SIZE = 32 * 2**20


def listen(host: str, port: int | None) -> socket.socket:
    """Bind a listening socket: to ``port``, or to the first free one from 8765 on.

    Raises:
        EnvironmentFault: when the port is taken or may not be used.
        ParameterError: when the host is no address of this machine.
    """
    candidates = [port] if port is not None else [*range(FIRST_PORT, FIRST_PORT + TRIES), 0]
    try:
        family, _, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise ParameterError(f"--host {host!r} is no address of this machine", "use 127.0.0.1") from error
    for candidate in candidates:
        # With the protocol named, asyncio switches Nagle's algorithm off; otherwise each small answer waits 44 ms.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((address[0], candidate, *address[2:]))
            sock.listen(128)
        except OSError as error:
            sock.close()
            if candidate is candidates[-1] or isinstance(error, PermissionError):
                raise EnvironmentFault(
                    f"port {candidate} on {host} cannot be used ({error.strerror or error})",
                    "choose another one with --port, or leave --port out",
                ) from error
            continue
        return sock
    raise EnvironmentFault(f"no free port on {host}", "choose one with --port")


def build_app(ex: "Explorer", *, token: str, port: int, host: str = "127.0.0.1") -> "ASGIApp":
    """Make ``ex`` the open data set of this process and return the ASGI app that serves it."""
    import streamlit as st
    from starlette.middleware import Middleware
    from streamlit.web import bootstrap

    from explorer.first_paint import FirstPaint
    from explorer.routes import data_routes

    bootstrap.load_config_options(dict(OPTIONS))
    shared = install(ex, on_error=_log_traceback)
    hosts = set(LOOPBACK)
    if not is_loopback(host):
        hosts |= {host.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}
    app: ASGIApp = st.App(
        Path(__file__).parent / "script" / "workbench.py",
        routes=data_routes(shared),
        middleware=[
            Middleware(HostGate, hosts=hosts, addresses=not is_loopback(host)),
            Middleware(TokenGate, token=token, port=port),
            Middleware(FirstPaint),
        ],
        on_script_error=_show_error,
    )
    return app


def serve(
    explorer: "Explorer",
    host: str = "127.0.0.1",
    port: int | None = None,
    browser: bool = True,
    *,
    token: str | None = None,
    announce: Callable[[str], None] = click.echo,
) -> None:
    """Serve the workbench until Ctrl-C: announce its address with the token, open the browser, start the analysis.

    Raises:
        EnvironmentFault: when the port cannot be used.
        ParameterError: when the host is no address of this machine.
    """
    sock = listen(host, port)
    number = sock.getsockname()[1]
    secret = token or secrets.token_urlsafe(32)
    url = f"http://{_reachable(host)}:{number}/?token={secret}"
    app = build_app(explorer, token=secret, port=number, host=host)

    import uvicorn

    from explorer.shared import shared

    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            log_level="warning",
            access_log=False,
            ws_max_size=WS_MAX_SIZE,
            lifespan="on",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    threading.Thread(
        target=_when_up,
        args=(server, f"http://{_reachable(host)}:{number}", url),
        kwargs={"browser": browser, "announce": announce},
        daemon=True,
    ).start()
    shared().job.start()
    threading.Thread(target=_prepare_search, args=(explorer, shared().job), daemon=True).start()
    try:
        server.run(sockets=[sock])
    except KeyboardInterrupt:
        pass
    finally:
        shared().job.cancel()
        shared().job.wait(2)
        sock.close()


def _when_up(server: "uvicorn.Server", base: str, url: str, *, browser: bool, announce: Callable[[str], None]) -> None:
    """Announce the address, and open it, once the server answers."""
    health = f"{base}/_stcore/health"
    # A proxy of the environment must not see, nor answer, what goes to this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(600):
        if server.should_exit:
            return
        try:
            with opener.open(health, timeout=2) as answer:
                if answer.status == 200:
                    break
        except OSError:
            time.sleep(0.05)
    announce(f"dataset-explorer runs at {url}   (Ctrl-C stops it)")
    if browser:
        webbrowser.open(url)
    _warm_up()


def _warm_up() -> None:
    """Import what a page would wait for at the first look."""
    import plotly.graph_objects

    from engines.recipe import registry

    plotly.graph_objects.Figure()
    registry("export").names()


def _prepare_search(explorer: "Explorer", job: "Job") -> None:
    """Place the words of the search box while a person looks around: the first search should not be the slow one."""
    from explorer.searching import warm

    job.wait()
    if job.state.phase == "done":
        warm(explorer)


def _reachable(host: str) -> str:
    """Return the name to write into the address for a host that is listened on."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return socket.gethostname()
    return f"[{host}]" if address.version == 6 else ("localhost" if address.is_loopback else host)


def _log_traceback(error: BaseException) -> None:
    sys.stderr.write("".join(traceback.format_exception(error)))


def _show_error(_error: Exception) -> bool:
    """Show words where a page failed; Streamlit itself writes the details to the window that started the program."""
    import streamlit as st

    st.error("This page could not be drawn. Reload it; the window that started the program shows the details.", icon=None)
    return True
