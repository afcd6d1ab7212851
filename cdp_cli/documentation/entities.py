"""The page of entities, from the YAML of the vocabulary."""

from __future__ import annotations

from cdp_cli.documentation import PACKAGE
from cdp_cli.documentation.inputs import Inputs
from cdp_cli.documentation.markdown import one_line, table
from cdp_cli.entities import Entity, vocabulary

_HEAD = """# Entities

An entity is a kind of row that staging models give and the engine reads. The files are
`cdp_cli/entities/*.yml`. A project adds an entity, or extends one by columns, with a file in its own
folder `entities/`.

A staging model says what it gives in its properties file, with `config: {meta: {entity: ...}}`. `cdp
generate` writes the model that unites all sources. A source gives the columns that it has; all others
are null there.
"""


def page(inputs: Inputs) -> str:
    """One chapter an entity."""
    entities = list(vocabulary(PACKAGE / "no_project").values())
    rows = [
        (
            f"[`{entity.name}`](#{entity.name})",
            f"`{entity.model}`",
            ", ".join(f"`{column.name}`" for column in entity.columns if column.required),
        )
        for entity in entities
    ]
    names = table(("entity", "model", "required columns"), rows)
    return "\n".join([_HEAD, names, *map(_chapter, entities)])


def _chapter(entity: Entity) -> str:
    rows = [
        (
            f"`{column.name}`",
            column.type,
            " ".join(
                word for word, said in (("required", column.required), ("personal data", column.pii)) if said
            ),
            column.description,
        )
        for column in entity.columns
    ]
    text = f"{one_line(entity.description)} Unique by `{entity.key}`."
    return f"## {entity.name}\n\n{text}\n\n{table(('column', 'type', '', 'meaning'), rows)}"
