"""Runs dbt on Spark, in this process and in the SparkSession that cdp uses.

dbt-spark's `session` method runs SQL models in the SparkSession of its own process, and knows no Python
models. This makes the session as cdp does, and teaches the adapter to run Python models in it.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from cdp_cli.config import Settings
from cdp_cli.warehouse.spark.session import spark_session
from cdp_cli.warehouse.spark.similarities import register_similarities


def run_dbt(settings: Settings, arguments: Sequence[str], on_event: Callable[[Any], None]) -> int:
    """Run dbt with these arguments; returns its exit code. `on_event` is given each of dbt's events.

    Raises FixConfiguration or TryAgain where there is no session to be had.
    """
    register_similarities(spark_session(settings, wait_seconds=10.0))
    _teach_adapter()
    from dbt.cli.main import dbtRunner

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = dbtRunner(callbacks=[on_event]).invoke(list(arguments))
    if result.exception is not None:
        return 2
    return 0 if result.success else 1


@cache
def _teach_adapter() -> None:
    from dbt.adapters.base import PythonJobHelper
    from dbt.adapters.contracts.connection import AdapterResponse
    from dbt.adapters.spark.connections import SparkCredentials
    from dbt.adapters.spark.impl import SparkAdapter
    from dbt.adapters.spark.session import Cursor
    from dbt_common.clients import agate_helper
    from pyspark.sql import SparkSession

    class SessionJob(PythonJobHelper):  # type: ignore[misc]
        """Runs the compiled text of a Python model, which writes its own table, in this process."""

        def __init__(self, parsed_model: dict[str, Any], credential: Any) -> None:
            """Take what dbt gives every helper; a session needs neither."""

        def submit(self, compiled_code: str) -> None:
            """Run the model; what it raises is what dbt reports."""
            code = compile(compiled_code, "<python model>", "exec")
            # A thread of dbt's has no session of its own; this is the process's.
            exec(code, {"spark": SparkSession.builder.getOrCreate()})

    SparkAdapter.python_submission_helpers = {"session": SessionJob}
    SparkAdapter.default_python_submission_method = "session"
    SparkAdapter.generate_python_submission_response = lambda *_: AdapterResponse("OK")

    # dbt-spark sets these on the session with each statement, and ANSI mode to false among them.
    made = SparkCredentials.__post_init__

    def keep_settings(credentials: SparkCredentials) -> None:
        made(credentials)
        credentials.server_side_parameters = {}

    SparkCredentials.__post_init__ = keep_settings

    # A seed's text column may hold the word null: it is one of the values that people type for want of one.
    testers = agate_helper.build_type_tester
    agate_helper.build_type_tester = partial(testers, string_null_values=("",))

    execute = Cursor.execute

    def execute_in_turn(cursor: Cursor, sql: str, *parameters: Any) -> None:
        # dbt puts a comment before each statement.
        if sql.rpartition("*/")[2].lstrip().lower().startswith("insert"):
            with _one_writer:
                execute(cursor, sql, *parameters)
        else:
            execute(cursor, sql, *parameters)

    Cursor.execute = execute_in_turn


# Two inserts into one Parquet table at the same time delete each other's unfinished files.
_one_writer = threading.Lock()
