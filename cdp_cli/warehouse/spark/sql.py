"""Says in Spark's SQL what identity says in DuckDB's, so that both give the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sqlglot import exp, parse_one

# Marks an expression that counts the slips between two texts.
_SLIPS = "slips"


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
def _translated(sql: str) -> exp.Expr:
    tree: exp.Expr = exp.Paren(this=parse_one(sql, read="duckdb"))
    # From the inside out, so that what stands inside of what is said differently is translated too.
    for node in reversed(list(tree.walk())):
        spoken = _spoken(node)
        if spoken is not node:
            node.replace(spoken)
    translated: exp.Expr = tree.this
    return translated


def _spoken(node: exp.Expr) -> exp.Expr:
    """What the two say differently, beyond what sqlglot knows. What stands inside of it is said already."""
    if isinstance(node, exp.LTE) and node.this.meta.get(_SLIPS):
        return _few_slips(node)
    if isinstance(node, exp.Length) and isinstance(node.this, exp.ArrayFilter):
        return exp.ArraySize(this=node.this)
    if isinstance(node, exp.ArrayOverlaps):
        return exp.Anonymous(this="arrays_overlap", expressions=[node.this, node.expression])
    if isinstance(node, exp.JarowinklerSimilarity):
        return _similarity("jaro_winkler", node.this, node.expression)
    if isinstance(node, exp.Anonymous):
        called = str(node.this).lower()
        if called == "damerau_levenshtein":
            slips = _similarity(called, *node.expressions)
            slips.meta[_SLIPS] = True
            return slips
        if called == "hash":
            return exp.Anonymous(this="xxhash64", expressions=node.expressions)
        if called == "to_json":
            # DuckDB writes fields without a value too.
            options = parse_one("map('ignoreNullFields', 'false')", read="spark")
            return exp.Anonymous(this="to_json", expressions=[*node.expressions, options])
    return node


def _similarity(function: str, one: exp.Expr, other: exp.Expr) -> exp.Expr:
    """A function of Splink's jar as DuckDB has it: null of null, and over the bytes of UTF-8.

    The jar's functions know no null, and compare characters: each byte becomes a character.
    """
    call = exp.Anonymous(this=function, expressions=[_bytes(one), _bytes(other)])
    known = exp.and_(one.copy().is_(exp.null()).not_(), other.copy().is_(exp.null()).not_())
    return exp.Case(ifs=[exp.If(this=known, true=call)])


def _few_slips(node: exp.LTE) -> exp.Expr:
    """Whether two texts are at most so many slips apart: first what tells most of them apart cheaply.

    The function of the jar takes microseconds. Texts differ by at least the difference of their lengths; and
    one slip leaves the first or the last letter as it is, but in texts of two letters.
    """
    known = node.this.args["ifs"][0]
    one, other = (call.expressions[0].expressions[0] for call in known.args["true"].expressions)
    at_least = f"abs(octet_length({{one}}) - octet_length({{other}})) <= {node.expression.sql()}"
    if node.expression.sql() == "1":
        at_least += (
            " and (left({one}, 1) = left({other}, 1) or right({one}, 1) = right({other}, 1)"
            " or length({one}) <= 2 or length({other}) <= 2)"
        )
    cheap = parse_one(at_least.format(one=one.sql("spark"), other=other.sql("spark")), read="spark")
    sure = exp.LTE(this=known.args["true"].copy(), expression=node.expression.copy())
    return exp.Case(ifs=[exp.If(this=known.this.copy(), true=exp.and_(cheap, sure))])


def _bytes(text: exp.Expr) -> exp.Expr:
    utf8 = exp.Anonymous(this="encode", expressions=[text.copy(), exp.Literal.string("utf-8")])
    return exp.Anonymous(this="decode", expressions=[utf8, exp.Literal.string("iso-8859-1")])
