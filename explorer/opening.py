"""Open a source: options of a person become a checked recipe, source options and a workspace."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engines.errors import SourceError, UserError
from engines.parameters import parameters
from engines.protocols import SourceOptions
from engines.recipe import Recipe, load_recipe, registry
from explorer.api import Explorer
from explorer.workspace import open_workspace

SOURCE_OPTIONS = ("label", "split", "id", "text", "image", "limit", "embeddings", "predictions", "probabilities")
RECIPE_OPTIONS = ("encoder", "projectors", "clusterers", "checks", "namer", "metric", "seed", "threads", "device", "settings")


def open(  # noqa: A001 - explorer.open(...) is the name that people know from PIL and tarfile
    source: str | Path | Sequence[str | Path],
    *,
    workspace: str | Path | None = None,
    recipe: str | Path | Recipe | None = None,
    verify: bool = False,
    **options: Any,
) -> Explorer:
    """Open a source; cheap, computes nothing.

    ``options`` are those of the command line: label, split, id, limit, embeddings, encoder, projectors, clusterers, checks, metric,
    seed, threads, settings (``{"project.min_dist": 0.3}``). Options win over a ``recipe``.

    Raises:
        SourceError: when there is nothing at that path.
        ParameterError: for an option, an engine or a value that does not exist.
    """
    if not isinstance(source, str | Path):
        if len(source) != 1:
            raise UserError(f"one source at a time, not {len(source)}", "open them one after the other")
        source = source[0]
    path = Path(source).expanduser()
    if not path.exists():
        raise SourceError(f"there is nothing at {path}", _nearest(path))
    unknown = sorted(set(options) - {*SOURCE_OPTIONS, *RECIPE_OPTIONS})
    if unknown:
        raise UserError(f"unknown option {', '.join(unknown)}", f"options: {', '.join((*SOURCE_OPTIONS, *RECIPE_OPTIONS))}")
    if options.get("embeddings") is not None:
        options["embeddings"] = str(options["embeddings"])
    for name in ("predictions", "probabilities"):
        if options.get(name) is not None:
            raise UserError(f"--{name} has no meaning for folders of pictures and files of vectors", "leave it out")
    base = recipe if isinstance(recipe, Recipe) else load_recipe(Path(recipe)) if recipe is not None else Recipe()
    given = {name: options[name] for name in RECIPE_OPTIONS if options.get(name) is not None}
    for name in ("projectors", "clusterers", "checks"):
        if isinstance(given.get(name), str):
            given[name] = (given[name],)
        elif name in given:
            given[name] = tuple(given[name])
    if "settings" in given:
        given["settings"] = {**base.settings, **given["settings"]}
    chosen = Recipe(**{**{name: getattr(base, name) for name in RECIPE_OPTIONS}, **given})
    chosen.check()
    if chosen.device not in ("auto", "cpu") and not _runs_on_a_card(chosen):
        raise UserError(f"the encoder {chosen.chosen('embed')[0]} runs on the processor only", "leave --device out")
    told = SourceOptions(**{name: options.get(name) for name in SOURCE_OPTIONS})
    space = open_workspace(path, Path(workspace) if workspace is not None else None)
    return Explorer(path, told, chosen, space, verify=verify)


def _runs_on_a_card(recipe: Recipe) -> bool:
    encoder = registry("embed").load(recipe.chosen("embed")[0])
    return "device" in {parameter.name for parameter in parameters(encoder)}


def _nearest(path: Path) -> str:
    parent = path.parent
    if not parent.is_dir():
        return f"the folder {parent} does not exist either"
    near = difflib.get_close_matches(path.name, [entry.name for entry in parent.iterdir()], n=1, cutoff=0.5)
    return f"did you mean {parent / near[0]}?" if near else "check the path"
