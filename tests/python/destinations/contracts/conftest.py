"""A contract's YAML in a project, connected to its vendor's server; batches are followed to their end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdp_cli.config import Settings
from cdp_cli.destinations import connect, find_destinations
from cdp_cli.destinations.base import Answer, Batch, Destination, Part, Verb
from tests.python.destinations.conftest import batch, deliver
from tests.python.destinations.contracts.cases import CASES, Case
from tests.python.destinations.contracts.vendors.base import Vendor

FOLDER = Path(__file__).parent
Connect = Callable[[str], Destination]


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The contract of the test's parameter, or of the constant VENDOR of its module."""
    name = getattr(request, "param", None) or request.module.VENDOR
    return CASES[name]


@pytest.fixture
def vendor(case: Case) -> Iterator[Vendor]:
    """The vendor's server."""
    with case.vendor().running() as running:
        yield running  # type: ignore[misc]


@pytest.fixture
def connected(
    case: Case, vendor: Vendor, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Destination]:
    """An object of the vendor over a connection; an argument that is not given is the case's."""
    name = vendor.destination
    if name not in find_destinations(settings.project_dir):
        (settings.project_dir / "destinations").mkdir(exist_ok=True)
        text = (FOLDER / f"{name}.yml").read_text(encoding="utf-8")
        # Google's tokens come from another host than its API.
        text = text.replace("https://oauth2.googleapis.com", vendor.url)
        (settings.project_dir / "destinations" / f"{name}.yml").write_text(text, encoding="utf-8")

    def open_object(wanted: str | None = None, **given: str) -> Destination:
        secrets = {**vendor.connection_secrets(), **given}
        for key, value in secrets.items():
            monkeypatch.setenv(f"CONTRACT_{key.upper()}", value)
        connection = {
            "destination": name,
            "base_url": vendor.url,
            "secrets": {key: f"env:CONTRACT_{key.upper()}" for key in secrets},
            "settings": dict(vendor.settings),
        }
        if "medium: " not in (FOLDER / f"{name}.yml").read_text(encoding="utf-8"):
            connection["medium"] = "email"
        text = yaml.safe_dump({"connections": {"vendor": connection}})
        (settings.project_dir / "connections.yml").write_text(text, encoding="utf-8")
        return connect("vendor", wanted or case.object, settings)

    return open_object


@pytest.fixture
def there(connected: Callable[..., Destination]) -> Destination:
    """The case's object."""
    return connected()


def put(case: Case, there: Destination, people: Sequence[dict[str, Any]] | None = None) -> Answer:
    """Send people, and follow the batch to its end."""
    return deliver(there, batch(there, case.put, case.people if people is None else people))


def removed(case: Case, there: Destination, people: Sequence[dict[str, Any]] | None = None) -> Answer:
    """Send a removal, and follow the batch to its end."""
    return deliver(there, batch(there, case.remove, case.known if people is None else people, key="key-2"))


def numbered(there: Destination, verb: Verb, people: Sequence[dict[str, Any]], part: Part) -> Batch:
    """A batch with its place in a run."""
    return dataclasses.replace(batch(there, verb, people), part=part)
