import datetime as dt
import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris, load_wine

from engines.artifacts import REJECT_SCHEMA, Dataset
from engines.embed import columns
from engines.embed.columns import Columns
from engines.errors import Cancelled, ParameterError
from engines.protocols import CorpusEncoder


def table(features=None, **given):
    made = {name: values if isinstance(values, pa.Array) else pa.array(values) for name, values in given.items()}
    n = len(next(iter(made.values()))) if made else 0
    nothing = pa.array([None] * n, pa.string())
    ids = pa.array([f"r{row}" for row in range(n)], pa.string())
    return Dataset(
        key="k",
        kind="table",
        source="made.csv",
        root="",
        rows=pa.table({"id": ids, "path": nothing, "label": nothing, "split": nothing, **made}),
        media=pa.table({"media": nothing}),
        stats=np.zeros((0, 3), dtype=np.int64),
        rejects=REJECT_SCHEMA.empty_table(),
        origin={} if features is None else {"features": features},
        media_key="m",
        columns_key="c",
    )


def encode(features=None, parameters=None, **given):
    return Columns(**(parameters or {})).encode_rows(table(features, **given))


def squares(vectors):
    return ((vectors[:, None] - vectors[None]) ** 2).sum(axis=2)


def test_it_is_a_corpus_encoder():
    assert isinstance(Columns(), CorpusEncoder)
    assert Columns().modality == "table"


@pytest.mark.parametrize(("load", "floor"), [(load_iris, 0.92), (load_wine, 0.95)])
def test_neighbors_share_their_class_where_raw_numbers_may_not(load, floor):
    data = load()
    vectors = encode(**{f"c{number}": column for number, column in enumerate(data.data.T)})
    apart = squares(vectors)
    np.fill_diagonal(apart, np.inf)
    nearest = np.argsort(apart, axis=1)[:, :5]
    voted = [np.bincount(data.target[row]).argmax() for row in nearest]
    assert (voted == data.target).mean() >= floor


def test_each_column_has_the_same_say():
    rng = np.random.default_rng(0)
    n = 4000
    parts = {
        "number": rng.normal(size=n),
        "huge": 1e9 * rng.exponential(size=n),
        "truth": rng.random(n) < 0.5,
        "category": [f"k{number}" for number in rng.integers(0, 12, n)],
        "holes": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
        "date": pa.array((rng.integers(0, 10**6, n) * 86_400).tolist(), pa.timestamp("s")),
    }
    for name, values in parts.items():
        assert encode(**{name: values}).var(axis=0).sum() == pytest.approx(1, abs=0.01), name
    assert encode(**parts).var(axis=0).sum() == pytest.approx(len(parts), abs=0.05)


def test_one_huge_value_does_not_make_the_others_equal():
    values = np.r_[np.linspace(0, 1, 200), 1e12]
    vectors = encode(a=values)[:, 0]
    assert np.ptp(vectors[:200]) > 1.5
    assert abs(vectors[200]) > np.abs(vectors[:200]).max()


def test_rows_of_other_categories_are_apart_and_rare_ones_are_pooled():
    vectors = encode(a=["x"] * 40 + ["y"] * 40 + [f"rare{number}" for number in range(10)])
    apart = squares(vectors)
    assert apart[0, 1] == pytest.approx(0, abs=1e-9)
    assert apart[0, 40] > 0.5
    assert apart[80, 89] == pytest.approx(0, abs=1e-9)
    few = encode(parameters={"categories": 2}, a=[f"k{number % 9}" for number in range(90)])
    assert few.shape[1] <= 3


def test_missing_values_are_apart_from_the_median():
    vectors = encode(a=[1.0, 2, 3, None, None, 2, 1, 3])
    assert squares(vectors)[3, 4] == pytest.approx(0, abs=1e-9)
    assert squares(vectors)[1, 3] > 0.5


