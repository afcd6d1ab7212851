"""Runs dbt on Spark, in a process that has the SparkSession: `python -m cdp_cli.warehouse.spark_dbt build`.

dbt-spark's `session` method runs SQL models in the SparkSession of its own process, and knows no Python
models. This makes the session as cdp does, and teaches the adapter to run Python models in it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cdp_cli.config import find_settings
from cdp_cli.errors import CdpError
from cdp_cli.warehouse.spark_session import spark_session, stop_session


def main(arguments: Sequence[str]) -> int:
    """Run dbt with these arguments, of which `--project-dir` and `--target` say which warehouse.

    Returns dbt's exit code, or that of the error that kept the session from starting: its one line of JSON
    has the key `cdp_error`.
    """
    try:
        folder = _option(arguments, "--project-dir")
        session = spark_session(
            find_settings(Path(folder) if folder else None, _option(arguments, "--target"))
        )
    except CdpError as error:
        said = {"kind": type(error).__name__, "problem": error.problem, "remedy": error.remedy}
        print(json.dumps({"cdp_error": said}), flush=True)
        return error.exit_code
    from dbt.cli.main import dbtRunner

    _teach(session)
    try:
        result = dbtRunner().invoke(list(arguments))
    finally:
        stop_session()
    if result.exception is not None:
        return 2
    return 0 if result.success else 1


def _teach(session: Any) -> None:
    from dbt.adapters.base import PythonJobHelper
    from dbt.adapters.contracts.connection import AdapterResponse
    from dbt.adapters.spark.connections import SparkCredentials
    from dbt.adapters.spark.impl import SparkAdapter

    class SessionJob(PythonJobHelper):
        """Runs the compiled text of a Python model, which writes its own table, in this process."""

        def __init__(self, parsed_model: dict[str, Any], credential: Any) -> None:
            """Take what dbt gives every helper; a session needs neither."""

        def submit(self, compiled_code: str) -> None:
            """Run the model; what it raises is what dbt reports."""
            exec(compile(compiled_code, "<python model>", "exec"), {"spark": session})

    SparkAdapter.python_submission_helpers = {"session": SessionJob}
    SparkAdapter.default_python_submission_method = "session"
    SparkAdapter.generate_python_submission_response = lambda adapter, result: AdapterResponse("OK")

    # dbt-spark sets these on the session with each statement, and ANSI mode to false among them.
    made = SparkCredentials.__post_init__

    def keep_settings(credentials: SparkCredentials) -> None:
        made(credentials)
        credentials.server_side_parameters = {}

    SparkCredentials.__post_init__ = keep_settings


def _option(arguments: Sequence[str], name: str) -> str | None:
    return next(
        (after for option, after in zip(arguments, arguments[1:], strict=False) if option == name), None
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
