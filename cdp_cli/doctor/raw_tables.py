"""Raw tables."""

from __future__ import annotations

from collections.abc import Iterator

from cdp_cli.config import Settings
from cdp_cli.doctor import Finding, Verdict
from cdp_cli.staging.properties import raw_tables
from cdp_cli.warehouse import open_warehouse


def check(settings: Settings) -> Iterator[Finding]:
    """Every declared raw table exists with its declared columns; undeclared columns are listed."""
    declared = raw_tables(settings.project_dir)
    whole = 0
    with open_warehouse(settings, wait_seconds=1.0) as warehouse:
        for table in declared.values():
            name = f"{table.schema}.{table.table}"
            columns = warehouse.columns(table.schema, table.table)
            missing = sorted(set(table.columns) - set(columns))
            extra = sorted(set(columns) - set(table.columns) - {"_load_id", "_loaded_at"})
            if not columns:
                yield Finding(
                    Verdict.FAILED,
                    f"The raw table {name} is not in the warehouse.",
                    f"Load it, or remove it from {table.path} with the staging model that reads it.",
                )
            elif missing:
                yield Finding(
                    Verdict.FAILED,
                    f"{name} lacks what is declared: {', '.join(missing)}.",
                    f"Load it with them, or change {table.path} and the staging model.",
                )
            elif extra:
                yield Finding(
                    Verdict.WARNING,
                    f"{name} has undeclared columns: {', '.join(extra)}.",
                    f"Declare them in {table.path} if you need them; until then they are ignored.",
                )
            else:
                whole += 1
    yield Finding(Verdict.OK, f"{whole} of {len(declared)} raw tables are as declared")
