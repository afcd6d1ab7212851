"""What a record carries is told alike by SQL, for a build, and by Python, for an explanation."""

from __future__ import annotations

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_cli.identity.linking.comparable_fields import FIRST_NAME_FILLED, filled_expression, filled_of
from cdp_cli.identity.linking.features import RECORD_COLUMNS

ROWS = st.lists(st.sets(st.sampled_from(RECORD_COLUMNS)), min_size=1, max_size=20)


@given(ROWS)
@settings(max_examples=50, deadline=None)
def test_sql_and_python_agree(rows: list[set[str]]) -> None:
    records = [{column: "x" if column in row else None for column in RECORD_COLUMNS} for row in rows]
    schema = pa.schema([(column, pa.string()) for column in RECORD_COLUMNS])
    with duckdb.connect() as connection:
        connection.register("records", pa.Table.from_pylist(records, schema=schema))
        found = connection.sql(f"select {filled_expression()} from records").fetchall()
    assert [bits for (bits,) in found] == [filled_of(record) for record in records]


def test_a_first_name_from_an_address_is_none_of_its_own() -> None:
    nothing = dict.fromkeys(RECORD_COLUMNS)
    assert filled_of(nothing) == 0
    assert filled_of({**nothing, "first_name": "ann"}) & FIRST_NAME_FILLED
    assert filled_of({**nothing, "email_first_name": "ann"}) & ~FIRST_NAME_FILLED
    assert not filled_of({**nothing, "email_first_name": "ann"}) & FIRST_NAME_FILLED
