"""What activation costs by hand, as contenders of its benchmark: SQL that compares hashes, a loop that posts.

    python benchmarks/activation_bare.py FOLDER compare
    python benchmarks/activation_bare.py FOLDER post PORT

`compare` hashes each row and joins the result with the stored hashes. `post` sends ready-made bodies of 1,000
rows over four connections; making the bodies is not timed. Both remember nothing.
"""

from __future__ import annotations

import argparse
import http.client
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import activation_data
import duckdb
from measure import Steps

THREADS = 4
ROWS_A_REQUEST = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("what", choices=["compare", "post"])
    parser.add_argument("port", type=int, nargs="?", default=0)
    asked = parser.parse_args()
    steps = Steps(Path(__file__).parent)
    with duckdb.connect(str(asked.folder / "warehouse.duckdb"), read_only=True) as warehouse:
        counts = (
            _compare(warehouse, asked.folder, steps)
            if asked.what == "compare"
            else _post(warehouse, asked.port, steps)
        )
    sys.stdout.write("\n" + steps.document(counts=counts) + "\n")


def _compare(warehouse: duckdb.DuckDBPyConnection, folder: Path, steps: Steps) -> dict[str, int]:
    warehouse.execute(f"attach '{folder / 'hashes.duckdb'}' as hashes (read_only)")
    with steps.step("compare"):
        warehouse.execute(f"""
            create temporary table compared as
            select
                coalesce(now.profile_id, stored.profile_id) as profile_id,
                case
                    when stored.profile_id is null then 'added'
                    when now.profile_id is null then 'removed'
                    when now.hash <> stored.hash then 'changed'
                    else 'unchanged'
                end as operation
            from ({activation_data.hashes_sql(warehouse)}) as now
            full join hashes.hashes as stored on now.profile_id = stored.profile_id
        """)
        found = warehouse.execute("select operation, count(*) from compared group by all").fetchall()
    return {str(operation): int(count) for operation, count in found}


def _post(warehouse: duckdb.DuckDBPyConnection, port: int, steps: Steps) -> dict[str, int]:
    bodies = [
        body.encode()
        for (body,) in warehouse.execute(f"""
            select '{{"data":[' || string_agg(row, ',') || ']}}'
            from (
                select to_json(people)::varchar as row, row_number() over () // {ROWS_A_REQUEST} as batch
                from (select * exclude (profile_id) from activation.people) as people
            )
            group by batch
        """).fetchall()
    ]

    def send(mine: list[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for body in mine:
            connection.request("POST", "/people", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"the sink answered {answer.status}")
        connection.close()

    with steps.step("post"), ThreadPoolExecutor(THREADS) as pool:
        shares: list[Any] = [bodies[first::THREADS] for first in range(THREADS)]
        list(pool.map(send, shares))
    return {"requests": len(bodies)}


if __name__ == "__main__":
    main()
