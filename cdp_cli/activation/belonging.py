"""Checks that the values by which a row finds a person are that person's own.

Consent is checked by profile_id, and the destination finds people by other values. A slip in a join can put
one person's address beside another's profile_id: such a row must not leave.
"""

from __future__ import annotations

from collections.abc import Sequence

from cdp_cli.activation.spec import Mode, Sync
from cdp_cli.destinations.base import Destination
from cdp_cli.destinations.fields import literal, quoted

# Identifier types by the names that columns have for them.
_TYPES = {
    name: name for name in ("user_id", "loyalty_id", "national_id", "email", "phone", "anonymous_id")
} | {"phone_number": "phone"}


def foreign_sql(fields: Sequence[str], sync: Sync, destination: Destination) -> str:
    """A DuckDB expression over the relation `leaving`: why the row is not its profile's, or null.

    `leaving` has the normalised columns and `_cdp_profile_id`; the relation `identifiers` is read too. A
    column that is called like an identifier type must have a value of that type. Any other match field must
    be the profile_id, or a value of whichever type; the key of an event is the event's. Known values go
    through the field's own normaliser and hash, so what is compared is what would be sent.
    """
    whens = [
        f"when {_is_foreign(field, destination)} then "
        + literal(f"{field} is not an identifier of this profile")
        for field in checked_columns(fields, sync, destination)
    ]
    return f"case {' '.join(whens)} end" if whens else "cast(null as varchar)"


def checked_columns(fields: Sequence[str], sync: Sync, destination: Destination) -> list[str]:
    """The columns whose values must be the profile's own."""
    return [
        field
        for field in fields
        if field.lower() in _TYPES or (field in destination.match_fields and not _is_event_key(field, sync))
    ]


def _is_event_key(field: str, sync: Sync) -> bool:
    return sync.spec.mode is Mode.APPEND and field in sync.spec.key and field != "external_id"


def _is_foreign(field: str, destination: Destination) -> str:
    column, kind = quoted(field), _TYPES.get(field.lower())
    known = f"select profile_id, identifier_value as {column} from identifiers"
    suspect = "true"
    if kind is not None:
        known += f" where identifier_type = {literal(kind)}"
    else:
        # Most models select the profile_id itself: then there is nothing to look up.
        others = f"""
            select _cdp_profile_id as profile_id
            from leaving
            where cast({column} as varchar) <> _cdp_profile_id
        """
        suspect = f"leaving._cdp_profile_id in ({others})"
        known += f" where profile_id in ({others}) union all select profile_id, profile_id from ({others})"
    # A pair in one number of 64 bits, because that is one fast hash join: beside three million known values
    # a stranger's value passes by chance once in 10^12 rows.
    return f"""
        leaving.{column} is not null
        and {suspect}
        and hash(leaving._cdp_profile_id, {_comparable(kind, f"leaving.{column}")}) not in (
            select hash(profile_id, {_comparable(kind, destination.field_sql(field))})
            from ({known})
            where profile_id is not null and {destination.field_sql(field)} is not null
        )
    """


def _comparable(kind: str | None, value: str) -> str:
    """The value without what means nothing, for a destination that takes values as they are."""
    text = f"cast({value} as varchar)"
    if kind == "email":
        return f"lower(trim({text}))"
    if kind == "phone":
        return f"ltrim(regexp_replace({text}, '[ ()./-]', '', 'g'), '0')"
    return text
