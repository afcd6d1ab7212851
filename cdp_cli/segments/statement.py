"""Reads a segment's SQL without running it: one SELECT over tables named by ref and source."""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp

from cdp_cli.segments.allowed import (
    CLOCK_FUNCTIONS,
    CLOCK_NAMES,
    MORE_FUNCTIONS,
    RANDOM_FUNCTIONS,
    REFUSED_FUNCTIONS,
)
from cdp_cli.segments.template import MACRO, TABLE

_FORBIDDEN = (
    exp.DDL, exp.DML, exp.Command, exp.Copy, exp.Attach, exp.Detach, exp.Pragma, exp.Set, exp.Into,
    exp.Describe, exp.Summarize, exp.Show,
)  # fmt: skip
_ONE_SELECT = "A segment is one SELECT."


def check_statement(sql: str) -> Iterator[tuple[str, str]]:
    """Sentences on what may not be in a segment's SQL, each with what to do."""
    try:
        statements = [statement for statement in sqlglot.parse(sql, read="duckdb") if statement is not None]
    except (sqlglot.errors.SqlglotError, ValueError) as error:
        yield f"cannot be read as SQL: {_first(error)}", "Correct the SQL; `dbt compile` shows it rendered."
        return
    if len(statements) != 1:
        yield f"has {len(statements)} statements", _ONE_SELECT
        return
    (tree,) = statements
    if not isinstance(tree, exp.Query):
        yield f"is a statement of another kind ({tree.key})", _ONE_SELECT
        return
    yield from _check_kinds(tree)
    yield from _check_columns(tree)
    yield from _check_tables(tree)
    yield from _check_functions(tree)


def _check_kinds(tree: exp.Expr) -> Iterator[tuple[str, str]]:
    kinds = {node.key for node in tree.find_all(*_FORBIDDEN) if not isinstance(node, exp.Query)}
    for kind in sorted(kinds):
        yield f"has a statement of another kind in it ({kind})", _ONE_SELECT
    if any(True for _ in tree.find_all(exp.TableSample)):
        yield "takes a sample", "A sample differs from run to run: compare a hash of profile_id."


def _check_columns(tree: exp.Query) -> Iterator[tuple[str, str]]:
    names = [name.lower() for name in tree.named_selects]
    if "*" not in names and names != ["profile_id"]:
        yield (
            f"selects {', '.join(name or 'a column without a name' for name in names)}",
            "Select profile_id alone; the rest belongs into the activation model.",
        )


def _check_tables(tree: exp.Expr) -> Iterator[tuple[str, str]]:
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            yield f"reads from a function ({_function_name(table.this)})", "Read tables by ref() or source()."
        elif table.args.get("db") or not (table.name.startswith(TABLE) or _is_cte(table)):
            yield f"reads {table.sql(dialect='duckdb')} by its name", "Read tables by ref() or source()."


def _is_cte(table: exp.Table) -> bool:
    """Whether the name is a WITH above it that is complete or recursive."""
    node: exp.Expr | None = table
    while node is not None and node.parent is not None:
        parent = node.parent
        if isinstance(parent, exp.With):
            ctes = parent.expressions
            visible = ctes if parent.args.get("recursive") else ctes[: ctes.index(node)]
            node = parent.parent
        else:
            with_ = parent.args.get("with_")
            visible = with_.expressions if with_ else []
            node = parent
        if any(cte.alias.lower() == table.name.lower() for cte in visible):
            return True
    return False


def _check_functions(tree: exp.Expr) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for function in tree.find_all(exp.Func):
        name = _function_name(function)
        if name in seen:
            continue
        seen.add(name)
        if isinstance(function, CLOCK_FUNCTIONS) or name in CLOCK_NAMES:
            yield f"reads the machine's clock ({name})", "Use {{ as_of_utc() }}."
        elif isinstance(function, RANDOM_FUNCTIONS):
            yield (
                f"uses a random value ({name})",
                "Compare a hash of profile_id, which stays the same over runs.",
            )
        elif isinstance(function, REFUSED_FUNCTIONS) or (
            isinstance(function, (exp.Anonymous, exp.AnonymousAggFunc))
            and name not in (*MORE_FUNCTIONS, MACRO)
        ):
            yield f"calls {name}()", "Use SQL's common functions; docs/reference/segments.md says which."


def _function_name(node: exp.Expr) -> str:
    name = node.name if isinstance(node, exp.Anonymous) else node.key
    return str(name).lower()


def _first(error: Exception) -> str:
    if isinstance(error, sqlglot.errors.ParseError) and error.errors:
        found = error.errors[0]
        return f"{str(found['description']).rstrip('.')} near {found['highlight']!r}."
    return f"{type(error).__name__}."
