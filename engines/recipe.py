"""What to compute: the engines and parameters of a run as one plain value that can be saved, shared and compared."""

from __future__ import annotations

import dataclasses
import importlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engines.errors import ParameterError, SourceError
from engines.parameters import build, parameters
from engines.registry import Registry

STAGES = ("embed", "neighbors", "project", "cluster", "name", "measure", "issues")
PRIVATE = ("seed", "threads", "metric", "device")
HINT = "give a recipe.json that analyze wrote"


MODEL_ENGINES = {"pictures": "transformers", "texts": "sentence-transformers"}
"""What encodes with a model that is named by its folder or hub id, by the kind of the data set."""


def is_model(name: str) -> bool:
    """Tell whether an encoder is named by its model, not by the name of an engine: a path or a hub id."""
    if name in registry("embed").entries:
        return False
    return "/" in name or "\\" in name or name in (".", "..") or Path(name).expanduser().is_dir()


def registry(stage: str) -> Registry:
    """Give the registry of a stage.

    Raises:
        ParameterError: when there is no such stage.
    """
    if stage not in (*STAGES, "read", "search", "export"):
        raise ParameterError(f"there is no stage {stage!r}", f"stages: {', '.join(STAGES)}")
    found: Registry = importlib.import_module(f"engines.{stage}").ENGINES
    return found


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Name the engines of each stage; empty = the default (for measures and checks: all of them).

    ``encoders``: what turns rows into vectors, by the name of an engine, or by a model (a folder, or a hub id with a slash); the first one
    feeds the map and the checks, the others are computed to be compared. Empty: vectors that the source brings, else the default of
    its kind.

    ``settings`` maps ``stage.parameter`` or ``stage.engine.parameter`` to a value; ``seed``, ``threads``, ``metric`` and ``device`` go to
    every chosen engine that has a parameter of that name and no setting of its own. ``metric`` empty: cosine, but euclidean for tables of
    numbers, where zero means something (``for_kind``).
    """

    encoders: tuple[str, ...] = ()
    projectors: tuple[str, ...] = ()
    clusterers: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    neighbors: str = ""
    namer: str = ""
    metric: str = ""
    seed: int = 0
    threads: int | None = None
    device: str = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def chosen(self, stage: str) -> list[str]:
        """List the names of the engines of a stage that this recipe runs.

        Raises:
            ParameterError: for an unknown or repeated name.
        """
        table = registry(stage)
        many = {
            "embed": self.encoders,
            "project": self.projectors,
            "cluster": self.clusterers,
            "measure": self.measures,
            "issues": self.checks,
        }
        one = {"neighbors": self.neighbors, "name": self.namer}
        if one.get(stage):
            names = [one[stage]]
        elif many.get(stage):
            names = list(many[stage])
        else:
            names = table.names() if stage in ("measure", "issues") else [table.default()]
        if len(set(names)) < len(names):
            raise ParameterError(f"a {stage} engine is named twice: {', '.join(names)}", "name each engine once")
        for name in names:
            # An encoder may also be the name of vectors that the source brings; that shows when it is read.
            if stage != "embed":
                table.entry(name)
        return names

    def engine(self, stage: str, name: str, *, kind: str = "pictures") -> Any:
        """Make an engine with the parameters that this recipe gives it; ``kind`` of the data set decides what reads a named model.

        Raises:
            ParameterError: for a value that its parameters refuse.
        """
        if stage == "embed" and (own := _own(name)) is not None:
            return own
        given: dict[str, Any] = {}
        if stage == "embed" and is_model(name):
            given["model"] = name
            name = MODEL_ENGINES.get(kind, MODEL_ENGINES["pictures"])
        cls = registry(stage).load(name)
        known = {parameter.name for parameter in parameters(cls)}
        given |= {key: getattr(self, key) for key in PRIVATE if key in known and getattr(self, key) not in (None, "")}
        for path, value in self.settings.items():
            target, _, parameter = path.rpartition(".")
            if target in (stage, f"{stage}.{name}") and parameter in known:
                given[parameter] = value
        return build(cls, given)

    def for_kind(self, kind: str) -> Recipe:
        """Fill in what depends on the kind of the data set."""
        return dataclasses.replace(self, metric="euclidean") if kind == "table" and not self.metric else self

    def check(self, vectors: Sequence[str] | None = None) -> None:
        """Check every name and setting before anything is computed.

        ``vectors``: names of vectors that the source brings, which an encoder may be called by; None: not known yet, any name may be one.

        Raises:
            ParameterError: for a name, a setting or a value that fits no chosen engine.
        """
        for name in self.encoders:
            if vectors is not None and name not in vectors and not is_model(name):
                registry("embed").entry(name)
        for path in self.settings:
            stage, _, rest = path.partition(".")
            if stage not in STAGES or not rest:
                raise ParameterError(
                    f"--set {path} has no stage", f"write stage.parameter=value with one of: {', '.join(STAGES)}"
                )
            named, _, parameter = rest.rpartition(".")
            names = list(registry(stage).entries) if stage == "embed" and not self.encoders else self.chosen(stage)
            if stage == "embed":
                names += [engine for name in names if is_model(name) for engine in MODEL_ENGINES.values()]
            if named and named not in names:
                raise ParameterError(f"--set {path}: this run has no {stage} engine {named!r}", f"it has: {', '.join(names)}")
            options = {p.name for name in self._tables(stage, [named] if named else names) for p in parameters(name)}
            if parameter not in options:
                known = ", ".join(sorted(options)) or "none"
                raise ParameterError(f"--set {path}: no chosen {stage} engine has {parameter!r}", f"parameters: {known}")
        for stage in STAGES:
            for name in self._known_encoders() if stage == "embed" else self.chosen(stage):
                if any(path.startswith(f"{stage}.") for path in self.settings):
                    self.engine(stage, name)

    def _known_encoders(self) -> list[str]:
        return [name for name in self.encoders if name in registry("embed").entries]

    def _tables(self, stage: str, names: Iterable[str]) -> list[type[Any]]:
        """Give the classes of engines by name; those that lack a package have no parameters here."""
        table = registry(stage)
        engines: list[str] = []
        for name in names:
            engines += MODEL_ENGINES.values() if stage == "embed" and is_model(name) else [name]
        # The name of vectors that the source brings is no engine, and an encoder that was given in Python is made already.
        found = [name for name in engines if name in table.entries and (stage != "embed" or _own(name) is None)]
        return [table.load(name) for name in found if not table.entry(name).missing()]

    def to_json(self) -> dict[str, Any]:
        """Give the recipe as plain values."""
        plain = dataclasses.asdict(self)
        plain["settings"] = dict(self.settings)
        return plain


def _own(name: str) -> Any | None:
    """Give an encoder that was registered by name in this process (``engines.embed.own``), or None."""
    from engines.embed.own import registered

    return registered(name)


def load_recipe(path: Path) -> Recipe:
    """Read a recipe from a ``recipe.json``.

    Raises:
        SourceError: when the file cannot be read.
        ParameterError: when it holds something else than a recipe.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"cannot read the recipe {path}: {reason}", HINT) from error
    known = {item.name: item for item in dataclasses.fields(Recipe)}
    if not isinstance(plain, dict) or set(plain) - set(known):
        raise ParameterError(f"{path} is no recipe", f"its keys must be among: {', '.join(known)}")
    return Recipe(**{key: _restore(key, value) for key, value in plain.items()})


def parse_settings(pairs: Iterable[str]) -> dict[str, str]:
    """Read ``stage.parameter=value`` texts.

    Raises:
        ParameterError: when a text has no ``=`` or no dot.
    """
    settings: dict[str, str] = {}
    for pair in pairs:
        path, equals, value = pair.partition("=")
        if not equals or "." not in path:
            raise ParameterError(f"--set {pair} cannot be read", "write stage.parameter=value, as in project.min_dist=0.3")
        settings[path.strip()] = value.strip()
    return settings


def _restore(key: str, value: Any) -> Any:
    if key in ("encoders", "projectors", "clusterers", "measures", "checks"):
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise ParameterError(f"the recipe's {key} must be a list of names", HINT)
        return tuple(value)
    if key == "settings" and not isinstance(value, dict):
        raise ParameterError(f"the recipe's settings cannot be {value!r:.60}", HINT)
    return value
