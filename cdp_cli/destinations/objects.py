"""What all destinations share: an object's fields, its rows as SQL, and which rows cannot be sent."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from cdp_cli.destinations import conversions, fields, json_sql, rendering
from cdp_cli.destinations.base import BatchLimits, Idempotency, Verb
from cdp_cli.destinations.connections import Connection
from cdp_cli.destinations.definition import FieldRule, windows
from cdp_cli.destinations.fields import literal, quoted
from cdp_cli.destinations.operations import Operation
from cdp_cli.errors import FixConfiguration


class DestinationObject:
    """One object of a destination over one connection: the part of a Destination that sends nothing."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._rule = connection.definition.objects[connection.rule_name]
        self._nest = True  # a dot in a column's name nests
        self._values = {**connection.settings, "object": connection.object_name}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.connection.name!r}, {self.connection.object_name!r})"

    @property
    def address(self) -> Mapping[str, str]:
        """Where the rows go: the destination, its address, the object, and the connection's settings."""
        connection = self.connection
        return {
            "destination": connection.definition.destination,
            "address": _lasting(connection.base_url),
            "object": connection.object_name,
            **{f"settings.{name}": value for name, value in sorted(connection.settings.items())},
        }

    @property
    def match_fields(self) -> Sequence[str]:
        """The fields by which the destination finds a row, the strongest first."""
        return self._rule.match

    @property
    def medium(self) -> str:
        """By what people are reached there; `*` if nobody said."""
        return self.connection.medium

    @property
    def purposes(self) -> frozenset[str]:
        """Purposes of every channel that the connection lets in."""
        return self.connection.purposes

    @property
    def verbs(self) -> frozenset[Verb]:
        """What this object can do."""
        return frozenset(self._rule.operations)

    def idempotency(self, verb: Verb) -> Idempotency:
        """What happens when a batch of this verb is sent twice."""
        return self._operation(verb).idempotency or self._rule.idempotency

    def keeps_rows(self, verb: Verb) -> bool:
        """Whether a later run needs the rows' text, to repeat a batch under its key."""
        return self.idempotency(verb) is Idempotency.KEYED

    def limits(self, verb: Verb) -> BatchLimits:
        """How much fits into one request; `bytes` is for the rows and the commas between them."""
        batch = self._operation(verb).batch
        rows, concurrency = self.connection.rows, self.connection.concurrency
        return BatchLimits(
            rows=min(rows, batch.rows) if rows else batch.rows,
            bytes=batch.bytes - self._around(verb),
            row_bytes=batch.row_bytes,
            concurrency=min(concurrency, batch.concurrency) if concurrency else batch.concurrency,
        )

    def account(self) -> str | None:
        """Unknown, unless the destination can be asked."""
        return None

    def effort(self, verb: Verb, rows: int) -> tuple[int, float]:
        """Requests by the rows of a batch; seconds by the narrowest window of the calls' limits."""
        if not rows:
            return 0, 0.0
        batches = -(-rows // self.limits(verb).rows)
        calls = self._operation(verb).calls
        seconds = [
            batches / count * window
            for call in calls
            for count, window in windows(self.connection.limits.get(call.limit or "", ()))
            if batches > count
        ]
        return batches * len(calls), max(seconds, default=0.0)

    def field_sql(self, column: str, kind: str = "VARCHAR") -> str:
        """The column normalised, translated, converted and hashed as the destination asks.

        Raises FixConfiguration if the object has no such field.
        """
        rule = self._field(column)
        value = fields.expression(column, rule.normalise)
        kind = "VARCHAR" if rule.normalise else kind
        if rule.translations:
            value, kind = conversions.translated(value, rule.translations), "VARCHAR"
        if rule.kind is not None:
            value = conversions.converted(value, kind, rule.kind, rule.separator)
        return fields.HASHES[rule.hash](value) if rule.hash else value

    def row_sql(self, verb: Verb, columns: Mapping[str, str], nulls: Mapping[str, str]) -> str:
        """One row as JSON text."""
        operation = self._operation(verb)
        for column in columns:
            self._field(column)
        nest = self._nest and operation.row != "$values" and not any(call.is_flat for call in operation.calls)
        values = {**self._values, "verb": verb.value}
        return rendering.row_sql(operation.template, columns, self._rule.match, nulls, nest, values)

    def invalid_sql(self, verb: Verb, columns: Mapping[str, str]) -> str:
        """Why a row cannot be sent, or null."""
        self._operation(verb)
        match = [column for column in self._rule.match if column in columns]
        if not match:
            wanted, given = " or ".join(self._rule.match), ", ".join(columns) or "nothing"
            raise FixConfiguration(
                f"{self._where} finds a row by {wanted}, and the model selects none of them.",
                f"Select one of them in the model, by that name; it selects {given}.",
            )
        reasons = [(f"coalesce({', '.join(_texts(match))}) is null", f"no usable {' or '.join(match)}")]
        for column in columns:
            rule = self._field(column)
            if rule.required:
                reasons.append((f"{quoted(column)} is null", f"no usable {column}"))
            if rule.max_length is not None:
                too_long = f"length(cast({quoted(column)} as varchar)) > {rule.max_length}"
                reasons.append((too_long, f"{column} is longer than {rule.max_length} characters"))
            finite = json_sql.finite(columns[column])
            if finite is not None:
                reasons.append((f"not isfinite({quoted(column)})", f"{column} is not a finite {finite}"))
        whens = " ".join(f"when {condition} then {literal(reason)}" for condition, reason in reasons)
        return f"case {whens} end"

    @property
    def _where(self) -> str:
        connection = self.connection
        return (
            f"{connection.object_name} of connection {connection.name} ({connection.definition.destination})"
        )

    def _operation(self, verb: Verb) -> Operation:
        found = self._rule.operations.get(verb)
        if found is None:
            raise FixConfiguration(
                f"{self._where} cannot {verb.value.replace('_', ' ')}.",
                f"It can {', '.join(sorted(verb.value.replace('_', ' ') for verb in self.verbs))}.",
            )
        return found

    def _field(self, column: str) -> FieldRule:
        known = self._rule.fields
        if column in known:
            return known[column]
        for pattern, rule in known.items():
            if "*" in pattern and fnmatch.fnmatchcase(column, pattern):
                return rule
        raise FixConfiguration(
            f"{self._where} has no field {column!r}.",
            f"Rename the column in the model; it has {', '.join(known)}.",
        )

    def _around(self, verb: Verb) -> int:
        """The bytes of a request beside its rows."""
        return 0


def _lasting(address: str) -> str:
    """The address without the port if it is this machine's own: such a port is another each time."""
    parts = urlsplit(address)
    if parts.hostname in ("127.0.0.1", "localhost", "::1"):
        return parts._replace(netloc=parts.hostname).geturl()
    return address


def _texts(columns: Sequence[str]) -> list[str]:
    return [f"cast({quoted(column)} as varchar)" for column in columns]
