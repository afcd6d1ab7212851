"""Plays histories side by side in one world, and says where a build breaks a law of ids.

The laws: each record has one profile and no other has; an id that went never comes back; a record changes its
id only with a logged event, and records that stay together keep theirs; every id that went resolves; a build
of what changed finds what a full refresh finds, and one from nothing the same people; nothing new changes
nothing; the order of rows changes no byte.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cdp_cli.identity.bands import DEFAULT
from tests.histories.chance import History, rule_change
from tests.histories.world import Logs, Prepared, World

EPOCH = dt.datetime(2026, 1, 1)
# The share of records that incremental builds have to put where full ones do.
LEAST_EQUAL = 0.999
_MOST_NAMED = 20

Profiles = Mapping[str, str]


@dataclass
class Tally:
    """What was played. `equal` of `compared` records were where a full refresh, or a build from nothing, had
    them too."""

    histories: int = 0
    builds: int = 0
    compared: int = 0
    equal: int = 0
    changes_of_id: int = 0
    retired: int = 0
    differences: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    @property
    def share_equal(self) -> float:
        """The share of records that incremental builds put where full ones do."""
        return self.equal / self.compared if self.compared else 1.0

    def __add__(self, other: Tally) -> Tally:
        values = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in dataclasses.fields(self)}
        return Tally(**values)


def play(seed: int, histories: int, steps: int = 4) -> Tally:
    """Play so many histories of one world, each of so many builds after the first."""
    chance = random.Random(seed)
    world = World()
    try:
        return _Game(world, chance, histories).play(steps)
    finally:
        world.close()


class _Game:
    def __init__(self, world: World, chance: random.Random, histories: int) -> None:
        self._world, self._chance = world, chance
        self._histories = [History(number, random.Random(chance.random())) for number in range(histories)]
        # Without a margin what was weighs nothing, so that a build from nothing has to find the same people.
        margin = 0.0 if chance.random() < 0.5 else DEFAULT.hysteresis
        self._bands = dataclasses.replace(DEFAULT, hysteresis=margin)
        self._logs = Logs()
        self._gone: set[str] = set()
        self._tally = Tally(histories=histories)

    def play(self, steps: int) -> Tally:
        shuffled_at = self._chance.randrange(steps + 1)
        for number in range(steps + 1):
            at = EPOCH + dt.timedelta(days=number)
            retrain = False
            if number:
                retrain = self._change(at)
            rows = [row for history in self._histories for row in history.records.values()]
            prepared = self._world.prepare(rows)
            before, self._logs = self._logs, self._built(self._logs, prepared, at, retrain=retrain)
            self._check(before, prepared, at)
            refreshed = self._built(before, prepared, at, full_refresh=True, retrain=retrain)
            self._compare(present(self._logs), present(refreshed), f"build {number}: a full refresh")
            if number == shuffled_at:
                again = self._world.prepare(rows, self._chance)
                self._compare_bytes(
                    before, self._built(before.shuffled(self._chance), again, at, retrain=retrain)
                )
        self._check_that_nothing_new_changes_nothing(prepared, at)
        if not self._bands.hysteresis:
            nothing = dataclasses.replace(Logs(), decisions=self._logs.decisions, models=self._logs.models)
            whole = self._built(nothing, prepared, at + dt.timedelta(days=9))
            self._compare(
                _with_members(present(self._logs)), _with_members(present(whole)), "a build from nothing"
            )
        return self._tally

    def _change(self, at: dt.datetime) -> bool:
        """What happens before a build; whether it is to train anew."""
        if self._chance.random() < 0.3:
            self._world.change_rules(rule_change(self._chance))
        if self._chance.random() < 0.2:
            self._bands = dataclasses.replace(self._bands, auto=self._chance.choice((0.45, 0.5, 0.6)))
        known = present(self._logs)
        for history in self._histories:
            self._logs = self._logs.decided(history.step(self._logs, known, at))
        return self._chance.random() < 0.2

    def _built(
        self,
        logs: Logs,
        prepared: Prepared,
        at: dt.datetime,
        *,
        full_refresh: bool = False,
        retrain: bool = False,
    ) -> Logs:
        self._tally.builds += 1
        return self._world.build(logs, prepared, at, self._bands, full_refresh=full_refresh, retrain=retrain)

    def _check(self, before: Logs, prepared: Prepared, at: dt.datetime) -> None:
        was, now = present(before), present(self._logs)
        records = prepared["identity_records"]["record_id"].to_pylist()
        self._hold(set(now) == set(records), "records and profiles do not match", set(now) ^ set(records))
        back = set(now.values()) & self._gone
        self._hold(not back, "an id that went came back", back)
        self._gone |= set(was.values()) - set(now.values())
        self._tally.retired = len(self._gone)
        self._check_events(was, now, at)
        stayed = {members: profile for profile, members in _members(was).items()}
        renamed = [
            profile for profile, members in _members(now).items() if stayed.get(members, profile) != profile
        ]
        self._hold(not renamed, "the same records got another id", renamed)
        aliases, ids = self._world.aliases(self._logs), set(now.values())
        dead = {
            event["profile_id"] for event in self._world.events(self._logs) if event["event"] == "retired"
        }
        lost = {
            profile
            for profile in self._gone
            if aliases.get(profile, profile) not in ids and aliases.get(profile, profile) not in dead
        }
        self._hold(not lost, "an id that went resolves to nothing", lost)
        self._hold(not set(aliases) & ids, "an id of a profile is an alias too", set(aliases) & ids)

    def _check_events(self, was: Profiles, now: Profiles, at: dt.datetime) -> None:
        events = self._world.events(self._logs)
        logged = {
            (event["profile_id"], event["other_profile_id"])
            for event in events
            if event["occurred_at"] == at and event["event"] in ("merged", "split", "moved")
        }
        changed = {(was[record], now[record]) for record in was.keys() & now.keys()}
        changed = {(one, other) for one, other in changed if one != other}
        self._tally.changes_of_id += len(changed)
        self._hold(changed <= logged, "an id changed without an event", changed - logged)
        minted = [event["profile_id"] for event in events if event["event"] == "minted"]
        self._hold(len(minted) == len(set(minted)), "an id was minted twice", ())
        self._hold(
            set(now.values()) <= set(minted), "an id was never minted", set(now.values()) - set(minted)
        )

    def _check_that_nothing_new_changes_nothing(self, prepared: Prepared, at: dt.datetime) -> None:
        for days, full_refresh in ((1, False), (2, True)):
            again = self._built(self._logs, prepared, at + dt.timedelta(days=days), full_refresh=full_refresh)
            rows = again.assignments.slice(self._logs.assignments.num_rows)
            what = "a full refresh" if full_refresh else "a build"
            changed = rows["record_id"].to_pylist()
            self._hold(not changed, f"{what} with nothing new changed records", changed)

    def _compare(self, one: Mapping[str, object], other: Mapping[str, object], what: str) -> None:
        unequal = [record for record in one.keys() | other.keys() if one.get(record) != other.get(record)]
        self._tally.compared += len(one.keys() | other.keys())
        self._tally.equal += len(one.keys() | other.keys()) - len(unequal)
        if unequal:
            # A few in a thousand break no law: the share that is equal is held to one.
            self._tally.differences.append(f"{what}: {sorted(unequal)[:_MOST_NAMED]}")

    def _compare_bytes(self, before: Logs, shuffled: Logs) -> None:
        """The rows that a build added are the same, in the same order."""
        for name in ("assignments", "pairs", "models"):
            added = [
                getattr(logs, name).slice(getattr(before, name).num_rows) for logs in (self._logs, shuffled)
            ]
            same = added[0].equals(added[1])
            self._hold(same, f"another order of rows made another identity_{name}", ())

    def _hold(self, holds: bool, law: str, which: Iterable[str] | Iterable[tuple[str, str]]) -> None:
        if not holds:
            self._tally.violations.append(f"{law}: {sorted(map(str, which))[:_MOST_NAMED]}")


def present(logs: Logs) -> dict[str, str]:
    """The profile of each record, as identity_map says it."""
    latest: dict[str, str | None] = {}
    for row in sorted(logs.assignments.to_pylist(), key=lambda row: row["assigned_at"]):
        latest[row["record_id"]] = row["profile_id"]
    return {record: profile for record, profile in latest.items() if profile is not None}


def _members(profiles: Profiles) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for record, profile in profiles.items():
        found.setdefault(profile, set()).add(record)
    return {profile: frozenset(records) for profile, records in found.items()}


def _with_members(profiles: Profiles) -> dict[str, frozenset[str]]:
    members = _members(profiles)
    return {record: members[profile] for record, profile in profiles.items()}
