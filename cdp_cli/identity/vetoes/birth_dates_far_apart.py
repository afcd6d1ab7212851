"""Two whole birth dates many years apart, which no slip of the pen explains, are two people."""

from cdp_cli.identity.vetoes import Veto

_YEARS = 12

VETO = Veto(
    name="birth_dates_far_apart",
    comparison="birth_date",
    why=f"Both have a whole birth date, more than {_YEARS} years apart and differing by more than two slips.",
    condition=(
        "birth_date_l is not null and birth_date_r is not null"
        " and abs(cast(left(birth_date_l, 4) as integer) - cast(left(birth_date_r, 4) as integer))"
        f" > {_YEARS} and damerau_levenshtein(birth_date_l, birth_date_r) > 2"
    ),
)
