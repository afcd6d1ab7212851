"""A gym, made by `cdp init`, adds a thing of each kind by files of its own; the engine stays as it is."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import duckdb
import pytest
import yaml

from cdp_cli.receiver import Receiver
from tests.conftest import ENGINE, ROOT, Project

PURPOSES = """purpose,label,channel,description
club_news,News of the club,email,Telling members what is on
"""
# The webhook of the engine under another name, with a batch size of the gym's own.
DESTINATION = yaml.safe_load((ROOT / "cdp_cli" / "destinations" / "webhook.yml").read_text(encoding="utf-8"))
IDENTIFIER_TYPES = (ENGINE / "seeds" / "identity" / "identifier_types.csv").read_text(encoding="utf-8")
FILES = {
    "entities/person.yml": """
extends: person
columns:
  - {name: club_card, type: varchar, pii: true, description: "Number of the card at the turnstile."}
""",
    "entities/visit.yml": """
entity: visit
plural: visits
description: One row per visit of the gym.
key: visit_id
columns:
  - {name: visit_id, type: varchar, required: true, description: "Unique over all sources."}
  - {name: record_id, type: varchar, pii: true, description: "Who came."}
  - {name: came_at, type: timestamp, description: "When, in UTC."}
""",
    "models/staging/desk/desk_members.sql": """
select * from (values
    ('m1', 'Ada Brandt', 'ada@example.org', '77'),
    ('m2', 'Bo Chen', 'bo@example.org', '78'),
    ('m3', 'Claire Dupont', 'claire@example.org', null),
    ('m4', 'Claire Dupont', 'claire@example.org', null)
) as members (record_id, full_name, email, club_card)
""",
    "models/staging/turnstile/turnstile_cards.sql": """
select * from (values ('t77', '77'), ('t79', '79')) as cards (record_id, club_card)
""",
    "models/staging/turnstile/turnstile.yml": """
models:
  - name: turnstile_cards
    config: {meta: {entity: person}}
    columns: [{name: record_id}, {name: club_card}]
""",
    "models/staging/desk/desk_visits.sql": """
select * from (values
    ('v1', 'm1', timestamp '2026-10-01 07:00:00'),
    ('v2', 'm1', timestamp '2026-10-03 07:00:00'),
    ('v3', 'm2', timestamp '2026-10-03 18:00:00')
) as visits (visit_id, record_id, came_at)
""",
    "models/staging/desk/desk_consents.sql": """
select
    'c' || record_id as consent_event_id,
    record_id,
    'club_news' as purpose,
    'granted' as state,
    timestamp '2026-09-01 00:00:00' as captured_at
from {{ ref('desk_members') }}
""",
    "models/staging/desk/desk.yml": """
models:
  - name: desk_members
    config: {meta: {entity: person, one_record_per_person: true}}
    columns: [{name: record_id}, {name: full_name}, {name: email}, {name: club_card}]
  - name: desk_visits
    config: {meta: {entity: visit}}
    columns: [{name: visit_id}, {name: record_id}, {name: came_at}]
  - name: desk_consents
    config: {meta: {entity: consent_event}}
    columns:
      - {name: consent_event_id}
      - {name: record_id}
      - {name: purpose}
      - {name: state}
      - {name: captured_at}
""",
    "models/traits/visit_traits.sql": """
select
    identity_map.profile_id,
    count(*) as count_gym_visits

from {{ ref('unified_visits') }} as visits

inner join {{ ref('identity_map') }} as identity_map
    on visits.record_id = identity_map.record_id

group by identity_map.profile_id
""",
    "models/traits/visit_traits.yml": """
models:
  - name: visit_traits
    description: One row per profile that came to the gym.
    columns:
      - {name: profile_id, data_type: string, description: The person.}
      - {name: count_gym_visits, data_type: bigint, description: Visits.}
""",
    "models/segments/regular_visitors.sql": """
select profile_id from {{ ref('profile_traits') }} where count_gym_visits >= 2
""",
    "models/activation/club_desk__regular_visitors.sql": """
{{ config(meta={'sync': {
    'connection': 'desk', 'object': 'regulars', 'mode': 'mirror', 'purpose': 'club_news',
}}) }}
select profiles.profile_id, profiles.profile_id as external_id, profiles.email
from {{ ref('regular_visitors') }} as regular_visitors
inner join {{ ref('profiles') }} as profiles on regular_visitors.profile_id = profiles.profile_id
""",
    "destinations/club_desk.yml": yaml.safe_dump(
        {**DESTINATION, "destination": "club_desk"}, sort_keys=False
    ),
    "connections.yml": """
