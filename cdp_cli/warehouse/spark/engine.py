"""Identity's engine on a SparkSession: tables of any size stay with Spark, and so does the work on them.

Tables are checkpointed frames behind temporary views. What Python has to do with rows runs where they are, as
a function over Arrow batches (`arrow_udtf`, since Spark 4.1), so the executors need this package installed.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from cdp_cli.identity.engine import Relation, Work
from cdp_cli.warehouse.spark.similarities import SIMILARITIES, register_similarities
from cdp_cli.warehouse.spark.sql import spark_sql

# `monotonically_increasing_id` has the partition in the bits from this one up, and below it the row.
_ROW_BITS = 33

# Arrow that is given in more rows than that is for all executors to work on.
_ROWS_OF_PART = 10_000

_TYPES = {
    "string": "string",
    "double": "double",
    "int32": "integer",
    "int64": "bigint",
    "bool": "boolean",
    "timestamp[us]": "timestamp_ntz",
}


def serves(session: Any) -> bool:
    """Whether a session of dbt is a SparkSession."""
    return hasattr(session, "createDataFrame")


def make(session: Any) -> SparkEngine:
    """The engine over such a session."""
    return SparkEngine(session)


class SparkEngine:
    """Tables by name, as temporary views with a prefix of their own in a session that others use as well."""

    distributed = True

    def __init__(self, session: Any) -> None:
        self._session = session
        self._prefix = f"cdp_{uuid.uuid4().hex[:12]}"
        self._views: dict[str, str] = {}
        self._kept: dict[str, Any] = {}
        self._knows_similarities = False

    def table(self, name: str) -> Relation:
        """A table of the warehouse, by its full name."""
        return self._session.table(name)

    def read(self, relation: Relation) -> pa.Table:
        """All rows of a small relation."""
        return relation if isinstance(relation, pa.Table) else relation.toArrow()

    def query(self, relation: Relation, select: str) -> pa.Table:
        """A small answer about a relation, which the query calls `given`."""
        self.register("given", relation)
        try:
            return self.arrow(select)
        finally:
            self.drop("given")

    def register(
        self, name: str, relation: Relation, select: str = "*", where: str = "true", *, once: bool = False
    ) -> None:
        """Make rows of a relation, or expressions over them, known by a name."""
        frame = relation
        if isinstance(relation, pa.Table):
            frame = self._session.createDataFrame(relation)
            if relation.num_rows > _ROWS_OF_PART:
                frame = frame.repartition(int(self._session.conf.get("spark.sql.shuffle.partitions")))
        self._show(name, frame)
        if (select, where) != ("*", "true"):
            self._show(name, self._frame(f"select {select} from {name} where {where}"))

    def create_table(self, name: str, select: str) -> None:
        """Make a table of what a query returns now."""
        self._keep(name, self._frame(select))

    def number(self, name: str, select: str, key: str) -> None:
        """Make a table of a query and a column `n` that numbers the rows from 0 by a unique key.

        The rows are sorted by ranges of the key, and only the count of each range comes to the driver.
        """
        from pyspark.sql import functions

        place = functions.monotonically_increasing_id()
        self._keep(name, self._frame(select).orderBy(key).withColumn("place", place))
        rows = (1 << _ROW_BITS) - 1
        counts = self.arrow(f"""
            select place >> {_ROW_BITS} as part, count(*) as count_rows
            from {name} group by place >> {_ROW_BITS} order by part
        """)
        starts, total = [], 0
        for count in counts.column("count_rows").to_pylist():
            starts.append(total)
            total += count
        parts = pa.table({"part": counts.column("part"), "start": pa.array(starts, pa.int64())})
        offsets = functions.broadcast(self._session.createDataFrame(parts))
        sorted_rows = self._session.table(self._views[name])
        part, row = functions.shiftright("place", _ROW_BITS), functions.col("place").bitwiseAND(rows)
        n = (functions.col("start") + row).cast("integer").alias("n")
        columns = [column for column in sorted_rows.columns if column != "place"]
        numbered = sorted_rows.join(offsets, part == functions.col("part")).select(n, *columns)
        self._keep(name, numbered)

    def drop(self, *names: str) -> None:
        """Forget tables."""
        for name in names:
            view = self._views.pop(name, None)
            if view is not None:
                self._session.catalog.dropTempView(view)
            _release(self._kept.pop(name, None))

    def arrow(self, select: str) -> pa.Table:
        """What a query returns: a small result."""
        return self._frame(select).toArrow()

    def result(self, select: str, schema: pa.Schema) -> Relation:
        """What a query returns, as a frame that outlives this engine."""
        return self._typed(self._frame(select), schema).localCheckpoint()

    def map_partitions(self, tables: Mapping[str, str], work: Work, schema: pa.Schema) -> Relation:
        """What `work` makes of each bucket on the executors, as a frame that outlives this engine."""
        from pyspark.sql import functions

        rows = None
        for name, select in tables.items():
            frame = self._frame(select)
            columns = [functions.col(column) for column in frame.columns if column != "bucket"]
            tagged = frame.select(
                "bucket", functions.lit(name).alias("kind"), functions.struct(*columns).alias(f"of_{name}")
            )
            rows = tagged if rows is None else rows.unionByName(tagged, allowMissingColumns=True)
        assert rows is not None
        types = ", ".join(f"{field.name} {_TYPES[str(field.type)]}" for field in schema)
        function = functions.arrow_udtf(_handler(work, list(tables), schema), returnType=types)
        return function(rows.asTable().partitionBy("bucket")).localCheckpoint()

    def append(self, name: str, relation: Relation) -> None:
        """Add rows, by column name, to a table of the warehouse."""
        self.register("appended", relation)
        if self.arrow("select * from appended limit 1").num_rows:
            self._session.sql(f"insert into {name} by name select * from {self._views['appended']}")
        self.drop("appended")

    def to_relation(self, table: Relation) -> Relation:
        """A small Arrow table as a frame; a frame stays as it is."""
        if not isinstance(table, pa.Table):
            return table
        return self._typed(self._session.createDataFrame(table), table.schema)

    @contextmanager
    def splink(self) -> Iterator[Any]:
        """Splink's database API over the session; the views and frames that it made go when it ends."""
        api = _splink_api(self._session)
        try:
            yield api
        finally:
            api.forget()

    def splink_name(self, name: str) -> str:
        """The name of the view of a table."""
        return self._views[name]

    def splink_condition(self, condition: str) -> str:
        """An SQL expression in Spark's dialect."""
        return self._said(condition)

    def close(self) -> None:
        """Let go of all tables."""
        self.drop(*list(self._views))

    def _frame(self, select: str) -> Any:
        return self._session.sql(self._said(select))

    def _said(self, sql: str) -> str:
        """SQL as Spark has it, which gets the functions that it calls."""
        said = spark_sql(sql, self._views)
        if not self._knows_similarities and any(f"{name.upper()}(" in said for name in SIMILARITIES):
            register_similarities(self._session)
            self._knows_similarities = True
        return said

    def _keep(self, name: str, frame: Any) -> None:
        """Materialise a frame under a name, then let go of what had the name before."""
        kept = frame.localCheckpoint()
        before = self._kept.get(name)
        self._show(name, kept)
        self._kept[name] = kept
        _release(before)

    def _show(self, name: str, frame: Any) -> None:
        view = f"{self._prefix}_{name}"
        # Renamed to what they are called, columns are new to Spark: a table that was made of another one and
        # is joined with it has columns of its own.
        frame.toDF(*frame.columns).createOrReplaceTempView(view)
        self._views[name] = view

    def _typed(self, frame: Any, schema: pa.Schema) -> Any:
        return frame.select(
            *[frame[field.name].cast(_TYPES[str(field.type)]).alias(field.name) for field in schema]
        )


