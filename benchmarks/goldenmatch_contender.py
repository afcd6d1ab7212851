"""goldenmatch as it comes, as a contender of the identity benchmark; runs in an environment of its own.

    python benchmarks/goldenmatch_contender.py --people people.parquet [--blank VALUE ...] [--clusters OUT]

Its zero-config path on the table in memory: it chooses keys, blocks and thresholds itself. It is told only
which columns are ids and no evidence. Imports nothing of this project.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import duckdb
import goldenmatch
import pyarrow as pa
import pyarrow.parquet as pq
from measure import Steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("--blank", nargs="*", default=[])
    parser.add_argument("--clusters", type=Path)
    asked = parser.parse_args()
    blanked = ", ".join(f"'{value}'" for value in ["", *asked.blank])
    people = duckdb.sql(f"""
        select * replace (
            case when email not in ({blanked}) then email end as email,
            case when phone not in ({blanked}) then phone end as phone
        )
        from read_parquet('{asked.people}')
        -- Its notes on files that were put together do not apply: the sources are mixed.
        order by split_part(record_id, ':', 2)
    """).to_arrow_table()
    steps = Steps(Path(__file__).parent)
    with steps.step("dedupe_df"):
        result = goldenmatch.dedupe_df(people, exclude_columns=["record_id", "source"])
    if asked.clusters:
        pq.write_table(_clusters(people, result.clusters), asked.clusters)
    sys.stdout.write("\n" + steps.document(counts={"clusters": len(result.clusters)}) + "\n")


def _clusters(people: pa.Table, clusters: dict[int, dict[str, Any]]) -> pa.Table:
    """record_id and cluster_id; a record in no cluster is one by itself."""
    numbers = [-1 - row for row in range(people.num_rows)]
    for cluster_id, cluster in clusters.items():
        for row in cluster["members"]:
            numbers[row] = cluster_id
    return pa.table({"record_id": people.column("record_id"), "cluster_id": pa.array(numbers, pa.int64())})


if __name__ == "__main__":
    main()
