"""Every error has an exit code of its own, and the docs name it."""

from __future__ import annotations

from cdp_cli import errors
from tests.conftest import ROOT

CLASSES = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CdpError)
]


def test_exit_codes_are_distinct() -> None:
    codes = [kind.exit_code for kind in CLASSES]
    assert len(codes) == len(set(codes))


def test_every_exit_code_is_documented() -> None:
    documented = (ROOT / "docs" / "reference" / "exit-codes.md").read_text()
    for kind in CLASSES:
        if kind is not errors.CdpError:
            assert f"| {kind.exit_code} |" in documented
            assert f"`{kind.__name__}`" in documented
