"""The page of destinations, from their own YAML."""

from __future__ import annotations

from cdp_cli.destinations.connecting import find_destinations, load_definition
from cdp_cli.destinations.definition import Definition, ObjectRule
from cdp_cli.documentation.inputs import Inputs

_HEAD = """# Destinations

The destinations that come with `cdp`, from `cdp_cli/destinations/*.yml`. [Connect a
destination](../how-to/connect-a-destination.md) says how a project uses one, and [Write a
destination](../how-to/write-a-destination.md) how to add one.
"""


def page(inputs: Inputs) -> str:
    """One chapter a destination."""
    return "\n".join([_HEAD, *(_chapter(load_definition(name)) for name in find_destinations())])


def _chapter(definition: Definition) -> str:
    lines = [f"## `{definition.destination}`", "", definition.description.strip(), ""]
    if definition.base_url:
        lines += [f"Address: {definition.base_url} unless the connection says another.", ""]
    if definition.secrets or definition.settings:
        lines += ["| in connections.yml | | |", "| --- | --- | --- |"]
        lines += [f"| `secrets` | `{name}` | {text} |" for name, text in definition.secrets.items()]
        for name, setting in definition.settings.items():
            notes = [setting.description]
            notes += ["Required." if setting.required else ""]
            notes += [f"Required for {', '.join(setting.required_by)}." if setting.required_by else ""]
            notes += [f"One of {', '.join(setting.choices)}." if setting.choices else ""]
            notes += [f"By default {setting.default}." if setting.default else ""]
            lines.append(f"| `settings` | `{name}` | {' '.join(note for note in notes if note)} |")
        lines.append("")
    if definition.limits:
        rates = "; ".join(f"{name} {' and '.join(given)}" for name, given in definition.limits.items())
        lines += [f"Rate windows, shared by all syncs of an account: {rates}.", ""]
    for name, rule in definition.objects.items():
        lines += _object(name, rule)
    lines += (
        [f"Reference: {' , '.join(f'<{url}>' for url in definition.docs)}", ""] if definition.docs else []
    )
    return "\n".join(lines)


def _object(name: str, rule: ObjectRule) -> list[str]:
    title = "any name" if name == "*" else f"`{name}`"
    known = ", ".join(f"`{field}`" for field in rule.match)
    lines = [f"### Object {title}", "", rule.description, "", f"Match fields: {known}.", ""]
    lines += ["| verb | rows | bytes | row bytes | sent twice |", "| --- | --- | --- | --- | --- |"]
    for verb, operation in rule.operations.items():
        batch = operation.batch
        row_bytes = f"{batch.row_bytes:,}" if batch.row_bytes else ""
        kind = (operation.idempotency or rule.idempotency).value
        lines.append(f"| {verb.value} | {batch.rows:,} | {batch.bytes:,} | {row_bytes} | {kind} |")
    lines += ["", "| field | becomes | |", "| --- | --- | --- |"]
    for field, how in rule.fields.items():
        becomes = ", ".join(filter(None, (*how.normalise, how.kind, how.hash))) or "as it is"
        lines.append(f"| `{field}` | {becomes} | {how.description} |")
    return [*lines, ""]
