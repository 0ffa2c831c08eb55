"""What the command line shows on standard error: progress and the words of an error."""

from __future__ import annotations

import contextlib
import sys
import time
from types import TracebackType
from typing import Self, TextIO


class Meter:
    """Show progress on one line of a terminal, or as a line every few seconds where there is none.

    Nobody has to see it: a standard error that is closed, full, or a pipe whose reader has gone does not stop the work.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream is not None and self._stream.isatty()
        self._last = float("-inf")
        self._shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live and self._shown:
            self._say("\r" + " " * len(self._shown) + "\r")

    def __call__(self, fraction: float, message: str) -> None:
        """Show a fraction (0..1) and what is being done."""
        now = time.monotonic()
        if now - self._last < (0.1 if self._live else 3.0):
            return
        self._last = now
        text = f"{fraction:4.0%}  {message}"
        if self._live:
            text = text[:110]
            self._say("\r" + text.ljust(len(self._shown)))
            self._shown = text
        else:
            self._say(text + "\n")

    def _say(self, text: str) -> None:
        _write(self._stream, text)


def fail(message: str, hint: str, code: int) -> int:
    """Say an error and what to do about it on standard error; give the exit code."""
    _write(sys.stderr, f"error: {message}\n" + (f" hint: {hint}\n" if hint else ""))
    return code


def _write(stream: TextIO | None, text: str) -> None:
    """Write at once, as far as anybody reads; ``sys.stderr`` is None where it was closed before the start."""
    if stream is not None:
        with contextlib.suppress(OSError):
            stream.write(text)
            stream.flush()
