"""What a segment may say. docs/reference/segments.md is written from these lists."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

# What names a table or a value.
REFERENCES: Final = ("ref", "source", "var")

# Macros of the engine that give an expression.
ENGINE_MACROS: Final = (
    "cdp.days_between", "cdp.most_frequent", "cdp.as_of_utc", "cdp.share", "cdp.within_days",
)  # fmt: skip

# Macros of the engine that give a table out of another, named by ref() or by a WITH.
TABLE_MACROS: Final = ("cdp.one_per_household",)

# Macros of dbt that return the name of a type.
DBT_TYPES: Final = {
    "type_bigint": "bigint",
    "type_boolean": "boolean",
    "type_float": "double",
    "type_int": "integer",
    "type_numeric": "decimal",
    "type_string": "varchar",
    "type_timestamp": "timestamp",
}

# Macros of dbt that return an expression.
DBT_MACROS: Final = (
    "any_value", "bool_or", "concat", "date_trunc", "dateadd", "datediff", "hash", "last_day", "length",
    "position", "replace", "right", "safe_cast", "split_part", "string_literal",
)  # fmt: skip

# No model may read the demo's truth.
REFUSED_SOURCES: Final = ("truth",)

# What a model's properties file may configure, and the tests that it may have.
PROPERTIES_MODEL_KEYS: Final = ("name", "description", "config", "columns", "data_tests")
PROPERTIES_CONFIG_KEYS: Final = ("meta", "tags", "enabled")
PROPERTIES_COLUMN_KEYS: Final = ("name", "description", "data_tests")
PROPERTIES_TESTS: Final = ("accepted_values", "not_null", "relationships", "unique")

# Harmless functions that sqlglot knows by name only.
MORE_FUNCTIONS: Final = (
    "age", "bar", "date_part", "greatest", "isfinite", "least", "list_unique", "list_value", "mode", "prefix",
    "suffix",
)  # fmt: skip

# A segment counts from the warehouse's present, so that it does not depend on who builds it and when.
CLOCK_FUNCTIONS: Final = (
    exp.CurrentDate, exp.CurrentDatetime, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentTimestampLTZ,
    exp.Localtime, exp.Localtimestamp, exp.Systimestamp, exp.UtcDate, exp.UtcTime, exp.UtcTimestamp,
)  # fmt: skip
CLOCK_NAMES: Final = ("current_localtime", "current_localtimestamp", "get_current_timestamp", "now", "today")
RANDOM_FUNCTIONS: Final = (exp.Rand, exp.Randn, exp.Randstr, exp.Shuffle, exp.Uniform, exp.Uuid)

# Functions that sqlglot knows and that reach outside the tables: files, services, sequences, the session.
REFUSED_FUNCTIONS: Final = (
    exp.AIAgg, exp.AIClassify, exp.AIEmbed, exp.AIForecast, exp.AIGenerate, exp.AISimilarity,
    exp.AISummarizeAgg, exp.CurrentCatalog, exp.CurrentDatabase, exp.CurrentRole, exp.CurrentSchema,
    exp.CurrentSchemas, exp.CurrentUser, exp.CurrentVersion, exp.MLForecast, exp.MLTranslate,
    exp.NextValueFor, exp.OpenJSON, exp.Predict, exp.ReadCSV, exp.ReadParquet, exp.Secret,
    exp.SessionUser, exp.ToFile, exp.XMLTable,
)  # fmt: skip
