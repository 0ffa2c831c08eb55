"""What tests of several folders share."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from tests.browser import launch

# A machine that is busy with something else is no reason to fail; in CI the same examples are tried each time.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("patient"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "patient")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one browser of the session: Playwright cannot be started twice in a process."""
    with sync_playwright() as playwright:
        opened = launch(playwright)
        yield opened
        opened.close()
