"""The relations of the retailer's project for tests without dbt, whose warehouses are made by hand."""

from __future__ import annotations

import yaml

from cdp_cli.relations import Relation, Relations
from tests.conftest import ENGINE, ROOT

# The folders that are not schemas of the same name.
_SCHEMAS = {"traits": "profiles", "consent": "profiles"}


def retailer(prefix: str = "") -> Relations:
    """Each model and seed in the schema of its folder, and the tables that `cdp` writes."""
    nodes = {}
    for folder in (ENGINE / "models", ENGINE / "seeds", ROOT / "models"):
        for path in sorted(folder.glob("*/**/*")):
            if path.suffix in (".sql", ".py", ".csv"):
                layer = path.relative_to(folder).parts[0]
                nodes[path.stem] = Relation(prefix + _SCHEMAS.get(layer, layer), path.stem)
    tables = {
        (source, table): Relation(f"{'' if source == 'raw_log' else prefix}{schema}", table)
        for source, (schema, names) in _operations().items()
        for table in names
    }
    return Relations(nodes, tables)


def _operations() -> dict[str, tuple[str, list[str]]]:
    declared = yaml.safe_load((ENGINE / "models" / "_operations.yml").read_text(encoding="utf-8"))
    return {
        source["name"]: (source["schema"].rpartition("}")[2], [table["name"] for table in source["tables"]])
        for source in declared["sources"]
    }


RELATIONS = retailer()
