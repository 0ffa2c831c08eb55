"""Fixtures of the browser tests: one browser, a page and a server for each test."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import watched_page
from tests.components.site import Site, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Site]:
    with serving() as found:
        yield found


@pytest.fixture
def site(server: Site) -> Site:
    """The server, with nothing to answer yet."""
    server.answers.clear()
    server.asked.clear()
    return server


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page in which nothing may be thrown and from which nothing may be asked elsewhere."""
    with watched_page(browser) as (opened, watch):
        yield opened
        watch.check(site.host)
