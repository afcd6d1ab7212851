"""drt-core as it comes, as a contender of the activation benchmark; runs in an environment of its own.

    python benchmarks/drt_contender.py WAREHOUSE TABLE PORT ROWS [--single]

Its own engine with its own DuckDB source and REST destination, 1,000 rows a request with `body_mode: batch`,
or one with `--single`. It keeps no state, and its rate limit is off. Imports nothing of this project.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from drt.config.credentials import DuckDBProfile
from drt.config.models import SyncConfig
from drt.destinations.rest_api import RestApiDestination
from drt.engine.sync import run_sync
from drt.sources.duckdb import DuckDBSource
from measure import Steps


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("warehouse")
    parser.add_argument("table")
    parser.add_argument("port", type=int)
    parser.add_argument("rows", type=int)
    parser.add_argument("--single", action="store_true")
    asked = parser.parse_args()
    destination = {
        "type": "rest_api",
        "url": f"http://127.0.0.1:{asked.port}/people",
        "headers": {"Content-Type": "application/json"},
    }
    if asked.single:
        destination |= {"body_template": '{"data": [{{ row | tojson_safe }}]}'}
    else:
        destination |= {"body_mode": "batch", "batch_template": '{"data": {{ rows | tojson_safe }}}'}
    sync = SyncConfig.model_validate({
        "name": "people",
        "model": f"select * exclude (profile_id) from {asked.table} limit {asked.rows}",
        "destination": destination,
        "sync": {"batch_size": 1000, "rate_limit": {"requests_per_second": 0}},
    })  # fmt: skip
    profile = DuckDBProfile(type="duckdb", database=asked.warehouse)
    steps = Steps(Path(__file__).parent)
    with tempfile.TemporaryDirectory() as folder, steps.step("run_sync"):
        result = run_sync(sync, DuckDBSource(), RestApiDestination(), profile, Path(folder))
    if result.success != asked.rows:
        raise RuntimeError(f"drt sent {result.success:,} of {asked.rows:,} rows: {result.errors[:1]}")
    sys.stdout.write("\n" + steps.document(counts={"rows": result.success}) + "\n")


if __name__ == "__main__":
    main()
