"""What a person makes of clusters: another name, one out of several, two out of one; each is one decision."""

import numpy as np

from engines.cluster.bisect import bisect
from engines.errors import DatasetExplorerError
from explorer.cards import sentence
from explorer.clusters import Board, Group
from explorer.session import Parting, View
from explorer.shared import Shared
from explorer.snapshot import Rows, snapshot


def act(sh: Shared, v: View, bd: Board, name: str, value: str) -> None:
    """Do what a button or key of the panel says about the clusters that are chosen."""
    several, one = len(bd.chosen) > 1, bd.chosen[0] if len(bd.chosen) == 1 else None
    if name == "cancel":
        v.parting = None
    elif name == "merge" and several:
        merge(sh, v, bd, value)
    elif name == "show" and one is not None:
        show(v, bd, one.id)
    elif name == "rename" and one is not None:
        rename(sh, v, bd, one.id, value)
    elif name == "split" and one is not None:
        propose(sh, v, bd, one)
    elif name == "swap" and v.parting is not None and one is not None:
        swap(v, one)
    elif name == "apply" and v.parting is not None and one is not None:
        split(sh, v, bd, value)


def show(v: View, bd: Board, id_: int) -> None:
    """Select a cluster, or those that are marked with it, on the map."""
    some = bd.chosen if any(group.id == id_ for group in bd.chosen) else [group for group in bd.groups if group.id == id_]
    for number, group in enumerate(some):
        v.select(group.rows, "add" if number else "replace", group.name)
    v.recolor("cluster")
    v.go = "explore"


def rename(sh: Shared, v: View, bd: Board, id_: int, name: str) -> None:
    """Give a cluster another name. The decision holds all rows of the engine's cluster, also those that a person took out of it."""
    group = next((group for group in bd.groups if group.id == id_), None)
    if group is None or bd.snap.clustering is None or name == group.name:
        return
    rows = group.rows if group.own else (bd.snap.clustering.layers[bd.snap.layer_at(v.layer)] == id_).nonzero()[0]
    _decide(sh, v, "rename", rows, name)


def ask_to_merge(v: View) -> None:
    """Put the person into the field for the name of the cluster that is to be made."""
    if len(v.clusters) > 1:
        v.naming += 1
    else:
        v.say("Mark two clusters or more to merge them", "warn")


def merge(sh: Shared, v: View, bd: Board, name: str) -> None:
    """Make one cluster of those that are chosen, and look at it."""
    if _decide(sh, v, "merge", bd.rows, name):
        _look_at(sh, v, bd.rows)


def propose(sh: Shared, v: View, bd: Board, group: Group) -> None:
    """Find the two parts that a cluster falls into."""
    graph = sh.ex.values.graph
    if graph is None or len(graph.unique_of) != bd.snap.n:
        v.say("The neighbors are not computed yet", "warn")
        return
    cut = bisect(graph, group.rows, seed=sh.ex.recipe.seed)
    if not cut.any():
        v.say("All items of this cluster are the same", "warn")
        return
    names = {other.name for other in bd.groups}
    name = next(name for number in range(2, len(names) + 3) if (name := f"{group.name} {number}") not in names)
    v.parting = Parting(cluster=group.id, stamp=bd.snap.stamp, off=group.rows[cut], name=name)


def swap(v: View, group: Group) -> None:
    """Let the other part be the one that becomes a cluster of its own."""
    if v.parting is not None:
        stay = group.rows[~np.isin(group.rows, v.parting.off)]
        v.parting = Parting(cluster=group.id, stamp=v.parting.stamp, off=stay, name=v.parting.name)


def split(sh: Shared, v: View, bd: Board, name: str) -> None:
    """Make a cluster of the part that was proposed, and look at it."""
    assert v.parting is not None
    off = v.parting.off
    if v.parting.stamp == bd.snap.stamp and _decide(sh, v, "split", off, name or v.parting.name):
        _look_at(sh, v, off)


def _decide(sh: Shared, v: View, action: str, rows: Rows, name: str) -> bool:
    try:
        v.say(sh.ex.describe(sh.ex.decide(action, rows, value=name)))
    except DatasetExplorerError as error:
        v.say(sentence(str(error)), "warn")
        return False
    return True


def _look_at(sh: Shared, v: View, rows: Rows) -> None:
    """Look at the cluster that these rows form now."""
    snap = snapshot(sh.ex)
    if snap is not None and snap.own_clusters is not None and len(rows):
        v.choose_clusters(int(snap.own_clusters[rows[0]]))
