"""Progress and errors on standard error, also where nobody can read them."""

import io
import sys

import pytest

from explorer.terminal import Meter, fail


class Gone(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [None, Gone()])
def test_work_goes_on_where_nobody_reads_its_progress(stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    with Meter() as meter:
        meter(0.5, "half")
    assert fail("it broke", "mend it", 3) == 3


def test_a_line_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with Meter(stream) as meter:
        meter(0.5, "half")
    assert stream.getvalue() == " 50%  half\n"
