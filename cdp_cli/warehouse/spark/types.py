"""Types in DuckDB's words and in Spark's."""

from __future__ import annotations

import re

import pyarrow as pa

_FROM_SPARK = {
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp_ntz": "TIMESTAMP",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "binary": "BLOB",
}
_TO_SPARK = {
    **{duck: spark for spark, duck in _FROM_SPARK.items()},
    "HUGEINT": "decimal(38,0)",
    "UTINYINT": "smallint",
    "USMALLINT": "int",
    "UINTEGER": "bigint",
    "UBIGINT": "decimal(20,0)",
}


def from_spark(name: str) -> str:
    """DuckDB's name of a type as Spark's schema has it."""
    return _FROM_SPARK.get(name, name.upper())


def to_spark(name: str) -> str:
    """Spark's name of one of DuckDB's types; what has none there is kept as text."""
    upper = name.upper()
    if re.fullmatch(r"DECIMAL\(\d+,\d+\)", upper):
        return upper.lower()
    if upper.startswith("TIMESTAMP_"):
        return "timestamp_ntz"
    return _TO_SPARK.get(upper, "string")


def storable(rows: pa.Table) -> pa.Table:
    """The rows in types that Spark's tables have."""
    fields = [field.with_type(_storable(field.type)) for field in rows.schema]
    return rows.cast(pa.schema(fields))


def _storable(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _storable(kind.value_type)
    if pa.types.is_null(kind) or pa.types.is_time(kind) or kind == pa.string_view():
        return pa.string()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    wider = {
        pa.uint8(): pa.int16(),
        pa.uint16(): pa.int32(),
        pa.uint32(): pa.int64(),
        pa.uint64(): pa.decimal128(20, 0),
    }
    return wider.get(kind, kind)
