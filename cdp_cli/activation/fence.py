"""Reads consent again, right before a batch is sent, if the warehouse changed since it was read.

Where the engine cannot tell whether it changed, consent is read again every minute.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from cdp_cli.activation.eligibility import read_eligible
from cdp_cli.activation.ledger import FrozenBatch, Ledger
from cdp_cli.activation.spec import Sync
from cdp_cli.config import Settings
from cdp_cli.destinations.base import Destination, Verb
from cdp_cli.errors import TryAgain
from cdp_cli.warehouse import change_token, open_warehouse

REMOVALS = (Verb.REMOVE, Verb.REMOVE_MEMBER)
_WAIT_SECONDS = 30.0
_BLIND_SECONDS = 60.0


class Fence:
    """Keeps back who withdrew, or was erased, after the plan was made.

    `token` is the warehouse's state when consent was last read, or the time of it if the engine cannot tell.
    As long as that state is the same, so is consent.
    """

    def __init__(self, settings: Settings, sync: Sync, destination: Destination, token: object) -> None:
        self._settings = settings
        self._sync = sync
        self._destination = destination
        self.token = time.monotonic() if token is None else token
        self._has_read = False

    def has_moved(self, since: object) -> bool:
        """Whether the warehouse is not in that state any more. Any thread may ask; it costs microseconds."""
        now = change_token(self._settings)
        if now is None:
            return isinstance(since, float) and time.monotonic() - since > _BLIND_SECONDS
        return now != since

    def keep_back(self, ledger: Ledger, batches: Sequence[FrozenBatch], *, doubtful: bool) -> int:
        """Take the rows of people who may not be sent now out of the batches; returns how many.

        A row that an earlier attempt may have sent counts as there, so that it is removed. Removals pass.
        """
        batches = [batch for batch in batches if batch.verb not in REMOVALS]
        if not batches or not self._has_read:
            return 0
        ranges = " or ".join(f"(row_number >= {b.first_row} and row_number < {b.end_row})" for b in batches)
        kept = ledger.work.execute(
            f"""
            select frozen_rows.row_number
            from outbox.frozen_rows as frozen_rows
            anti join eligible on frozen_rows.profile_id = eligible.profile_id
            anti join ledger.row_answers as row_answers on frozen_rows.row_number = row_answers.row_number
            where {ranges}
            """
        ).fetchall()
        if kept:
            ledger.answer_rows([row[0] for row in kept], "unknown" if doubtful else "kept_back", "withdrawn")
        return len(kept)

    def read_again(self, ledger: Ledger) -> bool:
        """Read consent if the warehouse changed; whether it did.

        Raises TryAgain if the warehouse stays in use: without consent nothing is sent.
        """
        if not self.has_moved(self.token):
            return False
        try:
            with open_warehouse(self._settings, wait_seconds=_WAIT_SECONDS) as warehouse:
                # Of the state that is read, not of one that a writer made meanwhile.
                token = change_token(self._settings)
                read_eligible(warehouse, ledger.work, self._sync, self._destination)
        except TryAgain as error:
            raise TryAgain(
                f"Sync {self._sync.name}: the warehouse is in use, so consent cannot be read again; "
                "the rest was not sent.",
                "Run `cdp sync` again when the other process is done.",
            ) from error
        # Without a token the time counts from the end of reading: it may take as long as the warehouse likes.
        self.token = time.monotonic() if token is None else token
        self._has_read = True
        return True
