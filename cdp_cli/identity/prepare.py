"""Runs the project's own SQL models of identity on tables in memory, so that they are written once.

The build runs models/identity/*.sql through dbt. Evaluation and tests run the very same files here, rendered
by a small stand-in for dbt's Jinja that knows what those files use: ref, var, a few cross-database macros and
the project's macros.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pyarrow as pa
import yaml

from cdp_cli.identity.linking.caps import caps_in_force

_MACRO_FOLDERS = ("identity", "portability")
_SEEDS = ("identifier_types", "blocked_values", "nicknames", "mobile_prefixes", "blocking_rules")
# In the order in which they read each other.
SQL_MODELS = ("identity_records", "identity_identifiers", "identity_keys")


def prepare(connection: duckdb.DuckDBPyConnection, people: pa.Table, project_dir: Path) -> None:
    """Make the seeds and the models from identity_records to identity_blocks as tables in `connection`.

    `people` has columns of the person vocabulary; those that it lacks are taken as null.
    """
    load_seeds(connection, project_dir)
    give_people(connection, people)
    render = renderer(project_dir)
    give_caps(connection, {})
    for model in SQL_MODELS:
        sql = render(model_text(project_dir, model))
        connection.execute(f"create or replace temp table {model} as {sql}")
    blocks = render(model_text(project_dir, "identity_blocks"))
    connection.execute(f"create or replace temp view identity_blocks as {blocks}")


def give_caps(connection: duckdb.DuckDBPyConnection, learnt: Mapping[str, int]) -> None:
    """Make the model identity_caps of the seed blocking_rules and the lower caps that a model learnt."""
    rules = connection.sql("select * from blocking_rules").to_arrow_table()
    connection.register("given_caps", caps_in_force(rules, learnt))
    connection.execute("create or replace temp table identity_caps as select * from given_caps")


def load_seeds(connection: duckdb.DuckDBPyConnection, project_dir: Path) -> None:
    """Make the seeds of identity as tables in `connection`."""
    for seed in _SEEDS:
        path = project_dir / "seeds" / "identity" / f"{seed}.csv"
        types = _column_types(path.with_suffix(".yml"))
        connection.execute(
            f"create or replace temp table {seed} as "
            f"select * from read_csv(?, header = true, columns = {types})",
            [str(path)],
        )


def seeded_identifier_types(project_dir: Path) -> list[str]:
    """The identifier types of the project's seed, sorted."""
    path = project_dir / "seeds" / "identity" / "identifier_types.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return sorted(row["identifier_type"] for row in csv.DictReader(lines))


def give_people(connection: duckdb.DuckDBPyConnection, people: pa.Table) -> None:
    """Make `people` known as unified_people: the person vocabulary and the seeded identifier types."""
    connection.register("given_people", people)
    types = connection.execute("select identifier_type from identifier_types order by 1").fetchall()
    vocabulary = {**{name: "varchar" for (name,) in types}, **_vocabulary()}
    columns = ", ".join(
        f"cast({_quoted(name)} as {type_}) as {name}"
        if name in people.column_names
        else f"cast(null as {type_}) as {name}"
        for name, type_ in vocabulary.items()
    )
    connection.execute(f"create or replace temp view unified_people as select {columns} from given_people")


def model_text(project_dir: Path, model: str) -> str:
    """The text of a model of identity, as dbt reads it."""
    return (project_dir / "models" / "identity" / f"{model}.sql").read_text(encoding="utf-8")


def renderer(project_dir: Path, variables: Mapping[str, Any] | None = None) -> Any:
    """A function from a model's text to its SQL for DuckDB. `variables` override those of dbt_project.yml.

    An incremental model is rendered as one whose table is there, under the model's name in `this`.
    """
    project = yaml.safe_load((project_dir / "dbt_project.yml").read_text(encoding="utf-8"))
    values = {**(project.get("vars") or {}), **(variables or {})}
    texts = [
        path.read_text(encoding="utf-8")
        for folder in _MACRO_FOLDERS
        for path in sorted((project_dir / "macros" / folder).glob("*.sql"))
        # It asks the warehouse for the seed, which is a file here.
        if path.stem != "seeded_identifier_types"
    ]
    # A materialization is a tag of dbt's own, and none of what models call.
    macros = "\n".join(text for text in texts if "{% materialization" not in text)
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined)
    adapter = _Adapter()
    environment.globals.update(
        {
            "config": lambda **_: "",
            "ref": lambda name: name,
            "seeded_identifier_types": lambda: seeded_identifier_types(project_dir),
            "source": lambda _, name: name,
            "is_incremental": lambda: True,
            "var": lambda name, default=None: values.get(name, default),
            "return": lambda value: value,
            "adapter": adapter,
            "dbt": _CrossDatabase(),
        }
    )
    adapter.macros = environment.from_string(macros).module

    def render(text: str, this: str = "") -> str:
        return environment.from_string(macros + "\n" + text).render(this=this).strip()

    return render


class _Adapter:
    """Finds a macro's form for this engine, as dbt's adapter.dispatch does."""

    macros: Any

    def dispatch(self, name: str, namespace: str) -> Any:
        return getattr(self.macros, f"duckdb__{name}", None) or getattr(self.macros, f"default__{name}")


class _CrossDatabase:
    """dbt's own cross-database macros, as far as the models of identity use them, for DuckDB."""

    @staticmethod
    def type_string() -> str:
        return "varchar"

    @staticmethod
    def type_timestamp() -> str:
        return "timestamp"

    @staticmethod
    def split_part(text: str, delimiter: str, part: int) -> str:
        return f"split_part({text}, {delimiter}, {part})"


def _vocabulary() -> dict[str, str]:
    path = Path(__file__).parents[1] / "entities" / "person.yml"
    entity = yaml.safe_load(path.read_text(encoding="utf-8"))
    columns = {column["name"]: column["type"] for column in entity["columns"]}
    return {**columns, "source": "varchar", "one_record_per_person": "boolean"}


def _column_types(twin: Path) -> dict[str, str]:
    seed = yaml.safe_load(twin.read_text(encoding="utf-8"))["seeds"][0]
    return {name: str(type_) for name, type_ in seed["config"]["column_types"].items()}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
