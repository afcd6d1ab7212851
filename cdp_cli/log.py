"""Logging without personal data: one filter masks e-mail addresses and phone numbers in every message."""

from __future__ import annotations

import logging
import re
import sys

_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+\.[\w.-]+")
_PHONE = re.compile(r"\+\d[\d ()-]{6,}\d")


def masked(text: str) -> str:
    """`text` with e-mail addresses and international phone numbers replaced by a placeholder."""
    return _PHONE.sub("<phone>", _EMAIL.sub("<e-mail>", text))


class _MaskPersonalData(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = masked(record.getMessage())
        record.args = None
        return True


def configure(verbose: bool) -> None:
    """Log to standard error: warnings, or every step if `verbose`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_MaskPersonalData())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("cdp_cli")
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.WARNING)
    root.propagate = False