connections:
  desk:
    destination: club_desk
    medium: email
    base_url: ${CDP_RECEIVER_URL}/webhook/desk
    secrets: {signing_secret: env:CRM_WEBHOOK_SECRET}
""",
    "seeds/purposes.csv": PURPOSES,
    "seeds/identifier_types.csv": (
        IDENTIFIER_TYPES + "club_card,0.999,3,1,2,50,,source,false,A card at the turnstile is one person's.\n"
    ),
}
# The gym's own seeds take the place of the engine's.
OWN_SEEDS = """
seeds:
  cdp: {consent: {purposes: {+enabled: false}}, identity: {identifier_types: {+enabled: false}}}
  gym: {+schema: profiles}
"""
# Its desk has two records of one person, and a score of 0.8 is not sure enough for it.
SETTINGS = """
  identity_vetoes: {one_record_per_person: false}
  identity_auto: 0.8
"""


def engine_digest() -> str:
    digest = hashlib.sha256()
    for folder in (ENGINE, ROOT / "cdp_cli"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def gym(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The gym after a run, what its receiver got, and whether the engine is as it was."""
    project = Project(tmp_path_factory.mktemp("gym") / "gym")
    project.root.mkdir()
    before = engine_digest()
    assert project.cdp("init", ".").code == 0
    for name, text in FILES.items():
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    settings = project.root / "dbt_project.yml"
    head, variables, rest = settings.read_text(encoding="utf-8").partition("\nvars:\n")
    settings.write_text(head + variables + SETTINGS.lstrip("\n") + rest + OWN_SEEDS, encoding="utf-8")
    generated = project.cdp("generate")
    assert generated.code == 0, generated.err
    with Receiver() as receiver:
        ran = project.cdp("run", "--json", **receiver.environment)
        assert ran.code == 0, ran.out + ran.err
        received = receiver.log()
    return {"project": project, "run": ran.json, "received": received, "untouched": before == engine_digest()}


def rows(gym: dict[str, Any], sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(gym["project"].warehouse), read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()


def test_the_gym_edits_no_file_of_the_engine(gym: dict[str, Any]) -> None:
    assert gym["untouched"]
    assert os.path.realpath(gym["project"].root / "dbt_packages" / "cdp") == str(ENGINE)


def test_its_entity_and_trait_group_are_in_profile_traits(gym: dict[str, Any]) -> None:
    assert rows(gym, "select count(*) from unified.unified_visits") == [(3,)]
    assert rows(
        gym, "select count_gym_visits, count(*) from profiles.profile_traits group by 1 order by 1"
    ) == [
        (0, 1),
        (1, 1),
        (2, 1),
    ]


def test_its_identifier_type_joins_by_the_rule_of_its_name(gym: dict[str, Any]) -> None:
    [(one, other)] = rows(
        gym,
        "select left_record_id, right_record_id from identity.identity_current_pairs "
        "where rule = 'same_club_card'",
    )
    together = "select count(distinct profile_id) from identity.identity_map where record_id in"
    assert {one, other} == {"m1", "t77"}
    assert rows(gym, f"{together} ('m1', 't77')") == [(1,)]


def test_its_veto_switch_and_its_band_hold(gym: dict[str, Any]) -> None:
    """With the veto, two records of the desk are two people."""
    assert rows(
        gym, "select count(distinct profile_id) from identity.identity_map where record_id in ('m3', 'm4')"
    ) == [(1,)]
    shown = gym["project"].cdp("identity", "explain", "m3", "m4", "--json")
    assert shown.code == 0, shown.err
    manifest = json.loads((gym["project"].root / "target" / "manifest.json").read_text(encoding="utf-8"))
    meta = manifest["nodes"]["model.cdp.identity_assignments"]["config"]["meta"]["settings"]
    assert float(meta["auto"]) == 0.8


def test_its_purposes_are_the_only_ones(gym: dict[str, Any]) -> None:
    assert rows(gym, "select purpose from profiles.purposes") == [("club_news",)]


def test_its_segment_reaches_its_own_destination(gym: dict[str, Any]) -> None:
    [sync] = gym["run"]["syncs"]
    assert (sync["name"], sync["added"]) == ("club_desk__regular_visitors", 1)
    assert len(gym["received"]) == 1
