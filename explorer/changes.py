"""Changes of what is computed: another encoder, other columns, a model that is downloaded; what runs meanwhile stops first."""

import threading
from collections.abc import Callable, Mapping

from engines.errors import DatasetExplorerError
from explorer.cards import sentence
from explorer.jobs import Job
from explorer.session import View
from explorer.shared import Shared

PATIENCE = 1.0
"""Seconds that the page waits for a computation to stop; after that it goes on and the change follows."""
ERRAND, ADVICE = "model", "advice"


def use_encoder(sh: Shared, v: View, name: str) -> None:
    """Let another encoder feed the map and the checks; the old map stays until the new one is there."""
    choice = next((choice for choice in sh.ex.encoders if choice.name == name), None)
    if choice is None or choice.current:
        return
    if choice.note:
        v.say(f"{choice.label} cannot be used here: {choice.note}", "warn")
        return
    words = f"The map is being made from {choice.label}. Your decisions stay."
    _change(sh, v, lambda: sh.ex.use_encoder(name), words)


def wanted_encoder(sh: Shared) -> str | None:
    """Return the encoder that is on its way to the map; None where what is shown is what was asked for."""
    names, current = sh.ex.recipe.encoders, next((choice.name for choice in sh.ex.encoders if choice.current), None)
    return names[0] if sh.job.state.active and names and current is not None and names[0] != current else None


def reopen(sh: Shared, v: View, roles: Mapping[str, str]) -> None:
    """Read the source again with other columns."""
    _change(sh, v, lambda: sh.ex.reopen(roles), "The source is being read again. Your decisions stay.")


def _change(sh: Shared, v: View, change: Callable[[], None], words: str) -> None:
    def run() -> None:
        with sh.turn:
            sh.job.cancel()
            sh.job.wait()
            try:
                change()
            except DatasetExplorerError as error:
                v.say(sentence(str(error)), "warn")
                return
            sh.job.start()
            v.say(words)

    thread = threading.Thread(target=run, name="change", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if thread.is_alive():
        v.say("What is being computed stops first …")


def fetch_model(sh: Shared) -> None:
    """Download the model that is offered, then let it feed the map."""

    def work(progress: Callable[[float, str], None]) -> object:
        sh.ex.fetch_model(progress)
        with sh.turn:
            sh.job.cancel()
            sh.job.wait()
            sh.job.start()
        return None

    running = sh.errands.get(ERRAND)
    if running is None or not running.state.active:
        job = sh.errands[ERRAND] = Job(work, on_error=sh.on_error)
        job.start()


def redraw(sh: Shared, v: View) -> None:
    """Lay the maps out from nothing, where rows were only placed on them."""
    _change(sh, v, sh.ex.redraw, "The maps are being drawn anew. Your decisions stay.")


def advise(sh: Shared) -> None:
    """Find out beside everything else how many clusters there may be."""

    def work(progress: Callable[[float, str], None]) -> object:
        return sh.ex.advise(progress)

    running = sh.errands.get(ADVICE)
    if running is None or not running.state.active:
        job = sh.errands[ADVICE] = Job(work, on_error=sh.on_error)
        job.start()
