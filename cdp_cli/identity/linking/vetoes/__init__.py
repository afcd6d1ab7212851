"""Reasons that keep two records apart whatever the score. One file each, found by its VETO."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Veto:
    """`condition` is SQL over `<column>_l` and `<column>_r` of the table `features`; null is no veto.

    No vetoed pair joins by itself. A firm veto between any two of their records keeps two groups apart too;
    one that is not firm does so unless most pairs between them say otherwise (a name that nobody listed as a
    nickname stands alone among records that agree).

    A veto on what the model compares names that `comparison`: it is in force only where the model learnt that
    one person's records hardly ever differ there (`found.vetoes_in_force`). Where many do, as in data with
    misspelt citizen numbers, a difference is evidence to weigh and no proof.
    """

    name: str
    why: str
    condition: str
    firm: bool = True
    comparison: str | None = None
