"""How clusterings agree with each other and with the labels, and how many clusters there may be."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from engines.advice import Advice
from engines.artifacts import Clustering, Dataset
from engines.cluster.advise import advice_key
from engines.cluster.advise import advise as advise_on
from engines.cluster.agreement import Agreement
from engines.cluster.agreement import compare as compare_groups
from engines.errors import ParameterError, UserError
from engines.protocols import Progress

if TYPE_CHECKING:
    from explorer.api import Explorer

LABELS = "label"
Side = Clustering | Dataset
Known = dict[tuple[str, str], tuple[Side, Side, Agreement]]

# What was compared, with the values that it was made of: neither a decision nor a map changes it.
_known: WeakKeyDictionary[Explorer, Known] = WeakKeyDictionary()
_lock = threading.Lock()


def compare(ex: Explorer, one: str, other: str) -> Agreement:
    """Compare two clusterings, or one with the labels.

    Raises:
        ParameterError: when there is no such clustering.
    """
    a, b = _source(ex, one), _source(ex, other)
    with _lock:
        known = _known.setdefault(ex, {})
    found = _held(known, (one, other), a, b)
    if found is None:
        back = _held(known, (other, one), b, a)
        found = back.turned if back is not None else compare_groups(_grouping(a), _grouping(b))
        known[one, other] = (a, b, found)
    return found


def agreements(ex: Explorer) -> dict[tuple[str, str], Agreement]:
    """Compare every clustering with every other and with the labels."""
    return {pair: compare(ex, *pair) for pair in itertools.combinations(names(ex), 2)}


def names(ex: Explorer) -> list[str]:
    """Name what can be compared: the clusterings, and the labels where there are any."""
    n = len(ex.dataset)
    found = [name for name, clustering in list(ex.values.clusterings.items()) if len(clustering.strength) == n]
    return [*found, LABELS] if ex.dataset.rows.column("label").null_count < n else found


def advise(ex: Explorer, progress: Progress) -> Advice:
    """Find out how many clusters there may be, unless that is known.

    Raises:
        UserError: before there are neighbors.
    """
    graph = ex.values.graph
    if graph is None:
        raise UserError("there are no neighbors yet", "call analyze() first")
    known = known_advice(ex)
    return known if known is not None else ex.workspace.store.put(advise_on(graph, seed=ex.recipe.seed, progress=progress))


def known_advice(ex: Explorer) -> Advice | None:
    """Give what was found out before for these neighbors."""
    graph = ex.values.graph
    return None if graph is None else ex.workspace.store.get(Advice, advice_key(graph, ex.recipe.seed))


def _source(ex: Explorer, name: str) -> Side:
    if name == LABELS:
        return ex.dataset
    if name not in ex.values.clusterings:
        raise ParameterError(f"there is no clustering {name!r}", f"there are: {', '.join([*ex.values.clusterings, LABELS])}")
    return ex.values.clusterings[name]


def _grouping(source: Side) -> Any:
    return source.rows.column("label") if isinstance(source, Dataset) else source.labels


def _held(known: Known, pair: tuple[str, str], a: Side, b: Side) -> Agreement | None:
    found = known.get(pair)
    return found[2] if found is not None and found[0] is a and found[1] is b else None
