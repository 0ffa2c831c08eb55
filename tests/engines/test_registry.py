"""Every engine of every stage can be found, built with its defaults, and says what it needs; strangers can add theirs."""

import inspect
import re
from importlib import metadata

import pytest

from engines.errors import MissingPackage, ParameterError
from engines.parameters import parameters
from engines.protocols import CorpusEncoder, TextEncoder
from engines.recipe import STAGES, registry
from engines.registry import Entry, Registry

ENGINES = [(stage, name) for stage in ("read", *STAGES, "search", "export") for name in registry(stage).names()]


@pytest.mark.parametrize(("stage", "name"), ENGINES)
def test_each_engine_loads_and_stands_on_its_defaults(stage: str, name: str) -> None:
    cls = registry(stage).load(name)
    made = cls()
    assert callable(made) or isinstance(made, TextEncoder | CorpusEncoder)
    assert cls.__doc__
    assert registry(stage).entries[name].summary
    with pytest.raises(AttributeError):  # frozen
        made.anything = 1


@pytest.mark.parametrize(
    ("stage", "name"), [pair for pair in ENGINES if pair[0] in ("project", "cluster", "measure", "issues", "name", "neighbors")]
)
def test_each_engine_takes_its_input_and_progress(stage: str, name: str) -> None:
    signature = inspect.signature(registry(stage).load(name).__call__)
    names = list(signature.parameters)
    needed = [name for name, one in signature.parameters.items() if one.default is inspect.Parameter.empty]
    assert names[-1] == "progress"
    assert len([name for name in needed if name != "progress"]) == 2


@pytest.mark.parametrize(("stage", "name"), ENGINES)
def test_whatever_is_random_has_a_seed(stage: str, name: str) -> None:
    cls = registry(stage).load(name)
    source = inspect.getsource(inspect.getmodule(cls))
    if re.search(r"random_state|default_rng|RandomState", source):
        assert "seed" in {parameter.name for parameter in parameters(cls)}


def test_a_wrong_name_gets_the_nearest_one() -> None:
    with pytest.raises(ParameterError, match="umap"):
        registry("project").load("umpa")


def test_an_engine_whose_package_is_missing_says_the_line_that_installs_it() -> None:
    table = Registry("project", {"ghost": Entry("nowhere:Ghost", "not there", modules=("no_such_module",), extra="ghost")})
    with pytest.raises(MissingPackage, match=r"dataset-explorer\[ghost\]"):
        table.load("ghost")


class _Point:
    dist = None
    value = "tests.fakes:Mirror"

    def __init__(self, name: str) -> None:
        self.name = name


def test_plug_ins_are_found_and_never_win_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"umap": Entry("engines.project.umap:Umap", "own")}
    monkeypatch.setattr(metadata, "entry_points", lambda group: [_Point("mirror")])
    assert Registry("project", own).load("mirror").__name__ == "Mirror"
    monkeypatch.setattr(metadata, "entry_points", lambda group: [_Point("umap")])
    with pytest.raises(ParameterError, match="exists already"):
        Registry("project", own).names()
