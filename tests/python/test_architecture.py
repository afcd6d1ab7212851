"""The folder tree is the architecture: imports point downwards, and each library has one home."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ENGINE, ROOT
from tests.relations import RELATIONS

PACKAGE = ROOT / "cdp_cli"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if ENGINE not in path.parents)

# Each layer may import the layers named after it, and itself.
_GROUND = {"errors", "config", "log", "relations"}
_PORTS = {
    "project",
    "compiled",
    "dbt",
    "engine_package",
    "warehouse",
    "destinations",
    "entities",
    "http",
    *_GROUND,
}
ALLOWED = {
    "cli": {"commands", "console", *_GROUND},
    "commands": {
        "stewardship", "activation", "identity", "profiles", "segments", "staging", "scaffold", "demo",
        "receiver", "status", "doctor", "move", "documentation", "console", *_PORTS,
    },
    "documentation": {"activation", "demo", "identity", "segments", *_PORTS},
    "activation": _PORTS,
    "stewardship": {"identity", "profiles", *_PORTS},
    "identity": {"errors"},
    "profiles": _PORTS,
    "segments": _PORTS,
    "staging": _PORTS,
    "scaffold": {"staging", *_PORTS},
    "status": {"activation", *_PORTS},
    "move": {"activation", *_PORTS},
    "doctor": {"activation", "segments", "staging", *_PORTS},
    "demo": {"engine_package", "warehouse", *_GROUND},
    "receiver": _GROUND,
    "compiled": {"project", "dbt", *_GROUND},
    "project": {"dbt", *_GROUND},
    "dbt": {"engine_package", "warehouse", *_GROUND},
    "engine_package": _GROUND,
    "warehouse": _GROUND,
    "destinations": {"http", *_GROUND},
    "entities": _GROUND,
    "http": _GROUND,
    "console": _GROUND,
    "config": {"errors"},
    "relations": {"errors"},
    "log": set(),
    "errors": set(),
}  # fmt: skip

# A library that only these modules may import, so that it can be replaced in one place.
HOMES = {
    "click": ("cli", "commands"),
    "urllib3": ("http",),
    "certifi": ("http",),
    "splink": ("identity", "warehouse"),
    "rich": ("console",),
    "duckdb": (
        "compiled",
        "warehouse",
        "activation",
        "destinations",
        "staging",
        "identity",
        "stewardship",
        "demo",
        "receiver",
    ),
}


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def is_engine(path: Path) -> bool:
    """Whether a module of the warehouse is an engine of identity: it fulfils what identity.engine asks."""
    return layer_of(path) == "warehouse" and "engine" in path.stem


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downwards(path: Path) -> None:
    layer = layer_of(path)
    if layer == "__init__":
        return
    assert layer in ALLOWED, f"{layer} is a new part: say in ALLOWED what it may import"
    allowed = ALLOWED[layer] | {layer} | ({"identity"} if is_engine(path) else set())
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == "cdp_cli" and len(parts) > 1:
            assert parts[1] in allowed, f"{path.relative_to(ROOT)} must not import {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_library_has_one_home(path: Path) -> None:
    for name in imports_of(path):
        library = name.split(".")[0]
        if library == "splink" and layer_of(path) == "warehouse":
            assert is_engine(path), (
                f"{path.relative_to(ROOT)} imports splink, which is for engines of identity"
            )
        assert layer_of(path) in HOMES.get(library, (layer_of(path),)), (
            f"{path.relative_to(ROOT)} imports {library}, which belongs in {HOMES[library]}"
        )


def test_the_rule_sees_a_wrong_import(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("from cdp_cli.commands import sync\nimport urllib3\n")
    assert list(imports_of(wrong)) == ["cdp_cli.commands.sync", "urllib3"]


ENGINE_WORDS = re.compile(r"target[.]type|adapter[.]type|\b(py)?spark\b|settings[.]engine", re.IGNORECASE)
# Where engines differ, and what only names them: the extra that installs one, the target of profiles.yml.
ENGINE_HOMES = ("cdp_cli/warehouse/", "cdp_cli/dbt_package/macros/portability/", "cdp_cli/config.py")


def test_engines_are_told_apart_in_two_places_only() -> None:
    texts = [
        *MODULES,
        *(p for folder in (ROOT / "models", ROOT / "macros", ENGINE) for p in folder.rglob("*.*")),
    ]
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in texts
        if not str(path.relative_to(ROOT)).startswith(ENGINE_HOMES) and path.suffix != ".csv"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if ENGINE_WORDS.search(line) or (path.suffix in (".sql", ".yml") and "duckdb__" in line)
    ]
    assert not found, "an engine is told apart outside macros/portability and cdp_cli/warehouse"


SPARK_WORDS = re.compile(r"\b(py)?spark\b|spark__|databricks", re.IGNORECASE)
SPARK_HOMES = ("cdp_cli/warehouse/spark/", "cdp_cli/dbt_package/macros/portability/spark/")


def test_spark_is_a_plug_with_two_homes() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in (*MODULES, *ENGINE.rglob("*.sql"), *ENGINE.rglob("*.py"), *ENGINE.rglob("*.yml"))
        if not str(path.relative_to(ROOT)).startswith(SPARK_HOMES)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if SPARK_WORDS.search(line)
    ]
    assert not found, f"Spark is named outside {' and '.join(SPARK_HOMES)}"
    for home in SPARK_HOMES:
        assert any(
            SPARK_WORDS.search(path.read_text()) for path in (ROOT / home).rglob("*.*") if path.is_file()
        )


def test_the_rule_sees_an_engine() -> None:
    assert SPARK_WORDS.search("{% macro spark__try_cast(value, type) -%}")
    assert ENGINE_WORDS.search("{% if target.type == 'duckdb' %}")
    assert ENGINE_WORDS.search('if settings.engine == "x":')


# `schema.table` in a text, of a schema of ours by any name.
OUR_TABLES = {relation.table for relation in (*RELATIONS.nodes.values(), *RELATIONS.tables.values())}
OUR_SCHEMAS = {relation.schema for relation in (*RELATIONS.nodes.values(), *RELATIONS.tables.values())}
_SCHEMA, _TABLE = ("|".join(sorted(names)) for names in (OUR_SCHEMAS, OUR_TABLES))
# Also one whose table is filled in: from identity.{table}.
LITERAL_TABLE = re.compile(
    rf"\b(?:{_SCHEMA})\"?\.\"?(?:{_TABLE})\b|\b(?:from|join|into|update) (?:{_SCHEMA})\.$"
)
OF_A_WAREHOUSE = {"exists", "columns", "append", "replace", "add_columns"}


def literal_tables(tree: ast.Module) -> Iterator[str]:
    """Names of our tables that are written out in a module: in a text that is no docstring, or in a call."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield from (match[0] for match in LITERAL_TABLE.finditer(node.value))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            first = node.args[0]
            if node.func.attr in OF_A_WAREHOUSE and isinstance(first, ast.Constant):
                yield from (str(first.value),) if first.value in OUR_SCHEMAS else ()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_table_of_ours_is_named_but_by_the_manifest(path: Path) -> None:
    found = list(literal_tables(ast.parse(path.read_text(encoding="utf-8"))))
    assert not found, f"{path.relative_to(ROOT)} writes out {found[0]}: take it from Relations.ref or .source"


