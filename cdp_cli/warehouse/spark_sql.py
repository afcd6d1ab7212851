"""Says in Spark's SQL what identity says in DuckDB's, so that both give the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sqlglot import exp, parse_one


def spark_sql(sql: str, names: Mapping[str, str]) -> str:
    """A query in Spark's dialect, with tables under the names that they have there."""
    tree = _translated(sql).copy()
    of_query = {cte.alias_or_name for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        name = table.name
        if not table.db and name not in of_query and name in names:
            alias = table.alias or name
            table.replace(exp.alias_(exp.to_table(names[name]), alias, table=True))
    return tree.sql(dialect="spark")


@cache
def _translated(sql: str) -> exp.Expression:
    tree: exp.Expression = exp.Paren(this=parse_one(sql, read="duckdb"))
    # From the inside out, so that what stands inside of what is said differently is translated too.
    for node in reversed(list(tree.walk())):
        spoken = _spoken(node)
        if spoken is not node:
            node.replace(spoken)
    translated: exp.Expression = tree.this
    return translated


def _spoken(node: exp.Expression) -> exp.Expression:
    """What the two say differently, beyond what sqlglot knows."""
    if isinstance(node, exp.Length) and isinstance(node.this, exp.ArrayFilter):
        return exp.ArraySize(this=node.this)
    if isinstance(node, exp.ArrayOverlaps):
        return exp.Anonymous(this="arrays_overlap", expressions=[node.this, node.expression])
    if isinstance(node, exp.JarowinklerSimilarity):
        return _similarity("jaro_winkler", node.this, node.expression)
    if isinstance(node, exp.Anonymous):
        called = str(node.this).lower()
        if called == "damerau_levenshtein":
            return _similarity(called, *node.expressions)
        if called == "hash":
            return exp.Anonymous(this="xxhash64", expressions=node.expressions)
        if called == "to_json":
            # DuckDB writes fields without a value too.
            options = parse_one("map('ignoreNullFields', 'false')", read="spark")
            return exp.Anonymous(this="to_json", expressions=[*node.expressions, options])
    return node


def _similarity(function: str, one: exp.Expression, other: exp.Expression) -> exp.Expression:
    """A function of Splink's jar as DuckDB has it: null of null, and over the bytes of UTF-8.

    The jar's functions know no null, and compare characters: each byte becomes a character.
    """
    call = exp.Anonymous(this=function, expressions=[_bytes(one), _bytes(other)])
    known = exp.and_(one.copy().is_(exp.null()).not_(), other.copy().is_(exp.null()).not_())
    return exp.Case(ifs=[exp.If(this=known, true=call)])


def _bytes(text: exp.Expression) -> exp.Expression:
    utf8 = exp.Anonymous(this="encode", expressions=[text.copy(), exp.Literal.string("utf-8")])
    return exp.Anonymous(this="decode", expressions=[utf8, exp.Literal.string("iso-8859-1")])
