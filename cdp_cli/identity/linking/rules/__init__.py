"""Facts that join two records by themselves. One file each, found by its RULE."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """Two records that share a personal value of `identifier_type` are one person with `probability`.

    A value of several people is not personal (identity_identifiers says which are), so it joins nobody.
    """

    name: str
    identifier_type: str
    probability: float
    why: str
