"""Reasons that keep two records apart whatever their score. One file each; every module with a VETO is found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Veto:
    """`condition` is SQL over `<column>_l` and `<column>_r` of the table `features`; null is no veto."""

    name: str
    why: str
    condition: str
