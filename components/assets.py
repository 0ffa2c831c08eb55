"""Serve the JavaScript and CSS of the components from the package and register components that import them."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

ASSET_PREFIX = "/api/v1/assets"
CONTENT_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

# A blob: module has no base address, hence the absolute URL; the query makes the browser ask again after a failure. Events carry a
# number, since Streamlit (1.67) sends one twice when the timer of a fragment ticks at that moment: ``components.kit.received`` drops the copy.
_LOADER = """export default async function (component) {
  const numbered = { ...component, setTriggerValue: (name, value) => component.setTriggerValue(name, { id: Math.random(), value }) };
  const run = async (query) => (await import(new URL(%(url)r + query, location.origin).href)).default(numbered);
  try {
    return await run("");
  } catch {
    const again = document.createElement("button");
    let cleanup = () => {};
    again.textContent = "This part of the page could not be loaded. Try again";
    again.onclick = () => run("?" + Date.now()).then((done) => { cleanup = done; again.remove(); }, () => {});
    component.parentElement.append(again);
    return () => { again.remove(); cleanup(); };
  }
}
"""


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One file that the browser may fetch."""

    body: bytes
    content_type: str


def _walk(folder: Traversable, path: str) -> Iterator[tuple[str, Asset]]:
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.is_dir():
            yield from _walk(entry, f"{path}/{entry.name}")
            continue
        content_type = CONTENT_TYPES.get(entry.name[entry.name.rfind(".") :])
        if content_type is not None:
            yield f"{path}/{entry.name}", Asset(body=entry.read_bytes(), content_type=content_type)


@cache
def assets() -> Mapping[str, Asset]:
    """Return every JavaScript and CSS file of this package by its path, such as ``components/map/index.js``.

    The files are read once per process; nothing outside the package can be named by a path.
    """
    return MappingProxyType(dict(_walk(resources.files(__package__), __package__)))


@cache
def assets_hash() -> str:
    """Return a hash of all asset paths and bodies: part of every asset URL, so that a response may be cached forever."""
    digest = hashlib.sha256()
    for path, asset in assets().items():
        for part in (path.encode(), asset.body):
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
    return digest.hexdigest()[:16]


def asset_url(path: str) -> str:
    """Return the root-relative URL of an asset.

    Raises ``KeyError`` when the package has no such asset.
    """
    if path not in assets():
        raise KeyError(f"no asset {path!r} in package {__package__!r}")
    return f"{ASSET_PREFIX}/{assets_hash()}/{path}"


def find_asset(hash_: str, path: str) -> Asset | None:
    """Return what ``/api/v1/assets/{hash}/{path}`` answers, or None for a 404 (unknown path or another version)."""
    return assets().get(path) if hash_ == assets_hash() else None


def loader(entry: str) -> str:
    """Return the few hundred bytes of JavaScript that import the ES module ``entry``, or offer to try again in words."""
    return _LOADER % {"url": asset_url(entry)}


@cache
def component(name: str, entry: str) -> "ComponentRenderer":
    """Register a components-v2 component whose code is the ES module ``entry``, and return its mounting command.

    Only a loader of a few hundred bytes travels with each rerun; the module comes once from ``asset_url(entry)``.
    """
    import streamlit as st

    return st.components.v2.component(name, js=loader(entry))
