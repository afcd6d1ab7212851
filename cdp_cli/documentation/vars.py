"""The page of vars, from the engine's dbt_project.yml and its comments."""

from __future__ import annotations

from collections.abc import Iterator

from cdp_cli.documentation.inputs import Inputs
from cdp_cli.documentation.markdown import table
from cdp_cli.engine_package import FOLDER

_HEAD = """# Vars

All settings of the engine, with their defaults. A project sets its own values in its `dbt_project.yml`:

```yaml
vars:
  household_max_people: 12
```

For one run, write `dbt build --vars '{household_max_people: 12}'`.
"""


def page(inputs: Inputs) -> str:
    """One row a var."""
    rows = [(f"`{name}`", f"`{default}`", meaning) for name, default, meaning in declared_vars()]
    return f"{_HEAD}\n{table(('var', 'default', 'meaning'), rows)}"


def declared_vars() -> Iterator[tuple[str, str, str]]:
    """Each var that the engine declares: its name, its default as written, and the comment above it."""
    text = (FOLDER / "dbt_project.yml").read_text(encoding="utf-8")
    comment: list[str] = []
    for line in text.partition("\nvars:\n")[2].splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            comment.append(stripped.removeprefix("#").strip())
        elif line.startswith("  ") and stripped:
            name, _, default = stripped.partition(": ")
            yield name, default, " ".join(comment)
            comment = []
        else:
            return
