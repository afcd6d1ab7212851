"""Checks, when a destination's YAML loads, that no placeholder can be left over in what is sent."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cdp_cli.destinations.operations import Call, Lookup, Operation, Step

if TYPE_CHECKING:
    from cdp_cli.destinations.definition import Definition, ObjectRule

_DOLLAR = re.compile(r"\$[A-Za-z_]")
_BRACES = re.compile(r"\{([^{}\s\"]*)\}")
PRESENT = "$present"
RUN = frozenset({"run.id", "run.session", "run.number", "run.is_last", "run.rows"})
_OF_A_REQUEST = frozenset({"object", "verb", "idempotency_key"}) | RUN
_RUN_MARKS = frozenset(f"${name}" for name in RUN)
_MAY_BE_PLAIN = ("user", "password", "client_id")  # of `auth`: no secrets by themselves


def check(definition: Definition) -> None:
    """Raise ValueError with the place of the first template that would send its own placeholder."""
    settings = frozenset(definition.settings)
    _texts("headers", definition.headers, settings | {"object"})
    _auth(definition)
    if definition.check is not None:
        _probe("check", definition.check, settings | {"object"})
    for name, rule in definition.objects.items():
        where = f"objects.{name}"
        if rule.check is not None:
            _probe(f"{where}.check", rule.check, settings | {"object"})
        for verb, operation in rule.everything.items():
            _operation(f"{where}.{verb}", operation, rule, settings, definition)


def _operation(
    where: str, operation: Operation, rule: ObjectRule, settings: frozenset[str], definition: Definition
) -> None:
    known = settings | _OF_A_REQUEST
    _row(f"{where}.row", operation, rule, settings | {"object", "verb", "row.index"})
    if operation.lookup is not None:
        _lookup(f"{where}.lookup", operation.lookup, rule, known, definition)
    if not any(call.carries_rows for call in operation.calls):
        raise ValueError(f"{where}.body must hold $rows or $row once, and holds 0")
    for step in operation.calls:
        at = f"{where}.steps.{step.name}" if operation.steps else where
        _answers(at, step, definition)
        _call(at, step, known, operation, rule)
        for name in step.keep:
            if name in known:
                raise ValueError(f"{at}.keep: {name!r} is a name already")
        known |= step.keep.keys()
        for place, outcome in enumerate(step.outcomes):
            here = f"{at}.outcomes" if len(step.outcomes) == 1 else f"{at}.outcomes.{place}"
            for key in ("get", "params", "headers"):
                _texts(f"{here}.{key}", getattr(outcome, key), known)


def _answers(where: str, step: Step, definition: Definition) -> None:
    if step.carries_rows and not (step.accept and all(one.source for one in step.accept)):
        missing = "accept.source" if step.accept else "accept"
        raise ValueError(f"{where}.{missing} is missing: say what an answer contains that took the batch")
    _done(where, step, definition)


def _done(where: str, call: Step | Lookup, definition: Definition) -> None:
    if call.answers.done and definition.error is None:
        raise ValueError(f"{where}.answers.done needs `error`, by which the vendor's own answer is told")


def _call(where: str, call: Step, known: Collection[str], operation: Operation, rule: ObjectRule) -> None:
    single = operation.batch.rows == 1
    for key, template in (
        (call.method.lower(), call.path),
        ("params", call.params),
        ("headers", call.headers),
    ):
        for text in _strings(template):
            names = [name for name in _BRACES.findall(text) if key != "headers"]
            of_rows = [name for name in names if name.startswith(("row.", "rows."))]
            for name in of_rows:
                kind, _, path = name.partition(".")
                if kind == "row" and not single:
                    raise ValueError(f"{where}.{key} holds {{{name}}}, which needs batch.rows: 1")
                _of_the_row(f"{where}.{key}", operation.sent, path, rule)
            _text(f"{where}.{key}", text, {*known, *of_rows})
    _body(where, call, known, operation, rule)


def _body(where: str, call: Step, known: Collection[str], operation: Operation, rule: ObjectRule) -> None:
    at = f"{where}.body"
    found = list(_strings(call.body))
    rows = [text for text in found if text in ("$rows", "$row")]
    parts = {text for text in found if text.startswith("$row.")}
    if len(rows) > 1 or (rows and parts):
        raise ValueError(f"{at} must hold $rows or $row once, and holds {len(rows) + len(parts)}")
    if (rows == ["$row"] or parts) and operation.batch.rows != 1:
        raise ValueError(f"{at} holds $row, which needs batch.rows: 1")
    for part in parts:
        _of_the_row(at, operation.sent, part.removeprefix("$row."), rule)
    columns = {"$columns"} if operation.row == "$values" else set()
    _texts(at, call.body, known, {*rows, *parts, *columns, *_RUN_MARKS})
    if call.encode in ("csv", "json_lines") and call.body != "$rows":
        raise ValueError(f"{at} is $rows alone with encode: {call.encode}")
    if call.encode == "csv" and isinstance(operation.row, list):
        raise ValueError(f"{where}.row is a list, and encode: csv needs names for its columns")
    if call.encode in ("form", "multipart") and not isinstance(call.body, dict):
        raise ValueError(f"{at} is a mapping with encode: {call.encode}")
    if call.encode == "multipart":
        _parts(at, call)
    if call.encode == "none" and call.body is not None:
        raise ValueError(f"{at} is not sent with encode: none")


def _parts(where: str, call: Step) -> None:
    if call.gzip:
        raise ValueError(f"{where} has parts, which are not sent with gzip: true")
    for name, part in call.body.items():
        if not isinstance(part, dict) or "file" not in part:
            continue
        if set(part) != {"file", "content", "encode"} or part["content"] != "$rows":
            raise ValueError(f"{where}.{name} is a file: write file, content: $rows, and encode")
        if part["encode"] not in ("csv", "json_lines"):
            raise ValueError(f"{where}.{name}.encode is csv or json_lines")


def _lookup(
    where: str, lookup: Lookup, rule: ObjectRule, known: frozenset[str], definition: Definition
) -> None:
    asked = known | {"field", "values", "quoted_values", "plain_values"}
    asked |= {"value"} if lookup.values == 1 else set()
    _text(f"{where}.value", lookup.value, known | {"field"})
    _request(where, lookup, asked)
    _texts(f"{where}.body", lookup.body, asked, {"$values"})
    _texts(f"{where}.each", lookup.each, asked | {"value"})
    _texts(f"{where}.row", lookup.row, frozenset({"id"}))
    _done(where, lookup, definition)
    for field in lookup.by:
        if field not in rule.match:
            raise ValueError(f"{where}.by: {field!r} is not a match field")


def _probe(where: str, call: Call, known: Collection[str]) -> None:
    _request(where, call, known)
    _texts(f"{where}.body", call.body, known)


def _request(where: str, call: Call, known: Collection[str]) -> None:
    _text(f"{where}.{call.method.lower()}", call.path, known)
    _texts(f"{where}.params", call.params, known)
    _texts(f"{where}.headers", call.headers, known)


def _row(where: str, operation: Operation, rule: ObjectRule, known: Collection[str]) -> None:
    for entry in _strings(operation.template, (PRESENT,)):
        if entry.startswith("$fields."):
            if not _is_field(entry.removeprefix("$fields."), rule):
                raise ValueError(f"{where}: {entry!r} is not a field of the object")
        elif entry not in ("$fields", "$match", "$rest", "$row.index"):
            _text(where, entry, known)


def _of_the_row(where: str, template: Any, path: str, rule: ObjectRule) -> None:
    """Raise ValueError unless rows of this template have such a path."""
    node, rest = template, path
    while isinstance(node, Mapping) and rest:
        key, _, rest = rest.partition(".")
        node = node.get(key)
    groups = {"$fields": rule.fields, "$rest": rule.fields, "$match": rule.match}
    if node is None or (rest and node not in groups):
        raise ValueError(f"{where}: the row has no {path}")
    if rest and not any(fnmatch.fnmatchcase(rest, pattern) for pattern in groups[node]):
        raise ValueError(f"{where}: {rest!r} is not a field of the object")


def _is_field(column: str, rule: ObjectRule) -> bool:
    return any(fnmatch.fnmatchcase(column, pattern) for pattern in rule.fields)


def _auth(definition: Definition) -> None:
    if definition.auth is None:
        return
    known = {*definition.secrets, *definition.settings}
    for key, text in definition.auth.texts.items():
        named = set(_BRACES.findall(text)) or ({text} & known)
        if text not in known:
            _text(f"auth.{key}", text, known)
        if key not in _MAY_BE_PLAIN and not named & set(definition.secrets):
            raise ValueError(
                f"auth.{key} names none of the secrets: {', '.join(definition.secrets) or 'none'}"
            )


def _texts(where: str, template: Any, known: Collection[str], marks: Collection[str] = ()) -> None:
    for entry in _strings(template):
        if entry not in marks:
            _text(where, entry, known)


def _text(where: str, text: str, known: Collection[str]) -> None:
    if _DOLLAR.search(text):
        raise ValueError(f"{where}: {text!r} has a $name that is not filled in there")
    for name in _BRACES.findall(text):
        if name not in known:
            raise ValueError(
                f"{where}: {{{name}}} is unknown; there are {', '.join(sorted(known)) or 'none'}"
            )


def _strings(template: Any, keys: Collection[str] = ()) -> Iterator[str]:
    """All texts of a YAML tree. A key is never filled in, so it must not look as if it were."""
    if isinstance(template, str):
        yield template
    elif isinstance(template, Mapping):
        for key, entry in template.items():
            if key in keys:
                if len(template) > 1:
                    raise ValueError(f"{key} stands alone in its mapping")
            elif isinstance(key, str) and (_DOLLAR.search(key) or _BRACES.search(key)):
                raise ValueError(f"the key {key!r} is not filled in")
            yield from _strings(entry, keys)
    elif isinstance(template, list | tuple):
        for entry in template:
            yield from _strings(entry, keys)
