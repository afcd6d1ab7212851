"""Our sync engine as a contender of the activation benchmark: one run or plan of one sync, in a process.

    python benchmarks/activation_ours.py FOLDER run|plan|requests SYNC CONNECTION OBJECT TABLE

`run` is the real path: connect() and run_sync(). `requests` sends the same requests through the same
destination without a ledger: it reads, checks consent, renders and sends, and remembers nothing.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import activation_data
import duckdb
from measure import Steps

import cdp_cli
from cdp_cli.activation.engine import plan_sync, run_sync
from cdp_cli.activation.spec import Sync
from cdp_cli.destinations import connect
from cdp_cli.destinations.base import Accepted, Batch, Destination
from cdp_cli.warehouse import open_warehouse

_READ = """
    select people.*
    from {table} as people
    inner join {consents} as consents
        on people.profile_id = consents.profile_id
        and consents.purpose = '{purpose}' and consents.state = 'granted'
    where people.profile_id not in (select profile_id from {suppressions})
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("what", choices=["run", "plan", "requests"])
    for name in ("sync", "connection", "object", "table"):
        parser.add_argument(name)
    asked = parser.parse_args()
    settings = activation_data.settings(asked.folder)
    sync = activation_data.sync(asked.sync, asked.connection, asked.object, asked.table)
    destination = connect(asked.connection, asked.object, settings)
    steps = Steps(Path(cdp_cli.__file__).parent)
    counts: dict[str, Any]
    if asked.what == "run":
        with steps.step("run_sync"):
            result = run_sync(settings, sync, destination)
        if result.error is not None:
            raise result.error
        counts = {
            name: getattr(result, name) for name in ("added", "changed", "unchanged", "rejected", "requests")
        }
    elif asked.what == "plan":
        with steps.step("plan_sync"):
            plan = plan_sync(settings, sync, destination)
        counts = {name: getattr(plan, name) for name in ("added", "changed", "removed", "unchanged")}
    else:
        with steps.step("the same requests"):
            counts = {"requests": _send_without_ledger(settings, sync, destination)}
    sys.stdout.write("\n" + steps.document(counts=counts) + "\n")


def _send_without_ledger(settings: Any, sync: Sync, destination: Destination) -> int:
    verb = sync.spec.mode.put
    limits = destination.limits(verb)
    with open_warehouse(settings) as warehouse:
        rows = warehouse.arrow(
            _READ.format(
                table=sync.relation,
                consents=sync.relations.ref("profile_consents"),
                suppressions=sync.relations.ref("profile_suppressions"),
                purpose=sync.spec.purpose,
            )
        )
    with duckdb.connect() as work, ThreadPoolExecutor(limits.concurrency) as pool:
        work.register("people", rows)
        columns = {
            name: kind
            for name, kind, *_ in work.execute("describe people").fetchall()
            if name != "profile_id" or name in destination.match_fields
        }
        normalised = ", ".join(
            f'{destination.field_sql(name, kind)} as "{name}"' for name, kind in columns.items()
        )
        rendered = work.execute(f"""
            select {destination.row_sql(verb, columns, {})}
            from (select {normalised} from people)
            where {destination.invalid_sql(verb, columns)} is null
        """)
        bodies = (body for chunk in iter(lambda: rendered.fetchmany(10_000), []) for (body,) in chunk)
        sending = []
        while rows_of_batch := list(islice(bodies, limits.rows)):
            number = str(len(sending))
            sending.append(
                pool.submit(destination.send, Batch(number, number, verb, "\n".join(rows_of_batch)))
            )
        wrong = [answer for future in sending if (answer := future.result()) != Accepted()]
    if wrong:
        raise RuntimeError(f"{len(wrong)} batches were not accepted, the first: {wrong[0]}")
    return len(sending)


if __name__ == "__main__":
    main()
