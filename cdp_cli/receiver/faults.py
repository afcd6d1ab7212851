"""Failures on request: which requests fail, how, how often; and which records are refused."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Fault(BaseModel):
    """One way to fail, for the next `times` requests or for a seeded share of all that match."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["status", "slow", "cut_before", "cut_after", "reject"]
    path: str = ""  # a regular expression that must be found in the path
    method: str = ""
    times: int | None = Field(default=None, ge=0)  # then it ends; None: never
    probability: float = Field(default=1.0, ge=0, le=1)
    seed: int = 0
    status: int = 503
    retry_after: int | float | str | None = None
    seconds: float = 1.0  # of a slow answer
    where: dict[str, Any] = {}  # of a rejected record: these fields have these values
    reason: str = "refused on request"

    def fits(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is to be rejected."""
        return self.kind == "reject" and all(record.get(name) == value for name, value in self.where.items())


class Faults:
    """The active faults."""

    def __init__(self) -> None:
        self._faults: list[tuple[Fault, random.Random]] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Add one after the active faults."""
        with self._lock:
            self._faults.append((fault, random.Random(fault.seed)))

    def clear(self) -> None:
        """Remove all."""
        with self._lock:
            self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, if any; it counts as used."""
        with self._lock:
            for fault, chance in self._faults:
                if fault.kind == "reject" or not _meets(fault, method, path):
                    continue
                if chance.random() < fault.probability:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def rejects(self, path: str, record: Mapping[str, Any]) -> str | None:
        """Why this record is refused, or None."""
        with self._lock:
            for fault, _ in self._faults:
                if fault.fits(record) and _meets(fault, fault.method, path):
                    if fault.times is not None:
                        fault.times -= 1
                    return fault.reason
        return None


def _meets(fault: Fault, method: str, path: str) -> bool:
    return fault.times != 0 and fault.method in ("", method) and re.search(fault.path, path) is not None
