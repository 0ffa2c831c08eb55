"""How clusterings agree with each other and with the labels, and how many clusters there may be."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from engines.advice import Advice
from engines.cluster.advise import advice_key
from engines.cluster.advise import advise as advise_on
from engines.cluster.agreement import Agreement
from engines.cluster.agreement import compare as compare_groups
from engines.errors import ParameterError, UserError
from engines.protocols import Progress

if TYPE_CHECKING:
    from explorer.api import Explorer

LABELS = "label"


def compare(ex: Explorer, one: str, other: str) -> Agreement:
    """Compare two clusterings, or one with the labels.

    Raises:
        ParameterError: when there is no such clustering.
    """
    return compare_groups(_grouping(ex, one), _grouping(ex, other))


def agreements(ex: Explorer) -> dict[tuple[str, str], Agreement]:
    """Compare every clustering with every other and with the labels."""
    n = len(ex.dataset)
    names = [name for name, found in ex.values.clusterings.items() if len(found.strength) == n]
    if ex.dataset.rows.column("label").null_count < n:
        names.append(LABELS)
    return {pair: compare(ex, *pair) for pair in itertools.combinations(names, 2)}


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


def _grouping(ex: Explorer, name: str) -> Any:
    if name == LABELS:
        return ex.dataset.labels
    if name not in ex.values.clusterings:
        raise ParameterError(f"there is no clustering {name!r}", f"there are: {', '.join([*ex.values.clusterings, LABELS])}")
    return ex.values.clusterings[name].labels
