"""The page of what a segment may say, from the lists of the check."""

from __future__ import annotations

from cdp_cli.documentation.inputs import Inputs
from cdp_cli.documentation.markdown import table
from cdp_cli.segments import allowed

_HEAD = """# What a segment may say

Many people write segments, and a segment runs with the rights of the build. So a segment is SQL and
nothing else. `cdp doctor` reads each file in `models/segments` as text, without running it, and refuses
everything that is not listed here. dbt does not check this: let CI run `cdp doctor` before a branch is
merged.

## SQL

- One SELECT (with WITH, UNION and so on) that returns `profile_id` alone.
- Tables by `ref` and `source` only. No table by its bare name, no file, no URL, no table function.
- No INSERT or other statement, and none inside a WITH.
- No clock of the machine (`now()`), no random numbers, no samples: the same facts give the same
  audience.
- SQL's common functions, aggregates and window functions. Functions that read files, settings or the
  environment are refused.

## Jinja

Only `{{ }}` with one call of these, with plain values or another such call as arguments. No `{% %}`, no
filters, no operators.
"""
_PROPERTIES = """## Properties file

Plain YAML without Jinja, with these keys, and unit tests whose rows are YAML.
"""


def page(inputs: Inputs) -> str:
    """The rules, and each list as a row."""
    jinja = [
        ("names a table or a value (`source` may not name `truth`)", allowed.REFERENCES),
        ("macros of the engine that return an expression", allowed.ENGINE_MACROS),
        ("macros of the engine that return a table, after FROM or JOIN", allowed.TABLE_MACROS),
        ("macros of dbt that return an expression, as `dbt.<name>`", allowed.DBT_MACROS),
        ("macros of dbt that return a type, as `dbt.<name>()`", tuple(allowed.DBT_TYPES)),
    ]
    keys = [
        ("model", allowed.PROPERTIES_MODEL_KEYS),
        ("`config`", allowed.PROPERTIES_CONFIG_KEYS),
        ("column", allowed.PROPERTIES_COLUMN_KEYS),
        ("data tests", allowed.PROPERTIES_TESTS),
    ]
    return "\n".join(
        [
            _HEAD,
            table(("what", "names"), [(what, _names(names)) for what, names in jinja]),
            _PROPERTIES,
            table(("of", "keys"), [(of, _names(names)) for of, names in keys]),
        ]
    )


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
