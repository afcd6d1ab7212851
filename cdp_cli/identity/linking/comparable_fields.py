"""Which kinds of evidence a record carries: two records without a common kind have nothing to compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# A kind for each bit, by the columns of identity_records of which one is enough.
_KINDS = (
    ("first_name",),
    ("first_name", "email_first_name"),
    ("last_name", "email_last_name"),
    ("street", "postcode", "city"),
    ("birth_text",),
    ("email",),
    ("phone",),
    ("national_id",),
)

# The bit that says that a record has a first name of its own.
FIRST_NAME_FILLED = 1


def filled_expression() -> str:
    """SQL for the bits of a row of identity_records."""
    return " + ".join(
        f"case when {' or '.join(f'{column} is not null' for column in kind)} then {1 << bit} else 0 end"
        for bit, kind in enumerate(_KINDS)
    )


def filled_of(record: Mapping[str, Any]) -> int:
    """The bits of one row of identity_records."""
    return sum(
        1 << bit for bit, kind in enumerate(_KINDS) if any(record[column] is not None for column in kind)
    )
