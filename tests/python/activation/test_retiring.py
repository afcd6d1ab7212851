"""What a place still has from a sync is removed there, rows without an answer included."""

from __future__ import annotations

from cdp_cli.activation import bound_to, retiring
from cdp_cli.activation.ledger import open_ledger
from cdp_cli.activation.trials import Pace

from .conftest import World, person
from .double import CUT_AFTER


def test_rows_in_doubt_may_be_there_so_they_are_removed_too(world: World) -> None:
    world.destination.rows = 1
    world.destination.concurrency = 1
    world.arrange(person("a"), person("b"))
    world.receiver.failures = [("", 200, {})] + [CUT_AFTER] * 6
    assert (world.run().in_doubt, set(world.receiver.objects)) == (1, {"a", "b"})
    with open_ledger(world.ledger_dir, "crm__people") as ledger:
        bound = bound_to.read(ledger)
        retired = retiring.empty(ledger, world.destination, bound, Pace(base_seconds=0.01))
    assert (retired.removed, retired.left, world.receiver.objects) == (2, 0, {})
