"""Checks a segment's two files, or all in a folder, without running anything in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cdp_cli.segments.properties_file import check_properties_file
from cdp_cli.segments.statement import check_statement
from cdp_cli.segments.template import read_template


@dataclass(frozen=True)
class Problem:
    """Something that a segment's file may not have. `line` is 0 for the whole file."""

    path: Path
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place} {self.what.rstrip('.')}. {self.remedy}"


def check_segment(path: Path) -> tuple[Problem, ...]:
    """What is not allowed in the segment at `path` (an .sql file) and in its properties file."""
    if path.suffix != ".sql":
        return (Problem(path, 0, f"is a segment as {path.suffix}", "A segment is SQL: write an .sql file."),)
    template = read_template(path.read_text(encoding="utf-8"))
    problems = [Problem(path, line, what, remedy) for line, what, remedy in template.problems]
    # If Jinja was refused, the SQL has gaps, and its problems would only repeat that.
    if not problems:
        problems += [Problem(path, 0, what, remedy) for what, remedy in check_statement(template.sql)]
    properties = path.with_suffix(".yml")
    if properties.exists():
        problems += [
            Problem(properties, 0, what, remedy)
            for what, remedy in check_properties_file(properties.read_text("utf-8"))
        ]
    return tuple(problems)


def check_segments(folder: Path) -> tuple[Problem, ...]:
    """The problems of all segments below `folder`, and of YAML files there that belong to no segment."""
    problems: list[Problem] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix in (".sql", ".py"):
            problems.extend(check_segment(path))
        elif path.suffix in (".yml", ".yaml") and not (
            path.suffix == ".yml" and path.with_suffix(".sql").exists()
        ):
            problems.append(
                Problem(
                    path,
                    0,
                    "is no segment's properties file",
                    "Name it as the segment's file, with .yml for .sql.",
                )
            )
    return tuple(problems)
