"""Fills {placeholders} and $names of a template with values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from cdp_cli.errors import FixConfiguration

_PLACEHOLDER = re.compile(r"\{([\w.]+)\}")


def formatted(text: str, values: Mapping[str, str], encode: Callable[[str], str] = str) -> str:
    """`text` with its {placeholders} replaced; an unknown one is a mistake in the destination's YAML."""
    if "{" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise FixConfiguration(
                f"The destination's template uses {{{match[1]}}}, which is unknown.",
                f"Use one of: {', '.join(sorted(values))}.",
            )
        return encode(values[match[1]])

    return _PLACEHOLDER.sub(value, text)


def address(template: str, values: Mapping[str, str]) -> str:
    """A path with its {placeholders} replaced, each percent-encoded."""
    return formatted(template, values, lambda value: quote(value, safe=""))


def moves_up(value: str) -> bool:
    """Whether a value is a dot segment, which would change the address around it (RFC 3986, 5.2.4)."""
    return value in (".", "..")


def filled(template: Any, values: Mapping[str, str], marks: Mapping[str, Any] | None = None) -> Any:
    """The template with its placeholders replaced, and each text that is one of `marks` by its value."""
    marks = marks or {}
    if isinstance(template, dict):
        return {key: filled(entry, values, marks) for key, entry in template.items()}
    if isinstance(template, list):
        return [filled(entry, values, marks) for entry in template]
    if not isinstance(template, str):
        return template
    return marks[template] if template in marks else formatted(template, values)


def names(text: str) -> list[str]:
    """The names of the placeholders in a text."""
    return _PLACEHOLDER.findall(text)


def texts(template: Any) -> Iterator[str]:
    """All texts of a template, without its keys."""
    if isinstance(template, str):
        yield template
    elif isinstance(template, Mapping):
        for entry in template.values():
            yield from texts(entry)
    elif isinstance(template, list | tuple):
        for entry in template:
            yield from texts(entry)
