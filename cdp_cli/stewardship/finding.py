"""From what a steward has of somebody (a record, a profile, an e-mail) to the records that it means."""

from __future__ import annotations

from dataclasses import dataclass

from cdp_cli.errors import FixInput
from cdp_cli.profiles import find_profiles
from cdp_cli.relations import Relations
from cdp_cli.stewardship.decision_log import need_build
from cdp_cli.warehouse import Warehouse


@dataclass(frozen=True)
class Found:
    """Records of one profile, in order, and by what they were found.

    `retired_id` is set where the id asked for was merged away and resolves to `profile_id`.
    """

    profile_id: str
    record_ids: tuple[str, ...]
    found_by: str
    retired_id: str | None = None


def find_records(warehouse: Warehouse, relations: Relations, asked: str) -> Found:
    """The records that `asked` means: one record, those of a profile, or those with an identifier.

    Raises FixModel where nothing was built yet, FixInput where it means nobody, a record that is gone, or
    several profiles.
    """
    need_build(warehouse, relations)
    text = asked.strip()
    known = warehouse.rows(
        f"select profile_id from {relations.ref('identity_map')} where record_id = ?", [text]
    )
    if known:
        return Found(known[0]["profile_id"], (text,), "record id")
    records = records_of(warehouse, relations, text)
    if records:
        return Found(text, records, "profile id")
    successors = warehouse.rows(
        f"select profile_id from {relations.ref('profile_aliases')} where retired_profile_id = ?", [text]
    )
    for successor in successors:
        records = records_of(warehouse, relations, successor["profile_id"])
        if records:
            return Found(successor["profile_id"], records, "profile id", retired_id=text)
    _refuse_gone(warehouse, relations, text)
    finding = find_profiles(warehouse, relations, text)
    if len(finding.matches) > 1:
        raise FixInput(
            f"{len(finding.matches)} profiles have this {finding.found_by}.",
            "Name a profile or a record by its id; `cdp profile show` lists them.",
        )
    profile_id = finding.matches[0].profile_id
    records = records_of(warehouse, relations, profile_id)
    carriers = warehouse.rows(
        f"select distinct record_id from {relations.ref('identity_identifiers')} "
        "where identifier_value in (?, ?)",
        [text, text.lower()],
    )
    chosen = tuple(sorted(set(records) & {row["record_id"] for row in carriers})) or records
    return Found(profile_id, chosen, finding.found_by, finding.retired_id)


def records_of(warehouse: Warehouse, relations: Relations, profile_id: str) -> tuple[str, ...]:
    """The records of a profile, in order; none where there is no such profile now."""
    rows = warehouse.rows(
        f"select record_id from {relations.ref('identity_map')} where profile_id = ? order by record_id",
        [profile_id],
    )
    return tuple(row["record_id"] for row in rows)


def _refuse_gone(warehouse: Warehouse, relations: Relations, text: str) -> None:
    """Raise FixInput where this was a record, or a profile all of whose records are gone."""
    log = relations.ref("identity_assignments")
    row = warehouse.rows(f"select max(assigned_at) as gone_at from {log} where record_id = ?", [text])[0]
    if row["gone_at"] is not None:
        raise FixInput(
            f"The record {text!r} is gone from its source since {row['gone_at']:%Y-%m-%d}.",
            f"Its history is in {log.name}.",
        )
    row = warehouse.rows(f"select count(*) as rows_found from {log} where profile_id = ?", [text])[0]
    if row["rows_found"]:
        raise FixInput(
            f"All records of the profile {text!r} are gone from their sources.",
            f"Its history is in {log.name}.",
        )
