"""What is compared between two records, in levels from sure agreement to plain difference.

Each level carries a prior for m (how often one person's records are at it) and, where sampling cannot see
it, for u (how often two strangers' are): they stand where the data has too few pairs to learn from.

Surname, address and landline are one comparison, `household`: people who live together share all three, so
three separate comparisons would count one piece of evidence three times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Level:
    """One level of a comparison: a SQL condition over `<column>_l` and `<column>_r`.

    `term_frequency` names the column of `features` whose frequent values say less and rare ones more. Each
    level has a column of its own, since Splink looks a value up by column: a surname has three.
    """

    label: str
    condition: str
    m: float = 0.0
    u: float = 0.0
    term_frequency: str | None = None


@dataclass(frozen=True)
class Comparison:
    """A comparison is used where more than a few records have one of its `needs` filled.

    One that `corrects` others takes back what their agreement counts twice, and learns that from how often
    two strangers agree in both: the names of these comparisons, each with what its labels of agreement begin
    with.
    """

    name: str
    needs: tuple[str, ...]
    levels: tuple[Level, ...]
    corrects: Mapping[str, str] = field(default_factory=dict)


def _slips(column: str, most: int) -> str:
    """Whether two values differ by so many slips at most: a letter left out, put in, wrong, or two swapped.

    What the lengths and the plain edit distance rule out, which counts a swap as two, needs no closer look:
    that costs seven times as much.
    """
    left, right = f"{column}_l", f"{column}_r"
    return (
        f"(abs(length({left}) - length({right})) <= {most} and levenshtein({left}, {right}) <= {2 * most}"
        f" and damerau_levenshtein({left}, {right}) <= {most})"
    )


FIRST_NAME = Comparison(
    "first_name",
    ("first_name",),
    (
        Level("unknown", "first_name_l is null or first_name_r is null"),
        Level("same", "first_name_l = first_name_r", 0.70, 0.005, "first_name"),
        Level(
            "nickname",
            "(list_contains(formal_names_l, first_name_r) or list_contains(formal_names_r, first_name_l)"
            " or list_has_any(formal_names_l, formal_names_r))",
            0.06,
            0.004,
        ),
        Level(
            "one slip",
            f"least(length(first_name_l), length(first_name_r)) >= 3 and {_slips('first_name', 1)}",
            0.06,
            0.002,
        ),
        Level(
            "initial or beginning",
            "(starts_with(first_name_l, first_name_r) or starts_with(first_name_r, first_name_l))",
            0.05,
            0.02,
        ),
        Level(
            "swapped with surname", "first_name_l = last_name_r and last_name_l = first_name_r", 0.01, 0.00002
        ),
        Level(
            "in the other's names",
            "list_contains(name_words_r, first_name_l) or list_contains(name_words_l, first_name_r)",
            0.02,
            0.005,
        ),
        Level("similar", "jaro_winkler_similarity(first_name_l, first_name_r) >= 0.85", 0.03, 0.01),
        Level("different", "else", 0.02, 0.96),
    ),
)

_SAME_STREET = (
    "(street_l = street_r or jaro_winkler_similarity(street_l, street_r) >= 0.92)"
    " and (postcode_l = postcode_r or city_l = city_r or ((postcode_l is null or postcode_r is null)"
    " and (city_l is null or city_r is null)))"
)
_SAME_HOME = f"(({_SAME_STREET}) or shared_phone_l = shared_phone_r)"
_SAME_AREA = "(postcode_l = postcode_r)"
_SAME_TOWN = "(city_l = city_r)"
_SAME_SURNAME = "last_name_l = last_name_r"
_LIKE_SURNAME = (
    "(jaro_winkler_similarity(last_name_l, last_name_r) >= 0.9"
    f" or {_slips('last_name', 1)}"
    " or (first_name_l = last_name_r and last_name_l = first_name_r))"
)
_NO_PLACE = (
    "(street_l is null or street_r is null) and (postcode_l is null or postcode_r is null)"
    " and (city_l is null or city_r is null)"
)

HOUSEHOLD = Comparison(
    "household",
    ("last_name", "street", "postcode", "city"),
    (
        Level("unknown", f"(last_name_l is null or last_name_r is null) and {_NO_PLACE}"),
        Level("same surname, same home", f"{_SAME_SURNAME} and {_SAME_HOME}", 0.30, 0.00002),
        Level("same surname, same postcode", f"{_SAME_SURNAME} and {_SAME_AREA}", 0.10, 0.00002),
        Level(
            "same surname, same town",
            f"{_SAME_SURNAME} and {_SAME_TOWN}",
            0.10,
            0.0001,
            "last_name_in_town",
        ),
        Level("same surname, place unknown", f"{_SAME_SURNAME} and {_NO_PLACE}", 0.10, 0.002, "last_name"),
        Level("same surname, other place", _SAME_SURNAME, 0.10, 0.002, "last_name_elsewhere"),
        Level(
            "similar surname, same home or postcode",
            f"{_LIKE_SURNAME} and ({_SAME_HOME} or {_SAME_AREA})",
            0.06,
            0.00003,
        ),
        Level("similar surname, same town", f"{_LIKE_SURNAME} and {_SAME_TOWN}", 0.03, 0.0003),
        Level("similar surname", _LIKE_SURNAME, 0.05, 0.005),
        Level("same home", _SAME_HOME, 0.05, 0.0001),
        Level("same postcode", _SAME_AREA, 0.05, 0.001),
        Level("same town", _SAME_TOWN, 0.03, 0.02),
        Level("different", "else", 0.06, 0.97),
    ),
)

_SAME_YEAR = "cast(left(birth_text_l, 4) = left(birth_text_r, 4) as integer)"
_SAME_MONTH = "cast(substring(birth_text_l, 6, 2) = substring(birth_text_r, 6, 2) as integer)"
_SAME_DAY = "cast(substring(birth_text_l, 9, 2) = substring(birth_text_r, 9, 2) as integer)"

BIRTH = Comparison(
    "birth_date",
    ("birth_text",),
    (
        Level("unknown", "birth_text_l is null or birth_text_r is null"),
        Level("same", "birth_text_l = birth_text_r", 0.80, 0.0001, "birth_text"),
        Level("one slip", _slips("birth_text", 1), 0.08, 0.001),
        Level(
            "day and month swapped",
            "left(birth_text_l, 4) = left(birth_text_r, 4)"
            " and substring(birth_text_l, 6, 2) = substring(birth_text_r, 9, 2)"
            " and substring(birth_text_l, 9, 2) = substring(birth_text_r, 6, 2)",
            0.02,
            0.0003,
        ),
        Level(
            "two of year, month, day",
            f"({_SAME_YEAR} + {_SAME_MONTH} + {_SAME_DAY}) >= 2",
            0.03,
            0.004,
        ),
        Level("same year", "left(birth_text_l, 4) = left(birth_text_r, 4)", 0.02, 0.015),
        Level("two slips", _slips("birth_text", 2), 0.02, 0.015),
        Level("different", "else", 0.02, 0.96),
    ),
)

# Two of one name tell their addresses apart by a number: tobias.h26 is not tobias.h29.
_LIKE_NUMBER = (
    "(coalesce(email_number_l, '') = coalesce(email_number_r, '')"
    " or (greatest(length(email_number_l), length(email_number_r)) >= 2"
    f" and {_slips('email_number', 1)}))"
)

_SAME_EMAIL_NAME = "email_name_l = email_name_r and length(email_name_l) >= 5"
_FEW_SLIPS_IN_EMAIL = (
    "split_part(email_l, '@', 2) = split_part(email_r, '@', 2)"
    " and least(length(email_name_l), length(email_name_r)) >= 6"
    f" and {_slips('email_name', 2)} and {_LIKE_NUMBER}"
)
_SAME_EMAIL_NUMBER = (
    "email_number_l = email_number_r and length(email_number_l) >= 3"
    " and jaro_winkler_similarity(email_name_l, email_name_r) >= 0.6"
)
# Two addresses that one person made up, or one that was written with a slip.
LIKE_EMAIL = f"(({_SAME_EMAIL_NAME}) or ({_FEW_SLIPS_IN_EMAIL}) or ({_SAME_EMAIL_NUMBER}))"

EMAIL = Comparison(
    "email",
    ("email",),
    (
        Level("unknown", "email_l is null or email_r is null"),
        Level(
            "same, a household's",
            "email_l = email_r and (email_is_shared_l or email_is_shared_r)",
            0.03,
            0.00001,
        ),
        Level("same", "email_l = email_r", 0.55, 0.00001),
        Level("same name, other domain", _SAME_EMAIL_NAME, 0.05, 0.0001),
        Level("few slips", _FEW_SLIPS_IN_EMAIL, 0.07, 0.00005),
        Level("same number in like names", _SAME_EMAIL_NUMBER, 0.05, 0.0001),
        Level(
            "similar name",
            f"jaro_winkler_similarity(email_name_l, email_name_r) >= 0.9 and {_LIKE_NUMBER}",
            0.05,
            0.002,
        ),
        Level("different", "else", 0.25, 0.99),
    ),
)

PHONE = Comparison(
    "phone",
    ("personal_phone",),
    (
        Level("unknown", "personal_phone_l is null or personal_phone_r is null"),
        Level("same", "personal_phone_l = personal_phone_r", 0.60, 0.00001),
        # One of the two was written without its country's code.
        Level(
            "same end",
            "length(personal_phone_l) >= 8 and right(personal_phone_l, 9) = right(personal_phone_r, 9)",
            0.05,
            0.00001,
        ),
        Level("one slip", _slips("personal_phone", 1), 0.03, 0.00001),
        Level("different", "else", 0.37, 0.99),
    ),
)

GENDER = Comparison(
    "gender",
    ("gender",),
    (
        Level("unknown", "gender_l is null or gender_r is null"),
        Level("same", "gender_l = gender_r", 0.97, 0.5),
        Level("different", "else", 0.03, 0.5),
    ),
)

NATIONAL_ID = Comparison(
    "national_id",
    ("national_id",),
    (
        Level("unknown", "national_id_l is null or national_id_r is null"),
        Level("same", "national_id_l = national_id_r", 0.90, 0.00001),
        Level("few slips", _slips("national_id", 2), 0.08, 0.0002),
        Level("different", "else", 0.02, 0.9998),
    ),
)

# A Dutch first name comes with a Dutch surname: two strangers share both more often than either alone would
# have it.
BOTH_NAMES = Comparison(
    "both_names",
    ("first_name",),
    (
        Level(
            "unknown",
            "first_name_l is null or first_name_r is null or last_name_l is null or last_name_r is null",
        ),
        Level("same", "first_name_l = first_name_r and last_name_l = last_name_r", 0.5, 0.5),
        Level("different", "else", 0.5, 0.5),
    ),
    corrects={"first_name": "same", "household": "same surname"},
)

ALL = (FIRST_NAME, HOUSEHOLD, BOTH_NAMES, BIRTH, EMAIL, PHONE, GENDER, NATIONAL_ID)

# The columns of the table `features` that conditions read.
COLUMNS = (
    "first_name", "formal_names", "last_name", "name_words", "birth_text", "gender", "email",
    "email_is_shared", "email_name", "email_number", "personal_phone", "shared_phone", "street",
    "city", "postcode", "national_id",
)  # fmt: skip


def splink_settings(comparisons: tuple[Comparison, ...], prior: float) -> dict[str, Any]:
    """Splink's settings for these comparisons, with the priors as parameters.

    `prior` is the probability that two records drawn at random are one person.
    """
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "n",
        "probability_two_random_records_match": prior,
        "blocking_rules_to_generate_predictions": [],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
        "comparisons": [
            {
                "output_column_name": comparison.name,
                "comparison_levels": [_splink_level(level) for level in comparison.levels],
            }
            for comparison in comparisons
        ],
    }


def _splink_level(level: Level) -> dict[str, Any]:
    if level.label == "unknown":
        return {"sql_condition": level.condition, "label_for_charts": level.label, "is_null_level": True}
    entry: dict[str, Any] = {
        "sql_condition": "ELSE" if level.condition == "else" else level.condition,
        "label_for_charts": level.label,
        "m_probability": level.m,
        "u_probability": level.u,
    }
    if level.term_frequency:
        entry["tf_adjustment_column"] = level.term_frequency
        entry["tf_adjustment_weight"] = 1.0
        # The level's own u is the base: a household level has no exact match on one column to look for.
        entry["disable_tf_exact_match_detection"] = True
    return entry
