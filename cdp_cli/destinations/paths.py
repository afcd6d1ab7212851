"""Paths into a JSON document: dotted keys and positions, `errors.0.detail`.

There is no filter and no wildcard, so a path that is not understood does not load.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator

_PATH = re.compile(r"[\w@:-]+(\.[\w@:-]+)*")
_FILLED_PATH = re.compile(r"([\w@:-]|\{\w+\})+(\.([\w@:-]|\{\w+\})+)*")


def _path(value: str) -> str:
    if value and not _PATH.fullmatch(value):
        raise ValueError(f"{value!r} is not a path of keys and positions like errors.0.detail")
    return value


def _filled_path(value: str) -> str:
    if not _FILLED_PATH.fullmatch(value):
        raise ValueError(f"{value!r} is not a path of keys and positions like attributes.{{field}}")
    return value


Path = Annotated[str, AfterValidator(_path)]
PathOfField = Annotated[str, AfterValidator(_filled_path)]


def dig(document: Any, path: str) -> Any:
    """The value at a dotted path of a JSON document, or None; an empty path is the document itself."""
    for part in path.split(".") if path else []:
        if isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        elif isinstance(document, dict):
            document = document.get(part)
        else:
            return None
    return document


def same(found: Any, wanted: str | int | bool) -> bool:
    """Whether a value is the wanted one, type included: in Python True equals 1."""
    return type(found) is type(wanted) and bool(found == wanted)
