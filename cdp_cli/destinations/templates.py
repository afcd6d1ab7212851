"""Checks, when a destination's YAML loads, that no placeholder can be left over in what is sent."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdp_cli.destinations.definition import Definition, Lookup, ObjectRule, Operation

_DOLLAR = re.compile(r"\$[A-Za-z_]")
_BRACES = re.compile(r"\{([^{}\s\"]*)\}")
_ANSWER_PATH = re.compile(r"[\w-]+(\.[\w-]+)*")
_OF_A_REQUEST = frozenset({"object", "verb", "idempotency_key"})


def check(definition: Definition) -> None:
    """Raise ValueError with the place of the first template that would send its own placeholder."""
    settings = frozenset(definition.settings)
    _texts("headers", definition.headers, settings | {"object"})
    if definition.auth is not None and definition.auth.value is not None:
        _texts("auth.value", definition.auth.value, frozenset(definition.secrets))
    known = settings | _OF_A_REQUEST
    if definition.check is not None:
        _call("check", definition.check, settings | {"object"})
        _texts("check.body", definition.check.body, frozenset())
    for name, rule in definition.objects.items():
        where = f"objects.{name}"
        if rule.check is not None:
            _call(f"{where}.check", rule.check, settings | {"object"})
            _texts(f"{where}.check.body", rule.check.body, frozenset())
        operations = {verb.value: operation for verb, operation in rule.operations.items()}
        if rule.erase is not None:
            operations["erase"] = rule.erase
        for verb, operation in operations.items():
            _operation(f"{where}.{verb}", operation, rule, known, definition)


def _operation(
    where: str, operation: Operation, rule: ObjectRule, known: frozenset[str], definition: Definition
) -> None:
    if operation.accept is None:
        raise ValueError(f"{where}.accept is missing: say what an answer contains that took the batch")
    if operation.answers.done and definition.error is None:
        raise ValueError(f"{where}.answers.done needs `error`, by which the vendor's own answer is told")
    _call(where, operation, known)
    _row(f"{where}.row", operation.row, rule, known)
    rows = [entry for entry in _strings(operation.body) if entry in ("$rows", "$row")]
    if len(rows) != 1:
        raise ValueError(f"{where}.body must hold $rows or $row once, and holds {len(rows)}")
    if rows == ["$row"] and operation.batch.rows != 1:
        raise ValueError(f"{where}.body holds $row, which needs batch.rows: 1")
    _texts(f"{where}.body", operation.body, known, ("$rows", "$row"))
    if operation.lookup is not None:
        _lookup(f"{where}.lookup", operation.lookup, rule, known)
    if operation.poll is not None:
        _call(f"{where}.poll", operation.poll, known, of_the_answer=True)
    if operation.rejected is not None:
        _text(f"{where}.rejected.get", operation.rejected.get or "", known, of_the_answer=True)
        _texts(f"{where}.rejected.params", operation.rejected.params, known)


def _lookup(where: str, lookup: Lookup, rule: ObjectRule, known: frozenset[str]) -> None:
    _call(where, lookup, known | {"field", "values"})
    _texts(f"{where}.row", lookup.row, frozenset({"id"}))
    for field in lookup.by:
        if field not in rule.match:
            raise ValueError(f"{where}.by: {field!r} is not a match field")


def _call(where: str, call: Any, known: Collection[str], *, of_the_answer: bool = False) -> None:
    _text(f"{where}.{call.method.lower()}", call.path, known, of_the_answer=of_the_answer)
    _texts(f"{where}.params", call.params, known)
    _texts(f"{where}.headers", call.headers, known)


def _row(where: str, template: Any, rule: ObjectRule, known: Collection[str]) -> None:
    for entry in _strings(template):
        if entry.startswith("$fields."):
            column = entry.removeprefix("$fields.")
            if not any(fnmatch.fnmatchcase(column, pattern) for pattern in rule.fields):
                raise ValueError(f"{where}: {entry!r} is not a field of the object")
        elif entry not in ("$fields", "$match"):
            _text(where, entry, known)


def _texts(where: str, template: Any, known: Collection[str], marks: Collection[str] = ()) -> None:
    for entry in _strings(template):
        if entry not in marks:
            _text(where, entry, known)


def _text(where: str, text: str, known: Collection[str], *, of_the_answer: bool = False) -> None:
    if _DOLLAR.search(text):
        raise ValueError(f"{where}: {text!r} has a $name that is not filled in there")
    for name in _BRACES.findall(text):
        if name not in known and not (of_the_answer and _ANSWER_PATH.fullmatch(name)):
            raise ValueError(
                f"{where}: {{{name}}} is unknown; there are {', '.join(sorted(known)) or 'none'}"
            )


def _strings(template: Any) -> Iterator[str]:
    """All texts of a YAML tree. A key is never filled in, so it must not look as if it were."""
    if isinstance(template, str):
        yield template
    elif isinstance(template, Mapping):
        for key, entry in template.items():
            if isinstance(key, str) and (_DOLLAR.search(key) or _BRACES.search(key)):
                raise ValueError(f"the key {key!r} is not filled in")
            yield from _strings(entry)
    elif isinstance(template, list | tuple):
        for entry in template:
            yield from _strings(entry)
