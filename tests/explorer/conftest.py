"""An open data set for the tests of the app."""

import pytest

from explorer.session import View
from explorer.shared import install
from explorer.snapshot import snapshot
from tests.fakes_app import FakeExplorer


@pytest.fixture
def ex(tmp_path):
    """Give a small data set whose values have all arrived."""
    return FakeExplorer(240, folder=tmp_path).analyze()


@pytest.fixture
def shared(ex):
    """Make it the open one."""
    return install(ex)


@pytest.fixture
def snap(ex):
    """Give what holds at the beginning."""
    return snapshot(ex)


@pytest.fixture
def view():
    """Give the view of a new tab on the page Explore."""
    made = View()
    made.enter("explore")
    return made
