"""Google's discovery format as JSON Schema, with keys that it does not name refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator


class Discovery:
    """The schemas of a discovery document."""

    def __init__(self, path: Path) -> None:
        self._schemas = json.loads(path.read_text(encoding="utf-8"))["schemas"]

    def wrongs(self, name: str, value: Any) -> list[str]:
        """What Google would have against a message."""
        schema = {"$ref": f"#/$defs/{name}", "$defs": {key: _closed(s) for key, s in self._schemas.items()}}
        return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


def _closed(schema: Any) -> Any:
    """JSON Schema of a schema in discovery format: its references by name, its objects without other keys."""
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    found = {key: schema[key] for key in ("type", "enum") if key in schema}
    if found.get("type") == "any":
        return {}
    if "properties" in schema:
        found["properties"] = {key: _closed(inner) for key, inner in schema["properties"].items()}
        found["additionalProperties"] = False
    if "items" in schema:
        found["items"] = _closed(schema["items"])
    return found