def test_the_rule_sees_a_table() -> None:
    wrong = """
"The module reads identity.identity_events."
warehouse.rows("select 1 from identity.identity_map")
warehouse.rows(f"select 1 from cdp.sync_runs where sync = {sync}")
warehouse.rows(f"select 1 from identity.{table} where true")
warehouse.exists("profiles", table)
files.append("profiles.yml")
"""
    assert sorted(literal_tables(ast.parse(wrong))) == [
        "cdp.sync_runs", "from identity.", "identity.identity_map", "profiles",
    ]  # fmt: skip


def test_every_table_that_is_asked_for_exists() -> None:
    asked: set[tuple[str, ...]] = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                names = tuple(str(arg.value) for arg in node.args if isinstance(arg, ast.Constant))
                if names and (node.func.attr, len(names)) in {("ref", 1), ("source", 2)}:
                    asked.add(names)
    assert len(asked) > 25
    for name in asked:
        assert name in RELATIONS.tables or name[0] in RELATIONS.nodes, f"there is no {'.'.join(name)}"


def test_every_file_says_its_one_idea_and_stays_short() -> None:
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), f"{path.relative_to(ROOT)} has no docstring"
        assert len(text.splitlines()) <= 420, f"{path.relative_to(ROOT)} is too long: split it"
