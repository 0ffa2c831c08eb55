"""What all browser sessions of this process share: the explorer, its analysis and the published frames."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explorer.answers import Searches
from explorer.blobs import Blobs
from explorer.jobs import Job

if TYPE_CHECKING:
    from explorer.api import Explorer


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """An export that runs or ran, and where it goes."""

    job: Job
    to: str


@dataclass(frozen=True, kw_only=True)
class Shared:
    """One data set, open in this process. ``lock`` lets one export run at a time; ``exports`` holds them all, the latest last.

    ``errands`` are other jobs by name, such as a download; ``turn`` lets one change of what is computed happen at a time.
    """

    ex: "Explorer"
    job: Job
    blobs: Blobs = field(default_factory=Blobs)
    lock: threading.Lock = field(default_factory=threading.Lock)
    exports: list[Outgoing] = field(default_factory=list)
    searches: Searches = field(default_factory=Searches)
    errands: dict[str, Job] = field(default_factory=dict)
    turn: threading.Lock = field(default_factory=threading.Lock)
    on_error: Callable[[BaseException], None] | None = None


_installed: list[Shared] = []


def install(ex: "Explorer", *, on_error: Callable[[BaseException], None] | None = None) -> Shared:
    """Make ``ex`` what the pages of this process show; the analysis is made ready, not started."""

    def work(progress: Callable[[float, str], None]) -> object:
        return ex.analyze(progress=progress)

    ex.keep_maps = True
    shared = Shared(ex=ex, job=Job(work, on_error=on_error), on_error=on_error)
    _installed[:] = [shared]
    return shared


def shared() -> Shared:
    """Return what is open.

    Raises:
        LookupError: when nothing was opened in this process.
    """
    if not _installed:
        raise LookupError("no data set is open in this process")
    return _installed[0]
