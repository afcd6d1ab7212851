"""Two whole birth dates many years apart, which no slip of the pen explains, are two people."""

from cdp_cli.identity.linking.vetoes import Veto

_YEARS = 12

VETO = Veto(
    name="birth_dates_far_apart",
    comparison="birth_date",
    why=f"Both have a whole birth date, more than {_YEARS} years apart and differing by more than two slips.",
    condition=(
        "birth_is_whole_l and birth_is_whole_r"
        " and abs(cast(left(birth_text_l, 4) as integer) - cast(left(birth_text_r, 4) as integer))"
        f" > {_YEARS} and damerau_levenshtein(left(birth_text_l, 10), left(birth_text_r, 10)) > 2"
    ),
)
