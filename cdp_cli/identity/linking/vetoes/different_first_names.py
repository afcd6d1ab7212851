"""Two first names that no nickname, initial, swap or slip explains are two people.

Families share surname, address and landline; the first name is what tells their members apart. A personal
identifier in common says otherwise.
"""

from cdp_cli.identity.linking.comparisons import LIKE_EMAIL
from cdp_cli.identity.linking.vetoes import Veto

_COMMON_IDENTIFIER = (
    "coalesce(list_has_any(personal_ids_l, personal_ids_r), false)"
    f" or coalesce(email_l <> email_r and {LIKE_EMAIL}, false)"
)

_RELATED_FORMS = (
    "len(list_filter(list_prepend(first_name_l, formal_names_l), lambda mine:"
    " len(list_filter(list_prepend(first_name_r, formal_names_r), lambda theirs:"
    " mine = theirs"
    " or (least(length(mine), length(theirs)) = 1 and left(mine, 1) = left(theirs, 1))"
    " or (length(mine) > 3 and damerau_levenshtein(mine, theirs) <= 1))) > 0)) > 0"
)

_SLIPPED_NICKNAME = " or ".join(
    f"coalesce(length({name}) >= 3 and len(list_filter({nicknames}, lambda nickname:"
    f" (length(nickname) > 3 or left(nickname, 1) = left({name}, 1))"
    f" and damerau_levenshtein(nickname, {name}) <= 1)) > 0, false)"
    for name, nicknames in (
        ("first_name_l", "first_name_nicknames_r"),
        ("first_name_r", "first_name_nicknames_l"),
    )
)

# A slip in a short name makes it another one: with x for a surname, every initial would be a swap.
_WRITTEN_AS_SURNAME = " or ".join(
    f"coalesce({name} = {last} or (length({name}) > 3 and damerau_levenshtein({name}, {last}) <= 1), false)"
    for name, last in (("first_name_l", "last_name_r"), ("first_name_r", "last_name_l"))
)

VETO = Veto(
    name="different_first_names",
    comparison="first_name",
    firm=False,
    why=(
        "The first names differ by more than two letters in five and begin differently, neither stands "
        "inside the other, is a nickname of it (a slip allowed) or another of its names, and no personal "
        "identifier is shared."
    ),
    condition=(
        "first_name_is_given_l and first_name_is_given_r"
        " and left(first_name_l, 3) <> left(first_name_r, 3)"
        " and (least(length(first_name_l), length(first_name_r)) = 1"
        " or (not contains(first_name_l, first_name_r) and not contains(first_name_r, first_name_l)"
        " and damerau_levenshtein(first_name_l, first_name_r) * 5"
        " > greatest(length(first_name_l), length(first_name_r)) * 2))"
        f" and not ({_RELATED_FORMS})"
        f" and not ({_SLIPPED_NICKNAME})"
        " and not list_contains(name_words_l, first_name_r) and not list_contains(name_words_r, first_name_l)"
        f" and not ({_WRITTEN_AS_SURNAME})"
        f" and not ({_COMMON_IDENTIFIER})"
    ),
)
