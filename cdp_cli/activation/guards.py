"""Stops a sync that looks like an accident before anything is sent, until a person confirms it."""

from __future__ import annotations

from collections.abc import Collection

from cdp_cli.activation.plan import Plan
from cdp_cli.activation.spec import Mode
from cdp_cli.errors import ConfirmFirst

ACCEPT_EMPTY = "accept-empty"
ACCEPT_REMOVALS = "accept-removals"
ACCEPT_NEW_LEDGER = "accept-new-ledger"
ACCEPT_HOLDOUT = "accept-holdout"


def check(plan: Plan, accepted: Collection[str] = ()) -> None:
    """Raise ConfirmFirst if a person has to confirm the plan; `accepted` are the guards already lifted."""
    sync = plan.sync
    table = sync.relation.name
    key = ", ".join(sync.spec.key)
    if plan.null_keys:
        raise ConfirmFirst(
            f"Sync {sync.name}: {plan.null_keys:,} of {plan.rows:,} rows of {table} have no key ({key}); "
            "nothing was sent.",
            f"Correct {sync.path}: each row needs its key.",
        )
    if plan.duplicate_keys:
        raise ConfirmFirst(
            f"Sync {sync.name}: {plan.duplicate_keys:,} rows of {table} repeat the key ({key}) of another; "
            "nothing was sent.",
            f"Correct {sync.path}: one row per {key}.",
        )
    if plan.is_first_run and plan.known_until is not None and ACCEPT_NEW_LEDGER not in accepted:
        raise ConfirmFirst(
            f"Sync {sync.name} has no ledger, though the warehouse knows of its runs until "
            f"{plan.known_until:%Y-%m-%d %H:%M} UTC; all would be sent again and nothing would be removed.",
            f"Restore the ledger from a backup, or start anew with --{ACCEPT_NEW_LEDGER}.",
        )
    if plan.stranded and ACCEPT_HOLDOUT not in accepted:
        raise ConfirmFirst(
            f"Sync {sync.name} holds out {plan.stranded:,} people whom the destination has from us, and mode "
            f"{sync.spec.mode.value!r} never removes anybody; nothing was sent.",
            f"Lower the holdout of {sync.path}, use a mode that removes, or let them stay, which spoils the "
            f"comparison, with --{ACCEPT_HOLDOUT}.",
        )
    if not plan.rows and plan.acknowledged and sync.spec.mode is not Mode.APPEND:
        if ACCEPT_EMPTY not in accepted:
            raise ConfirmFirst(
                f"Sync {sync.name}: {table} is empty, and the destination has {plan.acknowledged:,} rows "
                "from us; nothing was changed.",
                f"Find out why it is empty; if it should be, repeat with --{ACCEPT_EMPTY}.",
            )
    elif (
        plan.removed > max(plan.acknowledged * sync.spec.removal_guard, sync.spec.removal_floor)
        and ACCEPT_REMOVALS not in accepted
    ):
        raise ConfirmFirst(
            f"Sync {sync.name} would remove {plan.removed:,} of the {plan.acknowledged:,} rows that the "
            f"destination has, more than its guard of {sync.spec.removal_guard:.0%}; nothing was changed.",
            f"Check `cdp sync {sync.name} --dry-run`; if it is right, repeat with --{ACCEPT_REMOVALS}.",
        )
