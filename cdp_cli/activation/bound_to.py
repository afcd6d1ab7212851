"""Binds a ledger to where it was sent: what one list has says nothing about another.

The ledger holds what its destination has from us. If the connection leads to another list, account or
address, or the sync's mode or key is another, that is true of the old place only. A person then says what is
to be done.
"""

from __future__ import annotations

from collections.abc import Collection

from cdp_cli.activation.ledger import Ledger
from cdp_cli.activation.spec import Sync
from cdp_cli.destinations.base import Destination
from cdp_cli.errors import ConfirmFirst

# What a person can say about a change of destination.
SAME_PLACE = "destination-same"
START_ANEW = "destination-anew"
REMOVE_THERE = "destination-remove"


def now_bound(sync: Sync, destination: Destination, account: str | None = None) -> dict[str, str]:
    """What the sync is bound to as it stands, by name. No secret."""
    return {
        **destination.address,
        **({"account": account} if account else {}),
        "connection": sync.spec.connection,
        "sync_object": sync.spec.object,
        "mode": sync.spec.mode.value,
        "key": ", ".join(sync.spec.key),
    }


def read(ledger: Ledger) -> dict[str, str]:
    """What the ledger is bound to; empty before its first run, and in one of an earlier release."""
    return dict(ledger.work.execute("select name, value from ledger.bound_to").fetchall())


def changes(
    ledger: Ledger, sync: Sync, destination: Destination, account: str | None = None
) -> dict[str, tuple[str, str]]:
    """What is another than when the ledger was bound, by name, as it was and as it is.

    The account counts if it is known on both sides.
    """
    before, now = read(ledger), now_bound(sync, destination, account)
    if not before or not ledger.count_acknowledged():
        return {}
    # The connection and its object may be renamed: what matters is where they lead.
    names = (set(before) | set(now)) - {"connection", "sync_object"}
    if not ("account" in before and "account" in now):
        names.discard("account")
    return {
        name: (before.get(name, "nothing"), now.get(name, "nothing"))
        for name in sorted(names)
        if before.get(name) != now.get(name)
    }


def start_anew(ledger: Ledger, sync: Sync, destination: Destination) -> None:
    """Forget what the old place has, if the sync leads elsewhere; its rows stay there.

    Raises CheckDestination if the destination does not say whose account it is.
    """
    if changes(ledger, sync, destination, destination.account()):
        with ledger.transaction():
            ledger.work.execute("delete from ledger.acknowledged")
            ledger.work.execute("delete from ledger.refusals")


def check(
    ledger: Ledger,
    sync: Sync,
    destination: Destination,
    accepted: Collection[str],
    account: str | None = None,
) -> None:
    """Raise ConfirmFirst if the sync leads elsewhere than before, and nobody said what that means."""
    found = changes(ledger, sync, destination, account)
    if not found or SAME_PLACE in accepted:
        return
    told = "; ".join(
        f"{name.removeprefix('settings.')} was {old}, is {new}" for name, (old, new) in found.items()
    )
    raise ConfirmFirst(
        f"Sync {sync.name} leads elsewhere than before ({told}), and the old place has "
        f"{ledger.count_acknowledged():,} rows from us; nothing was sent.",
        f"Say what holds: `cdp sync {sync.name} --destination-changed remove` removes them there first, "
        "`same` goes on because it is the same place, `anew` leaves them there and sends everything again.",
    )


def bind(ledger: Ledger, sync: Sync, destination: Destination, account: str | None = None) -> None:
    """Bind the ledger to where the sync leads now; an account that was not asked for stays."""
    before = read(ledger)
    now = now_bound(sync, destination, account or before.get("account"))
    if before == now:
        return
    with ledger.transaction():
        ledger.work.execute("delete from ledger.bound_to")
        for name, value in sorted(now.items()):
            ledger.work.execute("insert into ledger.bound_to values (?, ?)", [name, value])
