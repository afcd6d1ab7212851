"""Stops a build that would merge or split more people than a person should see first.

A rule that was changed, a model that was trained anew, or a junk value that slipped in changes many profiles
at once, and destinations are told of each. What people decided since the last run does not count: they know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdp_cli.errors import ConfirmFirst, FixConfiguration
from cdp_cli.identity.engine import Engine, Relation

OPTION = "--accept-identity-change"
_MOST_NAMED = 5


@dataclass(frozen=True)
class ChangeGuard:
    """A build stops where at least `least` profiles, and more than the `share` of those that there were,
    merge or split."""

    share: float = 0.05
    least: int = 10
    accepted: bool = False

    def trips(self, changed: int, before: int) -> bool:
        """Whether so many changed profiles, of so many that there were, are too many."""
        return not self.accepted and changed >= self.least and changed > self.share * before


@dataclass(frozen=True)
class ChangedProfile:
    """A profile that there was: `merged` into another, or `split` (a part of it went to another)."""

    profile_id: str
    kind: str
    count_records: int
    other_profile_id: str


@dataclass(frozen=True)
class Change:
    """What a run makes of the profiles that there were. `largest` are those with the most records."""

    before: int
    merged: int
    split: int
    largest: Sequence[ChangedProfile]

    @property
    def changed(self) -> int:
        """Profiles that merged or split."""
        return self.merged + self.split


def configured(share: object, accepted: object) -> ChangeGuard:
    """The guard by its two dbt vars, as YAML or a command line has them.

    Raises FixConfiguration where the share is no number from 0 to 1.
    """
    try:
        number = float(str(share))
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise FixConfiguration(
            f"The dbt var identity_change_guard is {str(share)!r}, which is no share from 0 to 1.",
            "Correct it in dbt_project.yml: 0.05 stops a build that changes more than 5 % of all profiles.",
        )
    return ChangeGuard(share=number, accepted=str(accepted).strip().lower() in ("true", "1", "yes"))


def check(engine: Engine, guard: ChangeGuard, rows: Relation, log: Relation, decisions: Relation) -> None:
    """Raise ConfirmFirst where new rows of identity_assignments change too much of what `log` holds."""
    if guard.accepted:
        return
    # Each changed profile has such a row. It is nearly always few, and then all the rest is not asked.
    moved = engine.query(
        rows, "select count(*) as count_rows from given where reason in ('moved', 'split')"
    ).column("count_rows")[0]
    if moved.as_py() < guard.least:
        return
    found = measure(engine, rows, log, decisions)
    if guard.trips(found.changed, found.before):
        raise ConfirmFirst(*_sentences(guard, found))


def measure(engine: Engine, rows: Relation, log: Relation, decisions: Relation) -> Change:
    """What new rows of identity_assignments make of the profiles in `log`, but for those decided on since."""
    for name, relation in (("guard_rows", rows), ("guard_log", log), ("guard_decisions", decisions)):
        engine.register(name, relation)
    engine.create_table("guard_present", _PRESENT)
    engine.create_table("guard_changed", _CHANGED)
    before = engine.arrow("select count(distinct profile_id) as answer from guard_present")
    kinds = engine.arrow("select kind, count(*) as answer from guard_changed group by kind").to_pylist()
    counts = {row["kind"]: int(row["answer"]) for row in kinds}
    largest = engine.arrow(
        "select profile_id, kind, count_records, other_profile_id from guard_changed "
        f"order by count_records desc, profile_id limit {_MOST_NAMED}"
    ).to_pylist()
    engine.drop("guard_changed", "guard_present")
    return Change(
        before=int(before.column("answer")[0].as_py()),
        merged=counts.get("merged", 0),
        split=counts.get("split", 0),
        largest=tuple(ChangedProfile(**row) for row in largest),
    )


def _sentences(guard: ChangeGuard, found: Change) -> tuple[str, str]:
    named = ", ".join(
        f"{profile.profile_id} ({profile.count_records:,} record{'' if profile.count_records == 1 else 's'}) "
        f"{'into' if profile.kind == 'merged' else 'partly into'} {profile.other_profile_id}"
        for profile in found.largest
    )
    share = found.changed / found.before
    return (
        f"This build would merge {found.merged:,} and split {found.split:,} of {found.before:,} profiles "
        f"({share:.1%}; identity_change_guard is {guard.share:.1%}), the largest: {named}; "
        "nothing was published.",
        f"If that is meant, run `cdp run {OPTION}`; else take back what changed (a rule, a limit, a blocked "
        "value, a model, a source) and run again.",
    )


_PRESENT = """
    select record_id, profile_id
    from (
        select
            record_id,
            profile_id,
            row_number() over (partition by record_id order by assigned_at desc) as newest_first
        from guard_log
    ) as numbered
    where newest_first = 1 and profile_id is not null
"""

# As identity_events tells them: merged where nothing is left of a profile, else split. Records that are only
# gone from their sources change nobody.
_CHANGED = """
    with

    last_run as (

        select max(assigned_at) as assigned_at from guard_log

    ),

    decided as (

        select guard_decisions.left_record_id as record_id
        from guard_decisions
        inner join last_run on guard_decisions.decided_at > last_run.assigned_at

        union

        select guard_decisions.right_record_id as record_id
        from guard_decisions
        inner join last_run on guard_decisions.decided_at > last_run.assigned_at

    ),

    decided_profiles as (

        select distinct guard_present.profile_id
        from guard_present
        inner join decided on guard_present.record_id = decided.record_id

    ),

    sizes as (

        select profile_id, count(*) as count_records from guard_present group by profile_id

    ),

    arrivals as (

        select distinct profile_id from guard_rows where profile_id is not null

    ),

    transfers as (

        select
            guard_present.profile_id,
            guard_rows.profile_id as other_profile_id,
            count(*) as count_records
        from guard_rows
        inner join guard_present on guard_rows.record_id = guard_present.record_id
        group by guard_present.profile_id, guard_rows.profile_id

    ),

    left_by as (

        select profile_id, sum(count_records) as count_records from transfers group by profile_id

    ),

    largest as (

        select
            profile_id,
            other_profile_id,
            row_number() over (
                partition by profile_id order by count_records desc, other_profile_id
            ) as largest_first
        from transfers
        where other_profile_id is not null

    )

    select
        largest.profile_id,
        largest.other_profile_id,
        sizes.count_records,
        case
            when left_by.count_records = sizes.count_records and arrivals.profile_id is null then 'merged'
            else 'split'
        end as kind
    from largest
    inner join sizes on largest.profile_id = sizes.profile_id
    inner join left_by on largest.profile_id = left_by.profile_id
    left join arrivals on largest.profile_id = arrivals.profile_id
    left join decided_profiles on largest.profile_id = decided_profiles.profile_id
    where largest.largest_first = 1 and decided_profiles.profile_id is null
"""
