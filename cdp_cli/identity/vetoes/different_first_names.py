"""Two first names that no nickname, initial, swap or slip explains are two people, unless an identifier says not.

Families share surname, address and landline; the first name is what tells their members apart.
"""

from cdp_cli.identity.vetoes import Veto

_COMMON_IDENTIFIER = (
    "coalesce(personal_email_l = personal_email_r, false)"
    " or coalesce(personal_phone_l = personal_phone_r, false)"
    " or coalesce(user_id_l = user_id_r, false)"
    " or coalesce(loyalty_id_l = loyalty_id_r, false)"
    " or coalesce(national_id_l = national_id_r, false)"
)

VETO = Veto(
    name="different_first_names",
    why=(
        "The first names differ by more than two letters in five, neither is a nickname, the beginning or another "
        "name of the other, and no personal identifier is shared."
    ),
    condition=(
        "length(first_name_l) > 1 and length(first_name_r) > 1"
        " and not starts_with(first_name_l, first_name_r) and not starts_with(first_name_r, first_name_l)"
        " and levenshtein(first_name_l, first_name_r) * 5"
        " > greatest(length(first_name_l), length(first_name_r)) * 2"
        " and not list_has_any(first_name_forms_l, first_name_forms_r)"
        " and not list_contains(name_words_l, first_name_r) and not list_contains(name_words_r, first_name_l)"
        " and coalesce(levenshtein(first_name_l, last_name_r), 9) > 1"
        " and coalesce(levenshtein(last_name_l, first_name_r), 9) > 1"
        f" and not ({_COMMON_IDENTIFIER})"
    ),
)
