"""`cdp load`: load CSV, JSON lines and Parquet files into a raw table."""

from __future__ import annotations

from pathlib import Path

import click

from cdp_cli import console
from cdp_cli.commands._options import json_option, project_options
from cdp_cli.config import Settings
from cdp_cli.staging import files
from cdp_cli.staging import load as loading


@click.command("load")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@project_options
@click.option(
    "--into", required=True, metavar="SOURCE.TABLE", help="The raw table; created if it does not exist."
)
@click.option("--again", is_flag=True, help="Load a file even if its content was loaded before.")
@click.option(
    "--encoding",
    type=click.Choice(files.ENCODINGS),
    default=files.ENCODINGS[0],
    show_default=True,
    help="The text encoding of CSV files.",
)
@json_option
def load(
    settings: Settings, paths: tuple[Path, ...], into: str, again: bool, encoding: str, as_json: bool
) -> None:
    """Append files to a raw table: all of them, or none.

    Reads .csv and .tsv, .jsonl and .json (each also as .gz), and .parquet. A file for a table that
    models/staging declares must have its columns with their types. Each row gets _loaded_at and _load_id.

    \b
    Example:
        cdp load exports/contacts_*.csv --into crm.contacts
    """
    with console.progress(f"Loading {len(paths)} files"):
        loads = loading.load(settings, paths, into, again=again, encoding=encoding)
    if as_json:
        console.document({"loads": loads, "rows": sum(each.rows for each in loads)})
        return
    console.table(
        f"Loaded into {into}",
        ["file", "rows", "columns that no source declares"],
        [[each.file, each.rows, ", ".join(each.undeclared)] for each in loads],
    )
