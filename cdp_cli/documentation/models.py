"""The page of models, from their properties files as dbt's manifest has them."""

from __future__ import annotations

from itertools import groupby

from cdp_cli.documentation.inputs import Inputs
from cdp_cli.documentation.markdown import one_line, table
from cdp_cli.engine_package import NAME
from cdp_cli.project import ModelNode

_HEAD = """# Models

The models of the engine, by schema. The first sentence of each description states the grain. The models
that `cdp generate` writes into a project are described by the [entities](entities.md). `dbt docs
generate` shows the same with the lineage, and the models of your project beside them.
"""


def page(inputs: Inputs) -> str:
    """One chapter a schema, one part a model."""
    models = sorted(
        (model for model in inputs.project.models if model.unique_id.startswith(f"model.{NAME}.")),
        key=lambda model: (model.relation.schema, model.name),
    )
    parts = [_HEAD]
    for schema, group in groupby(models, key=lambda model: model.relation.schema):
        members = list(group)
        rows = [(f"[`{model.name}`](#{model.name})", _grain(model)) for model in members]
        parts.append(f"## Schema {schema}\n\n{table(('model', 'grain'), rows)}")
        parts += map(_part, members)
    return "\n".join(parts)


def _grain(model: ModelNode) -> str:
    return one_line(model.description).partition(". ")[0].rstrip(".") + "."


def _part(model: ModelNode) -> str:
    rows = [
        (
            f"`{column.name}`",
            column.data_type,
            "personal data" if column.meta.get("pii") else "",
            column.description,
        )
        for column in model.columns.values()
    ]
    text = f"{one_line(model.description)} Materialized as {model.materialized}."
    return f"### {model.name}\n\n{text}\n\n{table(('column', 'type', '', 'meaning'), rows)}"
