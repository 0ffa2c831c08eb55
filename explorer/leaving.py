"""What leaves: the rows that stay after every decision, with their columns, written by an exporter with the full record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.errors import UserError
from engines.parameters import build
from engines.parameters import parameters as declared
from engines.protocols import Progress, no_progress
from engines.recipe import registry
from explorer.standing import Named, rows_of

if TYPE_CHECKING:
    from engines.curate.state import State
    from explorer.api import Explorer


def export(
    explorer: Explorer,
    to: Path,
    *,
    format: str = "folder",  # noqa: A002 - the word of the command line and of pandas
    link: str | None = None,
    where: str | None = None,
    rows: Named | None = None,
    apply: str | Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Write the rows that are not excluded (of ``rows``, and of those for which ``where`` is true) into the new folder ``to``.

    ``link`` (copy, hardlink, symlink) says how files get there. ``apply`` takes the decisions of a ``decisions.jsonl`` in place of the
    log's. ``parameters`` are further ones of the format (``shard_mb``, ``formulas``). Gives the record, which is ``export.json`` too.

    Raises:
        ExportError: when the format does not fit the data set, the target is taken or lies in the data set, or no row is left.
        ParameterError: for an unknown format or parameter, or an expression that cannot be read.
        DecisionError: for rows that are not there.
        EnvironmentFault: when the disk is full or the place cannot be written; nothing is left then.
    """
    from engines.decision_lines import read_jsonl
    from engines.export import export as write
    from engines.export import plan, require_fitting

    cls = registry("export").load(format)
    require_fitting(format, cls, explorer.dataset)
    known = {parameter.name for parameter in declared(cls)}
    if link not in (None, "copy") and "link" not in known:
        raise UserError(f"the format {format} copies no files, so --link {link} has no meaning", "leave --link out")
    exporter = build(cls, dict(parameters or {}) | ({"link": link} if link is not None and "link" in known else {}))
    decisions = list(explorer.log.entries()) if apply is None else read_jsonl(apply)
    state = explorer.replayed(decisions)
    dataset = explorer.dataset
    made = plan(
        dataset,
        excluded=state.excluded,
        labels=state.labels_over(dataset.labels),
        columns=_columns(explorer, state, findings=getattr(cls, "with_findings", True)),
        selected=_selected(explorer, where, rows),
        where=where,
        why=state.why_excluded,
        contents=explorer.contents(),
    )
    return write(
        made,
        to,
        exporter,
        name=format,
        decisions=(decision.to_line() for decision in decisions),
        sources=[*explorer.sources],
        keys={record.stage + "." + record.name: record.key for record in explorer.records},
        progress=progress,
    )


def _columns(explorer: Explorer, state: State, *, findings: bool) -> pa.Table:
    """Give what goes along: a person's own columns and tags, or everything that was found out too."""
    dataset = explorer.dataset
    own = dataset.rows.select(dataset.own_columns)
    if not findings:
        tags = pa.array([list(tags) for tags in state.tags], pa.list_(pa.string()))
        return own.append_column("tags", tags) if any(state.tags) else own
    decided = explorer.decided(state)
    return explorer.samples_table(decided)


def _selected(explorer: Explorer, where: str | None, rows: Named | None) -> npt.NDArray[np.bool_] | None:
    if where is None and rows is None:
        return None
    selected = np.ones(len(explorer.dataset), dtype=bool)
    if rows is not None:
        selected[:] = False
        selected[rows_of(explorer.roster, rows)] = True
    return selected & explorer.where(where) if where is not None else selected
