"""A segment is SQL only: what may stand in its files, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_cli.segments import check_segment, check_segments
from cdp_cli.segments.allowed import (
    DBT_MACROS,
    DBT_TYPES,
    ENGINE_MACROS,
    PROPERTIES_CONFIG_KEYS,
    PROPERTIES_TESTS,
    REFERENCES,
    TABLE_MACROS,
)
from tests.conftest import ROOT

PLAIN = "select profile_id from {{ ref('profile_traits') }}"


def write(folder: Path, sql: str, properties: str = "") -> Path:
    path = folder / "made_up.sql"
    path.write_text(sql, encoding="utf-8")
    if properties:
        path.with_suffix(".yml").write_text(properties, encoding="utf-8")
    return path


def said(folder: Path, sql: str, properties: str = "") -> list[str]:
    return [f"{problem.what}. {problem.remedy}" for problem in check_segment(write(folder, sql, properties))]


def test_the_projects_own_segments_are_sql_only() -> None:
    assert list(map(str, check_segments(ROOT / "models" / "segments"))) == []


@pytest.mark.parametrize(
    "sql",
    [
        PLAIN,
        PLAIN + ";",
        "-- why\n{# and a comment #}\n" + PLAIN,
        PLAIN + " where last_order_at > {{ dbt.dateadd('day', -21, cdp.as_of_utc()) }}",
        PLAIN + " where sum_revenue_365d > {{ var('high_value', 500) }}",
        PLAIN + " where {{ cdp.share('sum_refunds', 'sum_revenue') }} > 0.5",
        PLAIN + " where cast(count_orders as {{ dbt.type_string() }}) like '1%'",
        "select profile_id from {{ source('segment_log', 'segment_events') }} group by 1 having count(*) > 1",
        "select profile_id from {{ cdp.one_per_household(ref('vip')) }}",
        "with a as (" + PLAIN + ") select profile_id from {{ cdp.one_per_household('a') }} as one",
        PLAIN + " union select profile_id from {{ ref('vip') }}",
        "with a as (select * from {{ ref('x') }}), b as (select * from a) select profile_id from b",
        "with recursive a as (select profile_id from {{ ref('x') }} union select profile_id from a)"
        " select profile_id from a",
        "select distinct on (email) profile_id from {{ ref('profiles') }} qualify row_number() over () = 1",
        "select profile_id from {{ ref('a') }} as a, lateral (select 1) as one where a.x in (1, 2)",
        "select profile_id from {{ ref('a') }} where lower(strftime(last_order_at, '%A')) = 'monday'"
        " and regexp_matches(city, '^B') and date_part('hour', last_order_at) > 8 and md5(profile_id) < '2'",
    ],
)
def test_plain_sql_passes(tmp_path: Path, sql: str) -> None:
    assert said(tmp_path, sql) == []


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("{{ config(pre_hook='drop table x') }}" + PLAIN, "calls config in Jinja"),
        ("{% set x = run_query('drop table x') %}" + PLAIN, "has a Jinja statement (assign)"),
        ("{% do adapter.drop_schema(this) %}" + PLAIN, "Encountered unknown tag 'do'"),
        ("{% call statement('x') %}drop table x{% endcall %}" + PLAIN, "has a Jinja statement (callblock)"),
        (PLAIN + " where x = '{{ env_var('SECRET') }}'", "calls env_var in Jinja"),
        (PLAIN + "{{ run_query('drop table x') }}", "calls run_query in Jinja"),
        (PLAIN + "{{ adapter.execute('drop table x') }}", "calls adapter.execute in Jinja"),
        (PLAIN + "{{ dbt.run_query('x') }}", "calls dbt.run_query in Jinja"),
        (PLAIN + "{{ modules.os.system('x') }}", "calls modules.os.system in Jinja"),
        (PLAIN + "{{ target.path }}", "has Jinja that is not a call (target.path)"),
        (PLAIN + "{{ ref('a') | upper }}", "has Jinja that is not a call (filter)"),
        ("select profile_id from {{ ref('a' ~ env_var('X')) }}", "calls ref with something"),
        ("select profile_id from {{ ref(*['a']) }}", "calls ref in Jinja"),
        ("select profile_id from {{ source('truth', 'people') }}", "reads the source truth"),
        ("select profile_id from {{ cdp.one_per_household('people') }}", "reads people by its name"),
        (
            "select profile_id from {{ cdp.one_per_household('truth.people') }}",
            "something that is not a table",
        ),
        (
            "select profile_id from {{ cdp.one_per_household('(drop table x)') }}",
            "something that is not a table",
        ),
        ("select profile_id from {{ cdp.one_per_household() }}", "something that is not a table"),
        ("select profile_id from {{ cdp.one_per_household(var('x')) }}", "something that is not a table"),
        ("with a as (select 1) select profile_id from {{ cdp.one_per_household(ref(x)) }}", "calls ref with"),
        ("select profile_id from {{ reff('a') }}", "Did you mean ref?"),
        (PLAIN + "{{ dbt.dateadd('day', 1, \"x) from read_csv('a') --\") }}", "not a single SQL expression"),
        (PLAIN + " where {{ dbt.datediff('read_text(a)', 'b', 'day') }} > 1", "calls read_text()"),
        (PLAIN + "; drop table profiles", "has 2 statements"),
        ("drop table profiles", "is a statement of another kind (drop)"),
        ("copy profiles to 'x.csv'", "is a statement of another kind (copy)"),
        ("attach 'x.duckdb' as x", "is a statement of another kind (attach)"),
        ("install httpfs", "is a statement of another kind"),
        (
            "with a as (insert into profiles values (1) returning profile_id) select profile_id from a",
            "has a statement of another kind in it (insert)",
        ),
        (
            "with a as (delete from {{ ref('profiles') }} returning profile_id) select profile_id from a",
            "has a statement of another kind in it (delete)",
        ),
        ("select profile_id from read_csv('/etc/passwd')", "reads from a function (readcsv)"),
        ("select profile_id from read_parquet(['x'])", "reads from a function (readparquet)"),
        ("select profile_id from glob('*')", "reads from a function (glob)"),
        ("select profile_id from query('drop table x')", "reads from a function (query)"),
        ("select profile_id from 'people.parquet'", "by its name. Read tables by ref() or source()."),
        ("select profile_id from 'https://example.com/x.csv'", "by its name"),
        ("select profile_id from truth.people", "reads truth.people by its name"),
        ("select profile_id from information_schema.tables", "by its name"),
        ("with people as (select profile_id from people) select profile_id from people", "reads people by"),
        (
            PLAIN + " where exists (with people as (select 1) select 1) and profile_id in (from people)",
            "reads people by its name",
        ),
        (PLAIN + " where getenv('HOME') = 'x'", "calls getenv()"),
        (PLAIN + " where read_text('x') = 'x'", "calls read_text()"),
        (PLAIN + " where last_order_at > now() - interval 3 day", "reads the machine's clock"),
        (PLAIN + " where random() < 0.5", "uses a random value"),
        (PLAIN + " using sample 10", "takes a sample"),
        ("select profile_id, email from {{ ref('profiles') }}", "selects profile_id, email"),
        ("select profile_id from {{ ref('a') }} where (", "cannot be read as SQL"),
        ("", "has 0 statements"),
    ],
)
def test_what_is_not_plain_sql_is_refused(tmp_path: Path, sql: str, words: str) -> None:
    assert words in " ".join(said(tmp_path, sql))


def test_a_problem_names_file_and_line(tmp_path: Path) -> None:
    path = write(tmp_path, "-- why\n{{ config(tags='x') }}\n" + PLAIN)
    (problem,) = check_segment(path)
    assert str(problem).startswith(f"{path}:2 calls config in Jinja. Use {{{{ }}}} with ref, source, var")


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ("models: [{name: a, config: {post_hook: drop table x}}]", "has the key post_hook in config"),
        ("models: [{name: a, config: {materialized: table}}]", "has the key materialized in config"),
        ("models: [{name: a, description: \"{{ env_var('X') }}\"}]", "has Jinja in its properties file"),
        ("models: [{name: a, data_tests: [{not_null: {config: {where: 1=1}}}]}]", "has the key config in"),
        ("models: [{name: a, columns: [{name: b, data_tests: [expression_is_true]}]}]", "has the test exp"),
        ("sources: [{name: a}]", "has the key sources in its properties file"),
        ("unit_tests: [{name: a, given: [{input: this, format: sql, rows: select 1}]}]", "not plain YAML"),
        ("a: [", "has a properties file that is not YAML"),
        ("- a", "has a properties file that is not a mapping"),
    ],
)
def test_a_properties_file_that_acts_is_refused(tmp_path: Path, properties: str, words: str) -> None:
    assert words in " ".join(said(tmp_path, PLAIN, properties))


def test_a_python_model_and_a_stray_yaml_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def model(dbt, session): ...", encoding="utf-8")
    (tmp_path / "hooks.yml").write_text("version: 2", encoding="utf-8")
    assert [problem.what for problem in check_segments(tmp_path)] == [
        "is a segment as .py",
        "is no segment's properties file",
    ]


def test_the_guide_lists_all_that_is_allowed() -> None:
    guide = (ROOT / "docs" / "reference" / "segments.md").read_text(encoding="utf-8")
    names = [
        *REFERENCES,
        *ENGINE_MACROS,
        *TABLE_MACROS,
        *DBT_MACROS,
        *DBT_TYPES,
        *PROPERTIES_CONFIG_KEYS,
        *PROPERTIES_TESTS,
    ]
    assert [name for name in names if f"`{name}`" not in guide] == []
