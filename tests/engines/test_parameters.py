"""Engines state their parameters once; wrong values never get in."""

from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.errors import ParameterError
from engines.keys import chain, digest
from engines.parameters import Doc, Range, build, engine, parameters, speed_only, values


@engine
class Sample:
    k: Annotated[int, Range(1, 10), Doc("neighbors")] = 3
    ratio: Annotated[float, Range(0.0, 1.0)] = 0.5
    init: Literal["pca", "random"] = "pca"
    size: Annotated[int | None, Range(2)] = None
    deep: bool = False
    threads: int = speed_only(1)


@given(st.integers())
def test_range_holds_for_every_integer(k: int) -> None:
    if 1 <= k <= 10:
        assert build(Sample, {"k": str(k)}).k == k
    else:
        with pytest.raises(ParameterError, match="from 1 to 10"):
            Sample(k=k)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ratio", "0.25", 0.25),
        ("ratio", "1", 1),
        ("init", "random", "random"),
        ("size", "none", None),
        ("size", "7", 7),
        ("deep", "Yes", True),
    ],
)
def test_text_is_read_as_the_type_of_the_field(name: str, text: str, value: object) -> None:
    assert getattr(build(Sample, {name: text}), name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("k", "three"),
        ("k", 2.5),
        ("k", True),
        ("ratio", float("nan")),
        ("init", "spectral"),
        ("size", 1),
        ("deep", "maybe"),
        ("typo", 1),
    ],
)
def test_wrong_values_are_refused_with_words(name: str, value: object) -> None:
    with pytest.raises(ParameterError) as caught:
        build(Sample, {name: value})
    assert name in caught.value.message
    assert caught.value.hint


def test_parameters_tell_everything_that_a_form_needs() -> None:
    by_name = {parameter.name: parameter for parameter in parameters(Sample)}
    assert by_name["k"].doc == "neighbors"
    assert by_name["init"].choices == ("pca", "random")
    assert not by_name["threads"].changes_result
    assert list(values(Sample(), only_key=True)) == ["k", "ratio", "init", "size", "deep"]


def test_key_changes_with_what_changes_the_result_only() -> None:
    base = chain("project", Sample(), ["input"])
    assert chain("project", Sample(threads=8), ["input"]) == base
    assert chain("project", Sample(k=4), ["input"]) != base
    assert chain("project", Sample(), ["other"]) != base
    assert chain("cluster", Sample(), ["input"]) != base


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_digest_tells_lists_of_parts_apart(a: list[bytes], b: list[bytes]) -> None:
    assert (digest(*a) == digest(*b)) == (a == b)
