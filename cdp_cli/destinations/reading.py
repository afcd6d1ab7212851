"""Reads YAML that people write. An error names file and key path, never the value."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from cdp_cli.errors import FixConfiguration

Model = TypeVar("Model", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML would silently take the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in the file. Raises FixConfiguration with file and line where it cannot be read."""
    try:
        parsed = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise FixConfiguration(f"{path}{line}: {error.problem}.", "Correct the YAML there.") from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise FixConfiguration(f"{path} cannot be read: {type(error).__name__}.", "Check the file.") from None
    if not isinstance(parsed, dict):
        raise FixConfiguration(f"{path} is not a YAML mapping.", "Start it with a key and a colon.")
    return parsed


def refuse_former_key(values: Any, path: Path, where: str = "") -> None:
    """Raise FixConfiguration if the mapping says `channel:`, the former name of `destination:`."""
    if isinstance(values, dict) and "channel" in values and "destination" not in values:
        raise FixConfiguration(
            f"{path}: {f'{where}.' if where else ''}channel is now called destination.",
            "Write `destination:` in place of `channel:`.",
        )


def validated(model: type[Model], values: Any, path: Path, where: str = "") -> Model:
    """`values` as `model`. Raises FixConfiguration with the first wrong key's path, without any value."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join([part for part in [where] if part] + _key(values, first["loc"]))
        others = f" ({error.error_count() - 1} more like it)" if error.error_count() > 1 else ""
        raise FixConfiguration(
            f"{path}: {_says(first, key)}{others}.",
            "Correct it; docs/how-to/write-a-destination.md lists the keys.",
        ) from None


def _key(values: Any, loc: Sequence[int | str]) -> list[str]:
    """The keys of a place in the YAML. What may be one or a list has a position only where it is a list."""
    found: list[str] = []
    node = values
    for part in loc:
        if isinstance(part, int) and not isinstance(node, list):
            continue
        found.append(str(part))
        try:
            node = node[part]
        except (LookupError, TypeError):
            node = []  # the key is missing: nothing below it can be told
    return found


def _says(error: Any, key: str) -> str:
    if error["type"] == "extra_forbidden":
        return f"unknown key {key}"
    if error["type"] == "missing":
        return f"the key {key} is missing"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{key}: {message[:1].lower()}{message[1:]}" if key else message
