"""Two citizen numbers that differ by more than slips of the pen are two citizens."""

from cdp_cli.identity.linking.vetoes import Veto

VETO = Veto(
    name="different_national_id",
    comparison="national_id",
    why="Both have a national id, and the two differ by more than two slips of the pen.",
    condition=(
        "national_id_l is not null and national_id_r is not null"
        " and damerau_levenshtein(national_id_l, national_id_r) > 2"
    ),
)