def _handler(work: Work, names: list[str], schema: pa.Schema) -> type:
    """The class of which Spark makes one for each bucket: it gathers the bucket's rows, then works."""

    class Bucket:
        def __init__(self) -> None:
            self._batches: list[Any] = []

        def eval(self, batch: Any) -> Iterator[Any]:
            self._batches.append(batch)
            return iter(())

        def terminate(self) -> Iterator[Any]:
            if self._batches:
                rows = pa.Table.from_batches(self._batches)
                self._batches = []
                yield work({name: _rows_of(rows, name) for name in names}).cast(schema)

    return Bucket


def _rows_of(rows: pa.Table, name: str) -> pa.Table:
    """The rows of one kind, out of the column that holds them."""
    import pyarrow.compute as pc

    chosen = rows.filter(pc.equal(rows["kind"], name))[f"of_{name}"].combine_chunks()
    return pa.Table.from_struct_array(chosen)


def _release(frame: Any) -> None:
    """Free what a checkpoint holds. Behind Spark Connect the server does so when the frame is forgotten."""
    inner = getattr(frame, "_jdf", None)
    if inner is not None:
        inner.queryExecution().analyzed().rdd().unpersist(False)


def _splink_api(session: Any) -> Any:
    from splink import SparkAPI

    class Api(SparkAPI):  # type: ignore[misc]
        """Keeps account of what Splink makes, and keeps the number of partitions that the session has."""

        def __init__(self) -> None:
            logging.getLogger("splink").setLevel(logging.ERROR)
            super().__init__(
                spark_session=session,
                break_lineage_method="persist",
                num_partitions_on_repartition=int(session.conf.get("spark.sql.shuffle.partitions")),
                register_udfs_automatically=False,
            )
            self._made: dict[str, Any] = {}

        def _cleanup_for_execute_sql(self, table: Any, templated_name: str, physical_name: str) -> Any:
            made = self._break_lineage_and_repartition(table, templated_name, physical_name)
            made.createOrReplaceTempView(physical_name)
            self._made[physical_name] = made
            return self.table_to_splink_dataframe(templated_name, physical_name)

        def _table_registration(self, given: Any, table_name: str) -> None:
            super()._table_registration(given, table_name)
            self._made[table_name] = session.table(table_name)

        def forget(self) -> None:
            for name, made in self._made.items():
                session.catalog.dropTempView(name)
                made.unpersist()

    return Api()
