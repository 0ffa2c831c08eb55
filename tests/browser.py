"""Drive Debian's Chromium in tests: launch flags, collected errors and requests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, expect

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# The last three pin software WebGL, so that a machine without a graphics card draws the same pixels.
FLAGS = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
)  # fmt: skip
# Milliseconds that a test waits for a state before it fails: only a hang takes so long, however busy the machine is.
PATIENCE = 90_000
expect.set_options(timeout=PATIENCE)
LOCAL_SCHEMES = {"data", "blob", "about"}


def launch(playwright: Playwright) -> Browser:
    """Start a headless Chromium."""
    return playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))


@dataclass
class Watch:
    """What went wrong in a page: uncaught errors, console errors, and the hosts that it asked."""

    errors: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def attach(self, page: Page) -> None:
        """Collect from ``page`` from now on."""
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._heard)
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.console.append(message.text)

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in LOCAL_SCHEMES:
            self.hosts.add(parts.netloc)

    def check(self, host: str) -> None:
        """Assert that nothing was thrown and that every request went to ``host`` (with its port)."""
        assert not self.errors, self.errors
        assert self.hosts <= {host}, f"requests left for {self.hosts - {host}}"


@contextmanager
def watched_page(browser: Browser, **context: Any) -> Iterator[tuple[Page, Watch]]:
    """Open a page of its own, with everything that goes wrong collected."""
    opened = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **context})
    opened.set_default_timeout(PATIENCE)
    page = opened.new_page()
    watch = Watch()
    watch.attach(page)
    try:
        yield page, watch
    finally:
        opened.close()


def wait_for_map(page: Page, timeout: float = PATIENCE) -> None:
    """Return once the map has its points, colors and states and stands still."""
    page.wait_for_function("() => window.__map && window.__map.ready()", timeout=timeout)


def place_of(page: Page, row: int) -> tuple[float, float]:
    """Return where ``row`` is drawn, in window pixels."""
    at = page.evaluate("(row) => window.__map.project(row)", row)
    return at["x"], at["y"]


def drag(page: Page, path: list[tuple[float, float]], *, steps: int = 4) -> None:
    """Press at the first place, move along the others, release."""
    page.mouse.move(*path[0])
    page.mouse.down()
    for x, y in path[1:]:
        page.mouse.move(x, y, steps=steps)
    page.mouse.up()
