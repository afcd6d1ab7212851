"""Protocols are found by name: modules of ours, and one beside the project's own YAML."""

from __future__ import annotations

import pytest

from cdp_cli.config import Settings
from cdp_cli.destinations import connect
from cdp_cli.destinations.base import Accepted, Verb
from cdp_cli.errors import FixConfiguration
from tests.python.destinations.conftest import batch

YAML = """
destination: own_queue
description: A queue in a file.
protocol: own_queue
settings: {path: {description: The file., required: true}}
objects:
  people:
    description: People.
    match: [external_id]
    idempotency: keyed
    fields: {external_id: {}}
    append:
      put: "{object}"
      batch: {rows: 10, bytes: 1MB}
      row: $fields
"""
MODULE = """
from cdp_cli.destinations.base import Accepted
from cdp_cli.destinations.objects import DestinationObject


class OwnQueueDestination(DestinationObject):
    def send(self, batch):
        path = self.connection.project_dir / self.connection.settings["path"]
        with path.open("a", encoding="utf-8") as file:
            file.write(batch.lines + "\\n")
        return Accepted()
"""


def own(settings: Settings, module: str | None = MODULE, protocol: str = "own_queue") -> None:
    folder = settings.project_dir / "destinations"
    folder.mkdir()
    (folder / "own_queue.yml").write_text(YAML.replace("protocol: own_queue", f"protocol: {protocol}"))
    if module is not None:
        (folder / "own_queue.py").write_text(module)
    (settings.project_dir / "connections.yml").write_text(
        "connections: {queue: {destination: own_queue, settings: {path: queue.jsonl}}}\n"
    )


def test_a_protocol_of_the_project_is_a_module_beside_its_yaml(settings: Settings) -> None:
    own(settings)
    there = connect("queue", "people", settings)
    assert there.send(batch(there, Verb.APPEND, [{"external_id": "p1"}])) == Accepted()
    assert (settings.project_dir / "queue.jsonl").read_text() == '{"external_id":"p1"}\n'


@pytest.mark.parametrize(
    ("module", "protocol", "sentence"),
    [
        (None, "own_queue", "There is no protocol 'own_queue'. Use one of http, files, or write"),
        ("x = 1\n", "own_queue", "own_queue.py has no class OwnQueueDestination. Write `class OwnQueue"),
        ("import nothing_like_it\n", "own_queue", "cannot be imported: ModuleNotFoundError: No module named"),
        (MODULE, "../own_queue", "protocol: '../own_queue' is not the name of a protocol"),
    ],
)
def test_a_protocol_that_cannot_be_found_is_named(
    module: str | None, protocol: str, sentence: str, settings: Settings
) -> None:
    own(settings, module, protocol)
    with pytest.raises(FixConfiguration) as caught:
        connect("queue", "people", settings)
    assert sentence in str(caught.value)
