"""Shows a question in the terminal, two records side by side, and reads the answer as one key."""

from __future__ import annotations

import difflib
import shutil
import sys

import click

from cdp_cli.stewardship.questions import Question, parts_of

ANSWERS = {"s": "same", "d": "different", "u": "unsure", "k": "skip", "q": "quit"}
_LABEL = 15
_LEAST_WIDTH = 16
_ALIKE = 0.6


def show(question: Question, progress: str) -> None:
    """Print a question. What differs has a mark before it, and is bold where the terminal can."""
    fall = question.waterfall
    count = f"{question.count_records:,} record{'' if question.count_records == 1 else 's'}"
    click.echo(click.style(progress, bold=True) + f"  {question.reason}")
    click.echo(f"probability {fall.probability:.3f}, weight {fall.total:+.1f}; {count} hang on the answer")
    click.echo()
    heads = (
        (question.left_record_id, question.right_record_id),
        (question.left_profile_id, question.right_profile_id),
    )
    width = max(_LEAST_WIDTH, (shutil.get_terminal_size().columns - _LABEL - 7) // 2)
    if not sys.stdout.isatty():
        # Nothing is cut where there is no edge to cut it at.
        sides = [
            *heads,
            *((compared.left or "-", compared.right or "-") for compared in question.comparisons),
        ]
        width = max(len(side) for two in sides for side in two)
    for left, right in heads:
        click.echo(_line("", "", _cut(left, width), _cut(right, width), width))
    for compared in question.comparisons:
        left, right = _cut(compared.left or "-", width), _cut(compared.right or "-", width)
        if compared.mark == "!=":
            click.echo(_line("!=", compared.attribute, *_differing(left, right), width, (left, right)))
        else:
            click.echo(_line(compared.mark, compared.attribute, left, right, width))
    said = parts_of(fall)
    if said:
        click.echo("\n" + "; ".join(said))
    click.echo()


def ask() -> str:
    """The answer: same, different, unsure, skip or quit. An end of input is quit."""
    click.echo("s same   d different   u unsure   k skip   q quit  > ", nl=False)
    while True:
        try:
            key = click.getchar()
        except (KeyboardInterrupt, EOFError):
            key = "q"
        answer = ANSWERS.get(key.lower())
        if answer is not None:
            click.echo(answer)
            return answer


def _line(
    mark: str, label: str, left: str, right: str, width: int, plain: tuple[str, str] | None = None
) -> str:
    # A styled text is longer than it looks, so that the plain one says how much to fill.
    fill = " " * (width - len(plain[0] if plain else left))
    shown = click.style(f"{mark:>3}", fg="red", bold=True) if mark == "!=" else f"{mark:>3}"
    return f"{shown} {label:<{_LABEL}} {left}{fill} {right}".rstrip()


def _differing(left: str, right: str) -> tuple[str, str]:
    """Two texts that are alike with what the other lacks in bold and underlined; others as they are."""
    sides: tuple[list[str], list[str]] = ([], [])
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return left, right
    for kind, i, j, k, m in matcher.get_opcodes():
        for side, part in zip(sides, (left[i:j], right[k:m]), strict=True):
            if part:
                side.append(part if kind == "equal" else click.style(part, bold=True, underline=True))
    return "".join(sides[0]), "".join(sides[1])


def _cut(text: str, width: int) -> str:
    clean = " ".join(text.split())
    return clean if len(clean) <= width else clean[: width - 3] + "..."