ALL_KINDS = {
    "whole": pa.array([1, 2**62, -(2**62), None]),
    "unsigned": pa.array([2**64 - 1, 0, 1, 2], pa.uint64()),
    "half": pa.array([np.float16(1), np.float16(2), None, np.float16(4)], pa.float16()),
    "wild": pa.array([float("inf"), float("-inf"), float("nan"), 1e308]),
    "extreme": pa.array([1.7e308, -1.7e308, 0.0, 5e-324]),
    "decimal": pa.array([1, 2, None, 3], pa.decimal128(10, 2)),
    "truth": pa.array([True, False, None, True]),
    "text": pa.array(["a", "b", None, "a"]),
    "large text": pa.array(["a", "b", None, "a"], pa.large_string()),
    "bytes": pa.array([b"a", b"b", None, b"a"]),
    "dictionary": pa.array(["x", "y", None, "x"]).dictionary_encode(),
    "day": pa.array([dt.date(2020, 1, 1), None, dt.date(1, 1, 1), dt.date(9999, 1, 1)]),
    "moment": pa.array([dt.datetime(2020, 1, 1, tzinfo=dt.UTC), None, None, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)]),
    "time": pa.array([dt.time(1), dt.time(2), None, dt.time(23)]),
    "time32": pa.array([1, 2, None, 4], pa.time32("s")),
    "duration": pa.array([dt.timedelta(1), None, dt.timedelta(3), dt.timedelta(0)]),
    "list": pa.array([[1], [2, 3], None, [1]]),
    "struct": pa.array([{"a": 1}, {"a": 2}, None, {"a": 1}]),
    "constant": pa.array([7, 7, 7, 7]),
    "nothing": pa.nulls(4),
    "no number": pa.array([None] * 4, pa.float64()),
    "names": pa.array(["ann", "bob", "cy", "di"]),
}


@pytest.mark.parametrize("name", ALL_KINDS)
def test_every_kind_of_column_gives_finite_vectors(name):
    for rows in (4, 1, 0):
        vectors = encode(a=ALL_KINDS[name].slice(0, rows))
        assert vectors.dtype == np.float32
        assert vectors.shape[0] == rows
        assert vectors.shape[1] >= 1
        assert np.isfinite(vectors).all()
    if name in {"constant", "nothing", "no number", "names"}:
        assert not encode(a=ALL_KINDS[name]).any()
    else:
        assert encode(a=ALL_KINDS[name]).any()


def test_all_kinds_together():
    vectors = encode(**ALL_KINDS)
    assert np.isfinite(vectors).all()
    assert vectors.shape == (4, 3)


def test_only_the_named_features_count():
    given = {"a": [1.0, 2, 3, 4], "noise": [9.0, 1, 7, 3]}
    np.testing.assert_array_equal(encode(["a"], **given), encode(a=given["a"]))
    assert encode(**given).shape[1] == 2


def test_a_table_without_columns_is_a_mistake_with_a_hint():
    with pytest.raises(ParameterError, match="--features"):
        Columns().encode_rows(table())


def test_ten_thousand_columns_keep_their_distances():
    rng = np.random.default_rng(0)
    given = {f"c{number}": values for number, values in enumerate(rng.normal(size=(10_000, 50)))}
    started = time.process_time()
    vectors = encode(parameters={"dimensions": 1024}, **given)
    assert time.process_time() - started < 30
    assert vectors.shape[1] <= 50
    distances = np.sqrt(squares(vectors)[np.triu_indices(50, 1)])
    assert np.std(distances) / np.mean(distances) < 0.06
    assert np.mean(distances) == pytest.approx(np.sqrt(20_000), rel=0.05)


def test_wide_and_narrow_agree(monkeypatch):
    rng = np.random.default_rng(1)
    center = rng.normal(size=(5, 300))[np.arange(60) % 5]
    given = {f"c{number}": values for number, values in enumerate((center + 0.3 * rng.normal(size=(60, 300))).T)}
    plain = squares(encode(**given))
    monkeypatch.setattr(columns, "WIDE", 200)
    mixed = squares(encode(**given))
    assert np.corrcoef(plain[np.triu_indices(60, 1)], mixed[np.triu_indices(60, 1)])[0, 1] > 0.9


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
            st.one_of(st.none(), st.text(max_size=3)),
            st.one_of(st.none(), st.booleans()),
        ),
        max_size=20,
    ),
    st.randoms(use_true_random=False),
)
def test_any_rows_in_any_order(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    kinds = (pa.float64(), pa.string(), pa.bool_())

    def made(chosen):
        values = [pa.array([row[place] for row in chosen], kind) for place, kind in enumerate(kinds)]
        return encode(a=values[0], b=values[1], c=values[2])

    one, other = made(rows), made([rows[row] for row in order])
    assert np.isfinite(one).all()
    np.testing.assert_allclose(squares(one)[np.ix_(order, order)], squares(other), atol=1e-3)


def test_progress_can_stop_it():
    def stop(fraction, message):
        assert message
        raise Cancelled

    with pytest.raises(Cancelled):
        Columns().encode_rows(table(a=[1.0, 2.0]), progress=stop)
