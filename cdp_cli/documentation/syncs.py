"""The page of what a sync may say, from its specification."""

from __future__ import annotations

from cdp_cli.activation.spec import Mode, SyncSpec
from cdp_cli.documentation.inputs import Inputs
from cdp_cli.documentation.markdown import table

_HEAD = """# What a sync may say

The keys of `meta.sync` in an activation model. An unknown key is refused. [Write a
sync](../how-to/write-a-sync.md) shows one.
"""


def page(inputs: Inputs) -> str:
    """The keys, then the modes."""
    keys = [
        (f"`{name}`", field.description or "", "" if field.is_required() else _default(field.default))
        for name, field in SyncSpec.model_fields.items()
    ]
    modes = [
        (f"`{mode.value}`", MODES[mode], mode.put.value, mode.remove.value if mode.remove else "")
        for mode in Mode
    ]
    return "\n".join(
        [
            _HEAD,
            table(("key", "means", "default"), keys),
            "## Modes\n",
            table(("mode", "what happens with the rows", "verb", "verb of a removal"), modes),
        ]
    )


MODES = {
    Mode.UPSERT: "Adds and changes rows. Removes none.",
    Mode.UPDATE: "Changes rows that the destination has. Adds and removes none.",
    Mode.CREATE: "Adds each row once. Changes and removes none.",
    Mode.MIRROR: "Adds and changes rows. Removes what it sent if the row is gone or not allowed any more.",
    Mode.AUDIENCE: "Adds members and removes those that are gone or are not allowed any more.",
    Mode.APPEND: "Sends each event once. Changes and removes none.",
}


def _default(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"`{part}`" for part in value) or "none"
    return f"`{value}`" if value not in ({}, None) else "none"
