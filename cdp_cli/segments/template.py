"""Reads a segment's Jinja without running it: lists what is not allowed, and puts stand-ins for the rest.

The template is parsed and never rendered, so nothing in it can act.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlglot
from jinja2 import Environment, TemplateSyntaxError, nodes
from sqlglot import exp

from cdp_cli.segments.allowed import (
    DBT_MACROS,
    DBT_TYPES,
    ENGINE_MACROS,
    REFERENCES,
    REFUSED_SOURCES,
    TABLE_MACROS,
)

TABLE = "cdp_table_"
MACRO = "cdp_macro"

_KNOWN = (
    *REFERENCES, *ENGINE_MACROS, *TABLE_MACROS, *(f"dbt.{name}" for name in (*DBT_MACROS, *DBT_TYPES))
)  # fmt: skip


@dataclass
class Template:
    """`sql` has stand-ins: tables named cdp_table_1, ..., calls of cdp_macro, and plain types.

    `problems` are lines and sentences, each with what to do.
    """

    sql: str = ""
    problems: list[tuple[int, str, str]] = field(default_factory=list)
    tables: int = 0

    def refuse(self, line: int, what: str, remedy: str) -> None:
        """Note a problem."""
        self.problems.append((line, what, remedy))


def read_template(text: str) -> Template:
    """Parse a segment's text. A template that does not parse has one problem and no SQL."""
    template = Template()
    try:
        tree = Environment().parse(text)
    except TemplateSyntaxError as error:
        template.refuse(
            error.lineno, f"has Jinja that is not allowed in a segment: {error.message}", _ONLY_EXPRESSIONS
        )
        return template
    template.sql = "".join(_parts(tree.body, template))
    return template


_ONLY_EXPRESSIONS = (
    "Use {{ }} with ref, source, var and the macros that docs/reference/segments.md lists, no more."
)
_ONLY_TABLES = "Give it one ref(), or the name of a WITH in quotes."
_WORD = re.compile("[A-Za-z_][A-Za-z0-9_]*")


def _parts(body: list[nodes.Node], template: Template) -> Iterator[str]:
    for node in body:
        if not isinstance(node, nodes.Output):
            name = type(node).__name__.lower()
            template.refuse(node.lineno, f"has a Jinja statement ({name})", _ONLY_EXPRESSIONS)
            continue
        for part in node.nodes:
            yield part.data if isinstance(part, nodes.TemplateData) else _expression(part, template)


def _expression(node: nodes.Node, template: Template) -> str:
    if not isinstance(node, nodes.Call):
        template.refuse(node.lineno, f"has Jinja that is not a call ({_written(node)})", _ONLY_EXPRESSIONS)
        return "null"
    name = _name(node.node)
    if name not in _KNOWN or node.dyn_args is not None or node.dyn_kwargs is not None:
        close = difflib.get_close_matches(name, _KNOWN, n=1, cutoff=0.7)
        remedy = f"Did you mean {close[0]}? {_ONLY_EXPRESSIONS}" if close else _ONLY_EXPRESSIONS
        template.refuse(node.lineno, f"calls {name or _written(node.node)} in Jinja", remedy)
        return "null"
    values = [*node.args, *(keyword.value for keyword in node.kwargs)]
    if name in REFERENCES:
        return _reference(name, values, template, node.lineno)
    if name in TABLE_MACROS:
        return _table(name, values, template, node.lineno)
    if name.startswith("dbt.type_"):
        return DBT_TYPES[name.removeprefix("dbt.")]
    return f"{MACRO}({', '.join(_argument(value, template) for value in values)})"


def _reference(name: str, values: list[nodes.Expr], template: Template, line: int) -> str:
    texts = [str(value.value) for value in values if isinstance(value, nodes.Const)]
    if len(texts) != len(values) or not texts:
        template.refuse(
            line, f"calls {name} with something that is not plain text", "Write the name in quotes."
        )
    elif name == "source" and texts[0] in REFUSED_SOURCES:
        template.refuse(line, f"reads the source {texts[0]}", "No model may read it: use another source.")
    if name == "var":
        return "1"
    template.tables += 1
    return f"{TABLE}{template.tables}"


def _table(name: str, values: list[nodes.Expr], template: Template, line: int) -> str:
    """The table that a macro reads stands in for it, under the same rules."""
    if len(values) == 1:
        (value,) = values
        if isinstance(value, nodes.Call) and _name(value.node) == "ref":
            return _expression(value, template)
        if isinstance(value, nodes.Const) and _WORD.fullmatch(str(value.value)):
            return str(value.value)
    template.refuse(line, f"calls {name} with something that is not a table", _ONLY_TABLES)
    return f"{TABLE}0"


def _argument(value: nodes.Expr, template: Template) -> str:
    """One argument of a macro. Text goes into the SQL as it is, so it must be one SQL expression."""
    if isinstance(value, nodes.Call):
        return _expression(value, template)
    if isinstance(value, nodes.Neg) and isinstance(value.node, nodes.Const):
        return f"-{value.node.value}"
    if isinstance(value, nodes.Const):
        if not isinstance(value.value, str) or _is_one_expression(value.value):
            return str(value.value)
        template.refuse(
            value.lineno,
            "gives a macro text that is not a single SQL expression",
            "Write a column or an expression.",
        )
        return "null"
    template.refuse(
        value.lineno,
        f"gives a macro something that is not a plain value ({_written(value)})",
        "Write text, a number or another allowed call.",
    )
    return "null"


def _is_one_expression(text: str) -> bool:
    if "--" in text or "/*" in text or ";" in text:
        return False
    try:
        (statement,) = sqlglot.parse(f"select {text}", read="duckdb")
    except (sqlglot.errors.SqlglotError, ValueError):
        return False
    return (
        isinstance(statement, exp.Select)
        and len(statement.expressions) == 1
        and not any(value for key, value in statement.args.items() if key not in ("expressions", "kind"))
    )


def _name(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr) and _name(node.node):
        return f"{_name(node.node)}.{node.attr}"
    return ""


def _written(node: nodes.Node) -> str:
    return _name(node) or type(node).__name__.lower()
