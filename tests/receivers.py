"""A real receiver on loopback as a fixture: `from tests.receivers import receiver` in a conftest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cdp_cli.receiver import Receiver


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver of the test's own, which the demo's connections.yml reaches."""
    with Receiver(tmp_path / "receiver.sqlite") as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running
