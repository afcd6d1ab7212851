"""Syncs as exposures: dbt knows what each one sends where, and nothing secret stands in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cdp_cli.errors import FixConfiguration
from cdp_cli.staging import generated

FILE = Path("models/unified/_exposures.yml")
SYNC = """
{{ config(meta={'sync': {
    'connection': 'crm', 'object': 'events', 'mode': 'mirror', 'purpose': 'advertising',
    'holdout': var('holdout', 0.1),
}}) }}
select 1
"""
CONNECTIONS = """
connections:
  crm:
    destination: webhook
    description: The call centre
    base_url: https://hooks.example.com/services/T0/B0/very-secret
    secrets: {signing_secret: env:CRM_SECRET}
"""


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def exposures(folder: Path) -> dict[str, Any]:
    generated.write(folder)
    listed = yaml.safe_load((folder / FILE).read_text(encoding="utf-8"))["exposures"]
    return {exposure["name"]: exposure for exposure in listed}


def test_a_sync_is_an_application_that_depends_on_its_model(tmp_path: Path) -> None:
    write(tmp_path, "connections.yml", CONNECTIONS)
    write(tmp_path, "models/activation/crm__callers.sql", SYNC)
    write(tmp_path, "models/activation/not_sent.sql", "{{ config(materialized='table') }} select 1")
    assert exposures(tmp_path) == {
        "crm__callers": {
            "name": "crm__callers",
            "label": "The call centre: events",
            "type": "application",
            "url": "https://hooks.example.com",
            "description": "What `cdp sync` sends to the connection crm for the purpose advertising.",
            "depends_on": ["ref('crm__callers')"],
            "owner": {"name": "project"},
            "config": {
                "meta": {
                    "connection": "crm", "destination": "webhook", "mode": "mirror", "object": "events",
                    "purpose": "advertising",
                }
            },
        }
    }  # fmt: skip
    assert "ecret" not in (tmp_path / FILE).read_text(encoding="utf-8")


def test_meta_may_stand_in_the_properties_file_and_names_the_owner(tmp_path: Path) -> None:
    write(tmp_path, "models/activation/crm__callers.sql", "select 1")
    write(
        tmp_path,
        "models/activation/crm__callers.yml",
        "models: [{name: crm__callers, config: {meta: {owner: calls@example.com, sync: {connection: crm}}}}]",
    )
    (found,) = exposures(tmp_path).values()
    assert found["owner"] == {"email": "calls@example.com"}
    assert found["label"] == "crm: crm__callers"
    assert "url" not in found


def test_a_disabled_sync_is_no_exposure(tmp_path: Path) -> None:
    write(tmp_path, "models/activation/crm__a.sql", SYNC.replace("meta=", "enabled=false, meta="))
    write(tmp_path, "models/activation/crm__b.sql", SYNC)
    write(tmp_path, "models/activation/crm__b.yml", "models: [{name: crm__b, config: {enabled: false}}]")
    assert FILE not in generated.write(tmp_path).files


def test_an_address_that_the_environment_decides_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "connections.yml", CONNECTIONS.replace("hooks.example.com", "${CRM_HOST}"))
    write(tmp_path, "models/activation/crm__callers.sql", SYNC)
    assert "url" not in exposures(tmp_path)["crm__callers"]


def test_a_connection_that_is_worked_out_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "models/activation/crm__a.sql", SYNC.replace("'crm'", "var('connection')"))
    with pytest.raises(
        FixConfiguration, match=r"crm__a\.sql: meta\.sync does not name its connection as plain"
    ):
        generated.plan(tmp_path)


def test_the_file_goes_with_the_last_sync(tmp_path: Path) -> None:
    write(tmp_path, "models/activation/crm__callers.sql", SYNC)
    assert exposures(tmp_path)
    (tmp_path / "models/activation/crm__callers.sql").unlink()
    assert generated.plan(tmp_path).stale == (FILE,)
    generated.write(tmp_path)
    assert not (tmp_path / FILE).exists()
