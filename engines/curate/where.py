"""Tell for which rows of a table one SQL expression is true, without letting it touch anything else."""

from __future__ import annotations

import difflib
import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engines.errors import ParameterError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

SECONDS = 5.0
AGAIN = 0.05
LONGEST = 10_000
SHOWN = 60
ROW = "__row_number__"
TABLE = "samples"
SETTINGS = {
    "enable_external_access": "false",
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "temp_directory": "",
    "memory_limit": "2GB",
    "threads": "2",
}
GROWING = frozenset(
    # One call of these can ask for gigabytes before DuckDB looks at its limits of time and memory.
    {
        *("repeat", "lpad", "rpad", "range", "generate_series", "list_resize", "array_resize", "bar", "format", "printf"),
        *("write_log", "error", "nextval"),
    }
)
EMPTY_PARTS = ("where_clause", "having", "sample", "qualify", "group_expressions", "group_sets", "modifiers")


def where(table: pa.Table | pd.DataFrame, expression: str, *, seconds: float = SECONDS) -> npt.NDArray[np.bool_]:
    """Evaluate one SQL expression of DuckDB's dialect over the columns of a table, row by row; NULL counts as false.

    Column names with odd characters are written in double quotes; of names that differ only in upper and lower case the later ones end in
    ``_1``, ``_2``, ... The expression has no subqueries, reads no files, no variables and
    no settings, and is stopped after ``seconds``.

    Raises:
        ParameterError: when it is not one expression with a true or false per row, names an unknown column, or takes too long.
    """
    import duckdb

    arrow = table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False)
    *columns, row = _distinct([*arrow.column_names, ROW])
    if not expression.strip():
        raise ParameterError("the expression is empty", _columns_hint(columns))
    if len(expression) > LONGEST or "\0" in expression:
        raise ParameterError(f"an expression has at most {LONGEST:,} characters and no NUL", _columns_hint(columns))
    connection = duckdb.connect(":memory:", config=dict(SETTINGS))
    try:
        numbered = arrow.append_column(ROW, pa.array(np.arange(arrow.num_rows, dtype=np.int64)))
        connection.register(TABLE, numbered.rename_columns([*columns, row]))
        connection.execute("SET lock_configuration = true")
        with _limited(connection, seconds):
            _require_one_expression(connection, expression, columns)
            # The line break ends a comment that the expression may end with.
            query = f'SELECT "{row}" AS r, (\n{expression}\n) AS truth FROM {TABLE}'  # noqa: S608 the expression was looked at
            return _mask(connection.execute(query), arrow.num_rows)
    except duckdb.InterruptException:
        hint = "use a simpler expression"
        raise ParameterError(f"the expression took longer than {seconds:g} seconds and was stopped", hint) from None
    except duckdb.Error as error:
        raise _in_words(error, columns) from None
    finally:
        connection.close()


