"""The normalisers and hashes that a destination's YAML can name, as DuckDB SQL.

Each destination lists its own steps, because the rules of two vendors are rarely the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_EMAIL = r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$"
_GMAIL = "@(gmail|googlemail)[.]com$"  # of a text that `email` left
_E164 = r"^\+[1-9][0-9]{6,14}$"


def quoted(name: str) -> str:
    """A column's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _text(value: str) -> str:
    return f"cast({value} as varchar)"


def _only_if(pattern: str, value: str) -> str:
    return f"case when regexp_full_match({value}, {literal(pattern)}) then {value} end"


# Each step takes an SQL expression and returns one; an unusable value becomes null.
STEPS: dict[str, Callable[[str], str]] = {
    "trim": lambda value: f"nullif(trim({_text(value)}), '')",
    "lower": lambda value: f"lower({_text(value)})",
    "upper": lambda value: f"upper({_text(value)})",
    "digits": lambda value: f"nullif(regexp_replace({_text(value)}, '[^0-9]', '', 'g'), '')",
    "email": lambda value: _only_if(_EMAIL, f"lower(trim({_text(value)}))"),
    # Google reads all spellings of one of its addresses as the same: ada.l+shop@gmail.com is adal@gmail.com.
    "gmail": lambda value: (
        f"case when regexp_matches({_text(value)}, {literal(_GMAIL)}) "
        f"then regexp_replace(replace(split_part({_text(value)}, '@', 1), '.', ''), '[+].*', '') "
        f"|| '@' || split_part({_text(value)}, '@', 2) else {_text(value)} end"
    ),
    "e164": lambda value: _only_if(_E164, f"regexp_replace({_text(value)}, '[ ()./-]', '', 'g')"),
}

# A hash is lower-case hexadecimal of the UTF-8 text.
HASHES: dict[str, Callable[[str], str]] = {
    "sha256": lambda value: f"sha256({_text(value)})",
    "md5": lambda value: f"md5({_text(value)})",
}


def expression(column: str, steps: Sequence[str]) -> str:
    """The column after the steps; null stays null."""
    value = quoted(column)
    for step in steps:
        value = STEPS[step](value)
    return value
