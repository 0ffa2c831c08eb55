"""The product: command line, Python API, jobs and the Streamlit app over the engines.

``explorer.open(source)`` is where a program starts; see ``explorer.api.Explorer``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engines.embed.own import wrap as encoder
    from explorer.api import Explorer
    from explorer.opening import open  # noqa: A004 - explorer.open(...) reads like PIL's and tarfile's
    from explorer.selection import Selection

__all__ = ["Explorer", "Selection", "encoder", "open"]

_HOMES = {
    "Explorer": ("explorer.api", "Explorer"),
    "Selection": ("explorer.selection", "Selection"),
    "encoder": ("engines.embed.own", "wrap"),
    "open": ("explorer.opening", "open"),
}


def __getattr__(name: str) -> Any:
    """Import the public names on first use: the command line and the server must start fast."""
    if name in _HOMES:
        import importlib

        module, attribute = _HOMES[name]
        return getattr(importlib.import_module(module), attribute)
    raise AttributeError(f"module 'explorer' has no attribute {name!r}")