@contextmanager
def _limited(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt what runs on a connection once the time is up, again and again: an interrupt between two statements is lost."""
    done = threading.Event()

    def watch() -> None:
        left = seconds
        while not done.wait(left):
            connection.interrupt()
            left = AGAIN

    watching = threading.Thread(target=watch, name="time limit of SQL", daemon=True)
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()


def _distinct(names: Sequence[str]) -> list[str]:
    """Give names that SQL can tell apart, which sees no difference between upper and lower case and knows no empty name."""
    taken = {name.lower() for name in names}
    seen: set[str] = set()
    found = []
    for name in names:
        free, number = name or "_", 0
        while free.lower() in seen or (number and free.lower() in taken):
            number += 1
            free = f"{name}_{number}"
        seen.add(free.lower())
        found.append(free)
    return found


def _require_one_expression(connection: duckdb.DuckDBPyConnection, expression: str, columns: list[str]) -> None:
    """Let the parser of DuckDB itself tell what the text is; nothing of it is evaluated here."""
    for text in (f"SELECT {expression}\n", f"SELECT (\n{expression}\n)"):
        row = connection.execute("SELECT json_serialize_sql($1)", [text]).fetchone()
        parsed: dict[str, Any] = json.loads(row[0]) if row else {"error": True}
        if parsed.get("error"):
            message = str(parsed.get("error_message", "it cannot be read"))
            raise ParameterError(f"the expression cannot be read: {_first_line(message)}", _columns_hint(columns))
        if not _is_one_expression(parsed):
            hint = f"write one expression such as cluster = 3; {_columns_hint(columns)}"
            raise ParameterError("this is more than one expression over the columns", hint)
    kinds = {str(node.get("class")) for node in _nodes(parsed)}
    refused = sorted(GROWING & {str(node.get("function_name")).lower() for node in _nodes(parsed)})
    if refused:
        raise ParameterError(f"an expression cannot use {refused[0]}()", _columns_hint(columns))
    if "SUBQUERY" in kinds:
        raise ParameterError("an expression cannot hold a SELECT of its own", _columns_hint(columns))
    if "STAR" in kinds:
        raise ParameterError("an expression cannot use *", _columns_hint(columns))
    if "PARAMETER" in kinds:
        raise ParameterError("an expression cannot hold a parameter such as ? or $1", _columns_hint(columns))


def _is_one_expression(parsed: dict[str, Any]) -> bool:
    statements = parsed.get("statements", [])
    node = statements[0]["node"] if len(statements) == 1 else {}
    return (
        node.get("type") == "SELECT_NODE"
        and len(node.get("select_list", [])) == 1
        and node.get("from_table", {}).get("type") == "EMPTY"
        and not node.get("cte_map", {}).get("map")
        and not any(node.get(name) for name in EMPTY_PARTS)
        and not node["select_list"][0].get("alias")
    )


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from _nodes(child)
    elif isinstance(value, list):
        for child in value:
            yield from _nodes(child)


def _mask(result: duckdb.DuckDBPyConnection, n: int) -> npt.NDArray[np.bool_]:
    kind = str(result.description[1][1]).strip('"') if result.description else ""
    if kind not in ("BOOLEAN", "bool", "NULL"):
        raise ParameterError(f"the expression gives {kind}, not true or false", "compare with something, as in cluster = 3")
    found = result.fetchnumpy()
    rows = np.ma.getdata(found["r"])
    answered = np.zeros(n, dtype=bool)
    answered[rows] = True
    if len(rows) != n or not answered.all():
        raise ParameterError(
            "the expression does not give one answer per row", "functions such as count() or unnest() do not fit"
        )
    mask = np.zeros(n, dtype=bool)
    if kind != "NULL":
        mask[rows] = np.ma.filled(found["truth"], False)
    return mask


def _in_words(error: Exception, columns: list[str]) -> ParameterError:
    text = _first_line(str(error))
    missing = re.search(r'Referenced column "(.*?)" (?:was )?not found', text)
    if missing:
        near = difflib.get_close_matches(missing[1], columns, n=1)
        did = f"did you mean {near[0]!r}? " if near else ""
        return ParameterError(
            f"no column is called {missing[1]!r}", f"{did}{_columns_hint(columns)}; text stands in 'single quotes'"
        )
    if "memory" in text.lower():
        return ParameterError("the expression needs too much memory", "use a simpler expression")
    return ParameterError(f"the expression cannot be used: {text}", _columns_hint(columns))


def _first_line(message: str) -> str:
    """Drop the class of the error, its candidate list and the copy of the statement, which holds parts of ours."""
    line = next((line for line in message.splitlines() if line.strip()), "it cannot be read")
    return re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", line).strip()


def _columns_hint(columns: list[str]) -> str:
    shown = [column if column.isidentifier() else '"' + column.replace('"', '""') + '"' for column in columns[:SHOWN]]
    return "columns: " + ", ".join(shown) + (f" and {len(columns) - SHOWN} more" if len(columns) > SHOWN else "")


__all__ = ["SECONDS", "where"]
