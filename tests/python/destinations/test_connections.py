"""connections.yml: each mistake has one sentence, and a secret is never in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp_cli.config import Settings
from cdp_cli.destinations import connect, connections
from cdp_cli.errors import FixConfiguration

KEY = "pk_live_0123456789"
HEAD = "connections:\n  tool:\n"


def klaviyo(*lines: str, secrets: str = "{api_key: env:TOOL_KEY}") -> str:
    return HEAD + "".join(f"    {line}\n" for line in ("destination: klaviyo", f"secrets: {secrets}", *lines))


CASES = [
    ("no file", None, "connections.yml does not exist."),
    ("broken YAML", "connections: [", "connections.yml line 1: "),
    ("not a mapping", "- a\n", "is not a YAML mapping."),
    ("a key twice", klaviyo("destination: files"), "line 5: the key 'destination' is given twice."),
    ("unknown key", klaviyo("colour: blue"), "unknown key connections.tool.colour."),
    ("no destination", HEAD + "    secrets: {}\n", "the key connections.tool.destination is missing."),
    (
        "the former key",
        HEAD + "    channel: klaviyo\n    secrets: {}\n",
        "connections.tool.channel is now called destination.",
    ),
    ("unknown destination", HEAD + "    destination: fax\n", "There is no destination 'fax'."),
    ("unknown connection", "connections: {}\n", "has no connection 'tool'."),
    ("unknown object", klaviyo(), "(destination klaviyo) has no object 'things'."),
    ("literal secret", klaviyo(secrets=f"{{api_key: {KEY}}}"), "secrets.api_key is not a reference."),
    ("secret with a default", klaviyo(secrets="{api_key: '${X:-y}'}"), "api_key is not a reference."),
    ("missing secret", klaviyo(secrets="{}"), "connections.tool.secrets.api_key is missing."),
    (
        "unknown secret",
        klaviyo(secrets="{token: env:TOOL_KEY}"),
        "secrets.token is not a secret of the destination",
    ),
    (
        "unset variable",
        klaviyo(secrets="{api_key: env:NOT_SET}"),
        "secrets.api_key needs the environment variable NOT_SET, which is not set.",
    ),
    ("no such file", klaviyo(secrets="{api_key: file:gone}"), "gone, which cannot be read."),
    ("empty file", klaviyo(secrets="{api_key: file:empty}"), "empty, which is empty."),
    ("no address", klaviyo("base_url: a.klaviyo.com"), "base_url is not an http or https address."),
    ("password in the address", klaviyo(f"base_url: https://x:{KEY}@y.z"), "base_url holds credentials"),
    (
        "http in the open",
        klaviyo("base_url: http://a.klaviyo.com"),
        "base_url is http, which would send secrets and people's data unencrypted.",
    ),
    (
        "unset address",
        klaviyo("base_url: 'https://${NOT_SET}/x'"),
        "environment variable NOT_SET, which is not",
    ),
    (
        "unknown setting",
        klaviyo("settings: {lst: a}"),
        "settings.lst is not a setting of the destination klaviyo.",
    ),
    ("unknown limit", klaviyo("limits: {bulk: [1/s]}"), "limits.bulk is not a limit of the destination"),
    (
        "bad rate",
        klaviyo("limits: {import: [often]}"),
        "connections.tool.limits.import.0: 'often' is not a rate",
    ),
]


@pytest.mark.parametrize(("text", "sentence"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_mistake_is_one_sentence_without_the_secret(
    text: str | None, sentence: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = settings.project_dir / "connections.yml"
    path.unlink()
    (settings.project_dir / "empty").touch()
    if text is not None:
        path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("TOOL_KEY", KEY)
    with pytest.raises(FixConfiguration) as caught:
        connect("tool", "things" if "things" in sentence else "profiles", settings)
    assert sentence in caught.value.problem
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_object_s_own_settings_are_asked_for_only_where_it_needs_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOL_KEY", KEY)
    (settings.project_dir / "connections.yml").write_text(klaviyo(), encoding="utf-8")
    connect("tool", "profiles", settings)
    with pytest.raises(FixConfiguration, match=r"settings\.list_id is missing"):
        connect("tool", "list_members", settings)


def test_a_secret_may_come_from_a_file_and_is_never_shown(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n", encoding="utf-8")
    text = klaviyo(secrets=f"{{api_key: 'file:{tmp_path / 'key'}'}}")
    (settings.project_dir / "connections.yml").write_text(text, encoding="utf-8")
    there = connect("tool", "profiles", settings)
    assert KEY not in repr(there)
    assert KEY not in repr(vars(there)["connection"])


def test_the_demo_s_connections_are_complete(settings: Settings) -> None:
    assert connections(settings) == ["crm_webhook", "exports", "newsletter"]
    for connection, name in [("newsletter", "winback_list"), ("exports", "x"), ("crm_webhook", "y")]:
        assert connect(connection, name, settings).verbs
    with pytest.raises(FixConfiguration, match="has no object 'no_list'"):
        connect("newsletter", "no_list", settings)


def test_the_environment_chooses_the_address(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CDP_RECEIVER_URL", raising=False)
    there = connect("newsletter", "profiles", settings)
    assert vars(there)["connection"].base_url == "http://127.0.0.1:8710/klaviyo"
    monkeypatch.setenv("CDP_RECEIVER_URL", "http://127.0.0.1:1234")
    there = connect("newsletter", "profiles", settings)
    assert vars(there)["connection"].base_url == "http://127.0.0.1:1234/klaviyo"


def test_the_medium_is_the_destinations_or_else_the_connections(settings: Settings) -> None:
    media = [
        connect(connection, "vip_list", settings).medium
        for connection in ("newsletter", "crm_webhook", "exports")
    ]
    assert media == ["email", "onsite", "ads"]


def test_a_connection_does_not_contradict_its_destinations_medium(settings: Settings) -> None:
    path = settings.project_dir / "connections.yml"
    text = path.read_text(encoding="utf-8").replace("klaviyo\n", "klaviyo\n    medium: onsite\n", 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FixConfiguration, match=r"newsletter\.medium is 'onsite'.*klaviyo reaches.*'email'"):
        connect("newsletter", "vip_list", settings)


def test_a_connection_that_states_no_medium_may_be_any(settings: Settings) -> None:
    path = settings.project_dir / "connections.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("    medium: ads\n", ""), encoding="utf-8")
    assert connect("exports", "anything", settings).medium == "*"
