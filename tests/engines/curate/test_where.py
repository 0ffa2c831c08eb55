"""SQL where: one expression over the columns, nothing else can be reached."""

import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import engines.curate.where as where_module
from engines.curate.where import where
from engines.errors import ParameterError

TABLE = pa.table(
    {
        "id": ["a", "b", "c"],
        "label": ["cat", "dog", None],
        "my col": [1, 2, 3],
        'quo"te': [1.5, None, 3.0],
        "tags": [["x"], [], None],
        "excluded": [True, False, False],
    }
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("label = 'cat'", [1, 0, 0]),
        ("label <> 'cat'", [0, 1, 0]),
        ("label IS NULL", [0, 0, 1]),
        ('"my col" > 1 AND NOT excluded', [0, 1, 1]),
        ('"quo""te" = 3', [0, 0, 1]),
        ("list_contains(tags, 'x')", [1, 0, 0]),
        ("excluded", [1, 0, 0]),
        ("id IN ('a', 'c') -- both", [1, 0, 1]),
        ("label LIKE '%o%'\nOR id = 'c'", [0, 1, 1]),
        ("row_number() OVER (ORDER BY id DESC) = 1", [0, 0, 1]),
        ("NULL", [0, 0, 0]),
        ("samples.id = 'b'", [0, 1, 0]),
        ("LABEL = 'cat'", [1, 0, 0]),
    ],
)
def test_expressions(expression, expected):
    assert where(TABLE, expression).tolist() == [bool(value) for value in expected]
    assert where(TABLE.to_pandas(), expression).tolist() == [bool(value) for value in expected]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("x" * 10_001, "at most 10,000"),
        ("1=1\0", "no NUL"),
        ("label =", "cannot be read"),
        ("(1=1", "cannot be read"),
        ("1=1)", "cannot be read"),
        ("1=1 /*", "cannot be read"),
        ("1=1; DROP TABLE samples", "cannot be read"),
        ("1=1) FROM samples; SELECT (1=1", "cannot be read"),
        ("1=1) FROM samples UNION SELECT (1=1", "cannot be read"),
        ("1=1) --\n FROM samples --", "cannot be read"),
        ("true FROM samples", "more than one expression"),
        ("true FROM read_csv('/etc/passwd')", "more than one expression"),
        ("true, false", "more than one expression"),
        ("true LIMIT 1", "more than one expression"),
        ("true ORDER BY 1", "more than one expression"),
        ("true UNION SELECT false", "cannot be read|more than one expression"),
        ("id IN (SELECT content FROM read_text('/etc/passwd'))", "SELECT of its own"),
        ("EXISTS (FROM glob('/*'))", "SELECT of its own"),
        ("id = ANY (VALUES ('a'))", "SELECT of its own"),
        ("read_text('/etc/passwd') = ''", "table function"),
        ("getenv('HOME') = ''", "getenv does not exist"),
        ("*", "cannot use \\*"),
        ("COLUMNS('id') = 'a'", "cannot use \\*"),
        ("id = ?", "parameter"),
        ("id = $1", "parameter"),
        ("count(*) > 1", "cannot be used"),
        ("unnest([true, false])", "one answer per row"),
        ("'a'", "gives VARCHAR, not true or false"),
        ('"my col"', "gives BIGINT"),
        ("lable = 'cat'", "did you mean 'label'"),
        ('label = "cat"', "no column is called 'cat'"),
        ("length(repeat(id, 1000000000)) > 1", "cannot use repeat"),
        ("len(RANGE(100000000000)) > 1", "cannot use range"),
        ("error('x')", "cannot use error"),
        ("PRAGMA version", "cannot be read|more than one|no column"),
        ("COPY samples TO '/tmp/stolen'", "cannot be read"),
        ("ATTACH 'x.db'", "cannot be used"),
        ("CAST(id AS INTEGER) = 1", "cannot be used: Could not convert"),
    ],
)
def test_what_is_no_expression_is_told_in_words_with_the_columns(expression, words):
    with pytest.raises(ParameterError, match=words) as told:
        where(TABLE, expression)
    assert "Traceback" not in str(told.value)
    assert "LINE 1" not in str(told.value)
    assert told.value.exit_code == 2


def test_the_columns_are_listed_as_they_have_to_be_written():
    with pytest.raises(ParameterError) as told:
        where(TABLE, "nothing = 1")
    assert 'id, label, "my col", "quo""te", tags, excluded' in told.value.hint


def test_variables_of_the_program_are_out_of_reach():
    secret = pd.DataFrame({"x": [1]})
    with pytest.raises(ParameterError):
        where(TABLE, "secret.x = 1")
    assert len(secret) == 1


def test_five_seconds_are_enough():
    table = pa.table({"n": np.arange(200_000)})
    expression = " AND ".join(f"regexp_matches(md5(n || md5('{k}' || n)), '(a|b|c)+.*{k}.*[0-9]+x')" for k in range(30))
    with pytest.raises(ParameterError, match=r"longer than 0\.3 seconds"):
        where(table, f"NOT ({expression}) AND NOT ({expression}) OR {expression.replace('AND', 'OR')}", seconds=0.3)


def test_time_that_is_up_between_two_statements_is_up(monkeypatch):
    looked_at = where_module._require_one_expression

    def slowly(*given):
        looked_at(*given)
        time.sleep(0.3)

    monkeypatch.setattr(where_module, "_require_one_expression", slowly)
    heavy = " + ".join(f"length(md5(n || md5('{k}' || n)))" for k in range(60))
    with pytest.raises(ParameterError, match=r"longer than 0\.1 seconds"):
        where(pa.table({"n": np.arange(400_000)}), f"{heavy} > 5", seconds=0.1)


def test_an_empty_table_and_many_rows_in_order():
    assert where(TABLE.slice(0, 0), "id = 'a'").tolist() == []
    table = pa.table({"n": np.arange(300_000)})
    assert np.array_equal(where(table, "n % 7 = 3"), np.arange(300_000) % 7 == 3)


def test_names_that_sql_cannot_tell_apart_are_told_apart():
    table = pa.table(
        {"id": ["a", "b"], "ID": [1, 2], "Id_1": [3, 4], "": [5, 6], "__ROW_NUMBER__": [7, 8], "__row_number__": [9, 9]}
    )
    for expression, row in {"id = 'b'": 1, "ID_2 = 1": 0, "id_1 = 4": 1, "_ = 6": 1, "__row_number__ = 7": 0}.items():
        assert np.flatnonzero(where(table, expression)).tolist() == [row], expression
    with pytest.raises(ParameterError) as told:
        where(table, "ID > 1")
    assert "id, ID_2, Id_1, _, __ROW_NUMBER__, __row_number___1" in told.value.hint
