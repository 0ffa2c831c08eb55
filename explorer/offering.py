"""The offer of a better model: what it says, how far the download is, and that it does not come back once it was declined."""

from typing import TYPE_CHECKING

from explorer.cards import sentence
from explorer.changes import ERRAND, fetch_model
from explorer.jobs import time_words
from explorer.session import View
from explorer.shared import Shared

if TYPE_CHECKING:
    from components.top_bar import OfferAction, OfferData

DOWNLOAD: "OfferAction" = {"name": "download", "label": "Download", "main": True}
AGAIN: "OfferAction" = {"name": "again", "label": "Try again", "main": True}
CANCEL: "OfferAction" = {"name": "cancel", "label": "Cancel", "main": False}
DECLINE: "OfferAction" = {"name": "decline", "label": "Not now", "main": False}


def offer_data(sh: Shared, v: View) -> "OfferData | None":
    """Return what the offer shows; None where there is none, or where the person declined it."""
    job = sh.errands.get(ERRAND)
    if job is not None and job.state.active:
        state = job.state
        words = "Stopping …" if state.phase == "cancelling" else time_words("Downloading the model", state)
        return {"model": ERRAND, "text": words, "tone": "busy", "fraction": state.fraction, "actions": [CANCEL]}
    model = sh.ex.model_offer
    if model is None or model.model in v.declined:
        return None
    data: OfferData = {"model": model.model, "text": model.words, "tone": "", "fraction": None, "actions": [DOWNLOAD, DECLINE]}
    if job is not None and job.state.phase == "failed":
        failed = " ".join(filter(None, (f"{sentence(job.state.error)}.", sentence(job.state.hint))))
        data |= {"text": f"The model could not be downloaded. {failed}", "tone": "warn", "actions": [AGAIN, DECLINE]}
    return data


def act(sh: Shared, v: View, name: str) -> None:
    """Do what a button of the offer says."""
    if name in ("download", "again"):
        fetch_model(sh)
    elif name == "cancel" and ERRAND in sh.errands:
        sh.errands[ERRAND].cancel()
    elif name == "decline":
        model = sh.ex.model_offer
        if model is not None:
            v.declined.add(model.model)
