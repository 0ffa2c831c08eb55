"""Give Arrow columns of rarer types (views, run ends, extensions) the usual type that holds the same values."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def usual(column: Any) -> Any:
    """Give a column whose type every function of Arrow takes; one that has such a type stays as it is, in place."""
    if isinstance(column.type, pa.BaseExtensionType):
        return usual(column.storage)
    if pa.types.is_run_end_encoded(column.type):
        return usual(pc.run_end_decode(column))
    wanted = usual_type(column.type)
    if wanted == column.type:
        return column
    try:
        return column.cast(wanted)
    except pa.ArrowException:
        return pa.array(column.to_pylist(), wanted)


def usual_type(kind: pa.DataType) -> pa.DataType:
    """Give the usual type for one, nested types included."""
    if isinstance(kind, pa.BaseExtensionType):
        return usual_type(kind.storage_type)
    if pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_struct(kind):
        fields = [kind.field(place) for place in range(kind.num_fields)]
        return pa.struct([field.with_type(usual_type(field.type)) for field in fields])
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(usual_type(kind.value_type), kind.list_size)
    if pa.types.is_large_list(kind) or pa.types.is_large_list_view(kind):
        return pa.large_list(usual_type(kind.value_type))
    if pa.types.is_list(kind) or pa.types.is_list_view(kind):
        return pa.list_(usual_type(kind.value_type))
    return kind


__all__ = ["usual", "usual_type"]
