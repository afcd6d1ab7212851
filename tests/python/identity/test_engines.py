"""Both engines of identity find the same: models, pairs with their explanation, and profiles."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import duckdb
import jinja2
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from cdp_cli.identity import build, pipeline
from cdp_cli.identity.clustering import assignments
from cdp_cli.identity.in_memory_engine import InMemory
from cdp_cli.identity.inputs import Input
from cdp_cli.identity.linking import pairs
from cdp_cli.identity.training import trained_model
from cdp_cli.warehouse.engines import engine_of
from cdp_cli.warehouse.spark.similarities import register_similarities
from cdp_cli.warehouse.spark.sql import spark_sql
from tests.conftest import ROOT, Project
from tests.python.identity.people import day, decisions, given, groups, present, scored

TABLES = {
    name: f"{'cdp' if name == 'identity_decisions' else 'identity'}.{name}"
    for name in {"identity_assignments", *build.MODELS, *(t for m in build.MODELS.values() for t in m.reads)}
}
LATER = dt.datetime(2100, 1, 1)

Tables = Mapping[str, pa.Table]


@pytest.fixture(scope="module")
def tables(built_demo: Project) -> Tables:
    """What a build of 300 customers read and made on the embedded warehouse."""
    with duckdb.connect(str(built_demo.warehouse), read_only=True) as connection:
        return {
            name: connection.sql(f"select * from {table}").to_arrow_table() for name, table in TABLES.items()
        }


@pytest.fixture(scope="module")
def frames(spark: Any, tables: Tables) -> dict[str, Any]:
    """The same tables as frames."""
    return {name: spark.createDataFrame(table) for name, table in tables.items()}


def reading(tables: Mapping[str, Any], **other: Any) -> Input:
    """What an assignment reads, with the log."""
    return build.assignment_input({**tables, **other}, tables["identity_assignments"])


def stored(spark: Any, table: pa.Table) -> str:
    """A table of the log under a name, as the warehouse would have it."""
    spark.createDataFrame(table).createOrReplaceTempView("stored_log")
    return "stored_log"


def by_record(rows: pa.Table) -> pa.Table:
    return rows.sort_by("record_id")


def nothing_is_left(spark: Any) -> bool:
    return not [table.name for table in spark.catalog.listTables() if table.name.startswith(("cdp_", "__"))]


@pytest.mark.spark
def test_both_train_the_same_model(spark: Any, tables: Tables, frames: dict[str, Any]) -> None:
    trained = build.first_model(engine_of(spark), frames, None).toArrow()
    mine, theirs = trained_model.newest(trained), trained_model.newest(tables["identity_models"])
    assert mine.frequencies == theirs.frequencies
    for one, other in zip(mine.settings["comparisons"], theirs.settings["comparisons"], strict=True):
        for level, expected in zip(one["comparison_levels"], other["comparison_levels"], strict=True):
            for name in ("m_probability", "u_probability"):
                assert level.get(name, 0.0) == pytest.approx(expected.get(name, 0.0), rel=1e-3)
    assert nothing_is_left(spark)


@pytest.mark.spark
def test_both_score_the_same_pairs_and_explain_them_alike(
    spark: Any, tables: Tables, frames: dict[str, Any]
) -> None:
    found = build.new_pairs(engine_of(spark), frames, None).toArrow()
    order = [("left_record_id", "ascending"), ("right_record_id", "ascending")]
    mine, theirs = (
        table.select(pairs.SCHEMA.names).sort_by(order) for table in (found, tables["identity_pairs"])
    )
    for name in ("left_record_id", "right_record_id", "version", "rule", "veto", "comparisons", "scored_at"):
        assert mine[name].to_pylist() == theirs[name].to_pylist(), name
    for name in ("match_weight", "match_probability"):
        assert mine[name].to_pylist() == pytest.approx(theirs[name].to_pylist(), abs=1e-6)
    assert nothing_is_left(spark)


@pytest.mark.spark
def test_both_assign_the_same_profiles_for_the_same_reasons(
    spark: Any, tables: Tables, frames: dict[str, Any]
) -> None:
    assigned = build.new_assignments(engine_of(spark), frames, None).toArrow()
    assert by_record(assigned).equals(
        by_record(tables["identity_assignments"].select(assignments.SCHEMA.names))
    )
    assert nothing_is_left(spark)


@pytest.mark.spark
def test_a_second_run_changes_the_same_records(spark: Any, tables: Tables, frames: dict[str, Any]) -> None:
    """Some records are gone, some pairs are scored anew, one pair is decided about."""
    gone = pc.is_in(
        tables["identity_records"]["record_id"], tables["identity_records"]["record_id"].slice(100, 20)
    )
    records = tables["identity_records"].filter(pc.invert(gone))
    scores = tables["identity_current_pairs"]
    anew = pa.array([number % 9 == 0 for number in range(scores.num_rows)])
    scores = scores.set_column(
        scores.column_names.index("scored_at"),
        "scored_at",
        pc.if_else(anew, pa.scalar(LATER, scores["scored_at"].type), scores["scored_at"]),
    ).set_column(
        scores.column_names.index("match_probability"),
        "match_probability",
        pc.if_else(anew, 0.3, scores["match_probability"]),
    )
    held = scores.filter(pc.is_null(scores["veto"])).to_pylist()[-1]
    decided = decisions((held["left_record_id"], held["right_record_id"], "different", LATER))
    run = pa.table({"run_id": ["second"], "started_at": pa.array([LATER], pa.timestamp("us"))})
    changed = {
        "identity_records": records,
        "identity_current_pairs": scores,
        "identity_decisions": decided,
        "identity_run": run,
    }
    here = assignments.assign(reading(tables, **changed), "second", LATER).assignments
    name = stored(spark, tables["identity_assignments"])
    anew = {key: spark.createDataFrame(table) for key, table in changed.items()}
    there = build.new_assignments(engine_of(spark), {**frames, **anew}, name).toArrow()
    assert here.num_rows > 20
    assert by_record(there).equals(by_record(here))


@pytest.mark.spark
def test_a_run_with_nothing_new_only_looks(
    spark: Any, tables: Tables, frames: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tables["identity_models"]
    for name, table in (("stored_models", models), ("stored_pairs", tables["identity_pairs"])):
        spark.createDataFrame(table).createOrReplaceTempView(name)
    assert build.first_model(engine_of(spark), {}, "stored_models").toArrow().num_rows == 0
    log = {name: frames[name] for name in ("identity_models", "identity_record_log")}
    assert build.new_pairs(engine_of(spark), log, "stored_pairs").toArrow().num_rows == 0
    name = stored(spark, tables["identity_assignments"])
    assert build.new_assignments(engine_of(spark), frames, name).toArrow().num_rows == 0


@pytest.mark.spark
def test_a_chain_of_two_thousand_records_is_one_bucket(spark: Any) -> None:
    """Ends that only a chain ties are one component, in a number of rounds by the logarithm of its length."""
    names = [f"r{number:04}" for number in range(2_000)]
    found = scored(*((one, other, 0.999) for one, other in itertools.pairwise(names)))
    table = given(names, found)
    here = assignments.assign(table, "run", day(1)).assignments
    relations = {
        field: spark.createDataFrame(relation) for field, relation in vars(table).items() if field != "log"
    }
    engine = engine_of(spark)
    reads = Input(**relations, log=engine.to_relation(assignments.SCHEMA.empty_table()))
    there = pipeline.assign(engine, reads, "run", day(1)).assignments
    assert groups(present(there.toArrow())) == groups(present(here))


@pytest.mark.spark
def test_tables_without_rows_make_a_model_no_pairs_and_no_assignments(
    spark: Any, tables: Tables, frames: dict[str, Any]
) -> None:
    rowless = (
        "identity_records", "identity_identifiers", "identity_keys", "identity_record_log",
        "identity_current_pairs", "identity_decisions",
    )  # fmt: skip
    empty = {**frames, **{name: frames[name].limit(0) for name in rowless}}
    empty["identity_models"] = build.first_model(engine_of(spark), empty, None)
    assert empty["identity_models"].toArrow().num_rows == 1
    assert build.new_pairs(engine_of(spark), empty, None).toArrow().num_rows == 0
    assert build.new_assignments(engine_of(spark), empty, None).toArrow().num_rows == 0


@contextlib.contextmanager
def at_most_to_the_driver(spark: Any, size: str) -> Iterator[None]:
    """Refuse results of more bytes, those of joins that Spark would do by broadcast included."""
    context = spark.sparkContext._jsc.sc().conf()
    spark.conf.set("spark.sql.autoBroadcastJoinThreshold", "-1")
    context.set("spark.driver.maxResultSize", size)
    try:
        yield
    finally:
        context.set("spark.driver.maxResultSize", "1g")
        spark.conf.unset("spark.sql.autoBroadcastJoinThreshold")


@pytest.mark.slow
@pytest.mark.spark
def test_no_records_come_to_the_driver(spark: Any, frames: dict[str, Any]) -> None:
    """A megabyte of records passes through, and results of more than a tenth of that are refused."""
    with at_most_to_the_driver(spark, "100k"):
        for name in ("identity_records", "identity_current_pairs", "identity_identifiers"):
            with pytest.raises(Exception, match="maxResultSize"):
                frames[name].repartition(2).toArrow()
        build.first_model(engine_of(spark), frames, None)
        build.new_pairs(engine_of(spark), frames, None)
        assigned = build.new_assignments(engine_of(spark), frames, None)
    assert assigned.count() == frames["identity_records"].count()


@pytest.mark.spark
def test_string_functions_say_the_same(spark: Any) -> None:
    """Slips are counted alike, letters of several bytes included; likeness differs in a few of a hundred."""
    engines: tuple[Any, Any] = (InMemory(), engine_of(spark))
    words = [
        "jürgen",
        "jurgen",
        "jörn",
        "anne",
        "anna",
        "hannah",
        "meier",
        "maier",
        "müller",
        "mueller",
        "o",
        "é",
        None,
    ]
    table = pa.table({"a": [a for a in words for _ in words], "b": words * len(words)})
    answers = []
    for engine in engines:
        engine.register("words", table)
        answers.append(
            engine.arrow("""
                select
                    a,
                    b,
                    cast(damerau_levenshtein(a, b) as integer) as slips,
                    damerau_levenshtein(a, b) <= 1 as one_slip,
                    damerau_levenshtein(a, b) <= 2 as two_slips,
                    jaro_winkler_similarity(a, b) >= 0.85 as alike
                from words
                order by a, b
            """).to_pylist()
        )
        engine.close()
    assert answers[0] == answers[1]


WORDS = ("jurgen", "jurgne", "jürgen", "anne", "anen", "nana", "ab", "ba", "bca", "abc", "meier", "maier", "")


@pytest.mark.spark
def test_the_edit_distance_of_models_and_of_linking_has_one_definition(spark: Any) -> None:
    """What models call and what linking calls count alike on both engines, swaps and umlauts included."""
    register_similarities(spark)
    couples = pa.table({"a": [a for a in WORDS for _ in WORDS], "b": WORDS * len(WORDS)})
    macros = (
        jinja2.Environment()
        .from_string((ROOT / "macros" / "portability" / "edit_distance.sql").read_text(encoding="utf-8"))
        .module
    )
    spark.createDataFrame(couples).createOrReplaceTempView("couples")
    here = duckdb.sql(f"select {macros.duckdb__edit_distance('a', 'b')} as d from couples order by a, b")
    there = spark.sql(f"select {macros.default__edit_distance('a', 'b')} as d from couples order by a, b")
    of_models = [row[0] for row in here.fetchall()], [row.d for row in there.collect()]
    of_linking = []
    for engine in (InMemory(), engine_of(spark)):
        engine.register("couples", couples)
        rows = engine.arrow("select damerau_levenshtein(a, b) as d from couples order by a, b")
        of_linking.append([int(d) for d in rows["d"].to_pylist()])
        engine.close()
    assert of_models[0] == of_models[1] == of_linking[0] == of_linking[1]
    in_order = sorted((a, b) for a in WORDS for b in WORDS)
    assert of_models[0][in_order.index(("ab", "ba"))] == 1


SAID: list[tuple[str, Callable[[str], bool]]] = [
    ("select a from t order by a", lambda said: "NULLS LAST" in said),
    ("select hash(a) as h from t", lambda said: "XXHASH64(a)" in said),
    ("select to_json(struct_pack(a := 1)) as j from t", lambda said: "ignoreNullFields" in said),
    ("select len(list_filter(a, lambda x: x > 1)) as n from t", lambda said: "SIZE(FILTER" in said),
    ("select list_has_any(a, b) as n from t", lambda said: "ARRAYS_OVERLAP" in said.upper()),
    ("with t as (select 1 as a) select a from t", lambda said: "prefixed" not in said),
    (
        "select t.a from t inner join x.t as u on t.a = u.a",
        lambda said: "prefixed_t AS t" in said and "x.t AS u" in said,
    ),
]


@pytest.mark.parametrize(("sql", "holds"), SAID, ids=[sql for sql, _ in SAID])
def test_queries_are_said_in_the_other_dialect(sql: str, holds: Callable[[str], bool]) -> None:
    assert holds(spark_sql(sql, {"t": "prefixed_t"})), spark_sql(sql, {"t": "prefixed_t"})
