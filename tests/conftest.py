"""What tests of several folders share."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser import launch


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one browser of the session: Playwright cannot be started twice in a process."""
    with sync_playwright() as playwright:
        opened = launch(playwright)
        yield opened
        opened.close()
