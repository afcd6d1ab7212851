"""Reads a segment's properties file: label, owner, descriptions, tests and unit tests, nothing that acts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from cdp_cli.segments.allowed import (
    PROPERTIES_COLUMN_KEYS,
    PROPERTIES_CONFIG_KEYS,
    PROPERTIES_MODEL_KEYS,
    PROPERTIES_TESTS,
)

_KEYS = "docs/reference/segments.md says what a segment's properties file may have."


def check_properties_file(text: str) -> Iterator[tuple[str, str]]:
    """Sentences on what may not be in a segment's properties file, each with what to do."""
    if "{{" in text or "{%" in text:
        yield "has Jinja in its properties file", "Write plain YAML: dbt runs Jinja in it."
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        yield "has a properties file that is not YAML", "Correct it; indentation is the usual cause."
        return
    if not isinstance(document, Mapping):
        yield "has a properties file that is not a mapping", _KEYS
        return
    yield from _unknown(document, ("version", "models", "unit_tests"), "its properties file")
    for model in _mappings(document.get("models")):
        yield from _unknown(model, PROPERTIES_MODEL_KEYS, "models")
        yield from _unknown(_mapping(model.get("config")), PROPERTIES_CONFIG_KEYS, "config")
        yield from _tests(model.get("data_tests"))
        for column in _mappings(model.get("columns")):
            yield from _unknown(column, PROPERTIES_COLUMN_KEYS, "columns")
            yield from _tests(column.get("data_tests"))
    for unit_test in _mappings(document.get("unit_tests")):
        fixtures = [*_mappings(unit_test.get("given")), _mapping(unit_test.get("expect"))]
        if any(fixture.get("format", "dict") != "dict" or "fixture" in fixture for fixture in fixtures):
            yield (
                f"has a unit test ({unit_test.get('name')}) whose rows are not plain YAML",
                "Write each row as {column: value}.",
            )


def _tests(tests: Any) -> Iterator[tuple[str, str]]:
    for test in tests if isinstance(tests, list) else []:
        name, settings = (test, {}) if isinstance(test, str) else next(iter(_mapping(test).items()), ("", {}))
        if name not in PROPERTIES_TESTS:
            yield f"has the test {name} in its properties file", f"Use one of: {', '.join(PROPERTIES_TESTS)}."
        yield from _unknown(_mapping(settings), ("name", "description", "arguments"), f"the test {name}")


def _unknown(given: Mapping[str, Any], known: tuple[str, ...], place: str) -> Iterator[tuple[str, str]]:
    for key in given:
        if key not in known:
            yield f"has the key {key} in {place}", _KEYS


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
