"""Open a source: options of a person become a checked recipe, source options and a workspace."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engines.errors import ParameterError, SourceError, UserError
from engines.parameters import parameters
from engines.protocols import SourceOptions
from engines.read.patterns import is_pattern
from engines.recipe import MODEL_ENGINES, Recipe, is_model, load_recipe, registry
from explorer.api import Explorer
from explorer.workspace import is_hub_id, open_workspace

SOURCE_OPTIONS = (
    *("label", "split", "id", "text", "image", "caption", "features", "source_names", "limit"),
    *("embeddings", "predictions", "probabilities"),
)
RECIPE_OPTIONS = (
    *("encoders", "neighbors", "projectors", "clusterers", "measures", "checks", "namer"),
    *("metric", "seed", "threads", "device", "settings"),
)


def open(  # noqa: A001 - explorer.open(...) is the name that people know from PIL and tarfile
    source: str | Path | Sequence[str | Path],
    *,
    workspace: str | Path | None = None,
    recipe: str | Path | Recipe | None = None,
    verify: bool = False,
    **options: Any,
) -> Explorer:
    """Open a source, or several as one data set; cheap, computes nothing.

    ``options`` are those of the command line: label, split, id, text, image, caption, features, source_names, limit, embeddings,
    encoders (names, models, or what ``explorer.encoder`` made of a function; the first one feeds the map), neighbors, projectors, clusterers,
    measures, checks, metric, seed, threads, settings (``{"project.min_dist": 0.3}``). Options win over a ``recipe``.

    Raises:
        SourceError: when there is nothing at that path.
        ParameterError: for an option, an engine or a value that does not exist.
    """
    given_sources = [source] if isinstance(source, str | Path) else list(source or ())
    if not given_sources:
        raise UserError("there is no source", "name a folder, a table or a file of vectors")
    paths = [_found(Path(one).expanduser()) for one in given_sources]
    chosen = _recipe(recipe, options)
    chosen.check(vectors=None if options.get("embeddings") or not all(map(_is_plain_folder, paths)) else ())
    if chosen.device not in ("auto", "cpu") and not _runs_on_a_card(chosen):
        encoder = (*chosen.encoders, "that is used unless you choose one")[0]
        raise UserError(f"the encoder {encoder} runs on the processor only", "leave --device out")
    told = SourceOptions(**{name: options[name] for name in SOURCE_OPTIONS if options.get(name) is not None})
    names = told.source_names
    if names and (len(names) != len(paths) or len(set(names)) < len(names)):
        raise UserError(f"{len(names)} names for {len(paths)} sources", "give each source one --source-name of its own")
    space = open_workspace(paths, Path(workspace) if workspace is not None else None)
    return Explorer(paths, told, chosen, space, verify=verify)


def _runs_on_a_card(recipe: Recipe) -> bool:
    if not recipe.encoders:
        return False
    name = recipe.encoders[0]
    encoder = registry("embed").load(MODEL_ENGINES["pictures"] if is_model(name) else name)
    return "device" in {parameter.name for parameter in parameters(encoder)}


def _recipe(recipe: str | Path | Recipe | None, options: dict[str, Any]) -> Recipe:
    """Check the names of options and put those about engines over a recipe.

    Raises:
        UserError: for an option that does not exist, or has no meaning here.
    """
    if "encoder" in options:
        options["encoders"] = options.pop("encoder")
    unknown = sorted(set(options) - {*SOURCE_OPTIONS, *RECIPE_OPTIONS})
    if unknown:
        raise UserError(f"unknown option {', '.join(unknown)}", f"options: {', '.join((*SOURCE_OPTIONS, *RECIPE_OPTIONS))}")
    for name in ("predictions", "probabilities"):
        if options.get(name) is not None:
            raise UserError(f"--{name} has no meaning for these sources", "leave it out")
    if options.get("embeddings") is not None:
        options["embeddings"] = str(options["embeddings"])
    if options.get("encoders") is not None:
        options["encoders"] = _encoder_names(options["encoders"])
    base = recipe if isinstance(recipe, Recipe) else load_recipe(Path(recipe)) if recipe is not None else Recipe()
    given = {name: options[name] for name in RECIPE_OPTIONS if options.get(name) is not None}
    for name in ("projectors", "clusterers", "measures", "checks"):
        if name in given:
            given[name] = _names(name, given[name])
    if "settings" in given:
        settings = given["settings"]
        if not isinstance(settings, Mapping) or not all(isinstance(path, str) for path in settings):
            raise ParameterError(f"settings cannot be {settings!r:.60}", "give a mapping such as {'project.min_dist': 0.3}")
        given["settings"] = {**base.settings, **settings}
    return Recipe(**{**{name: getattr(base, name) for name in RECIPE_OPTIONS}, **given})


def _names(option: str, given: Any) -> tuple[str, ...]:
    """Give the names of engines; one may stand alone.

    Raises:
        ParameterError: for anything but text or a list of texts.
    """
    names = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, (list, tuple)) else (None,)
    if not all(isinstance(name, str) for name in names):
        raise ParameterError(f"{option} cannot be {given!r:.60}", "give the name of an engine, or a list of names")
    return names


def _encoder_names(given: Any) -> tuple[str, ...]:
    """Name encoders; one that was made in Python is registered under its own name first."""
    from engines.embed import own

    several = list(given) if isinstance(given, (list, tuple)) else [given]
    return tuple(one if isinstance(one, str) else str(one) if isinstance(one, Path) else own.register(one) for one in several)


def _is_plain_folder(path: Path) -> bool:
    """Tell whether a source is a folder of files, which bring no vectors."""
    return path.is_dir() and not any((path / mark).exists() for mark in ("state.json", "dataset_dict.json"))


def _found(path: Path) -> Path:
    """Give a path at which there is something, a pattern of paths, or the id of a data set on the hub.

    Raises:
        SourceError: when there is nothing.
    """
    try:
        there = path.exists()
    except OSError as error:  # a name that is too long, or a folder that may not be entered
        raise SourceError(f"{path} cannot be opened: {error.strerror or error}", "check the path") from None
    if not there and not is_hub_id(path) and not is_pattern(str(path)):
        raise SourceError(f"there is nothing at {path}", _nearest(path))
    return path


def _nearest(path: Path) -> str:
    parent = path.parent
    if not parent.is_dir():
        return f"the folder {parent} does not exist either"
    near = difflib.get_close_matches(path.name, [entry.name for entry in parent.iterdir()], n=1, cutoff=0.5)
    return f"did you mean {parent / near[0]}?" if near else "check the path"
