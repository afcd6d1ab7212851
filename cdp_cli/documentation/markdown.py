"""Small pieces of Markdown: tables, and docstrings as paragraphs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table, with the bars in its cells escaped."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def cell(value: object) -> str:
    """A value as the text of one cell."""
    return one_line(str(value)).replace("|", "\\|")


def one_line(text: str | None) -> str:
    """A text without its line breaks."""
    return " ".join((text or "").split())


def paragraphs(text: str | None) -> str:
    """A text whose paragraphs are one line each."""
    return "\n\n".join(one_line(part) for part in (text or "").split("\n\n"))


def section(title: str, text: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A chapter of one paragraph and one table."""
    return f"## {title}\n\n{text}\n\n{table(head, rows)}"
