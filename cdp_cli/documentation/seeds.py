"""The page of seeds, from their properties files."""

from __future__ import annotations

import yaml

from cdp_cli.documentation.inputs import Inputs
from cdp_cli.documentation.markdown import one_line, table
from cdp_cli.engine_package import FOLDER

_HEAD = """# Seeds

Small tables that people edit. The engine brings each with its own rows. A project replaces one with a
file of the same name in its own `seeds/`, and switches the engine's off in its `dbt_project.yml`:

```yaml
seeds:
  cdp:
    consent:
      purposes:
        +enabled: false
```

[Change what identity does](../how-to/change-identity.md) shows it for the seeds of identity.
"""


def page(inputs: Inputs) -> str:
    """One chapter a seed."""
    chapters = []
    for path in sorted((FOLDER / "seeds").rglob("*.yml")):
        for seed in yaml.safe_load(path.read_text(encoding="utf-8"))["seeds"]:
            file = path.relative_to(FOLDER).with_name(f"{seed['name']}.csv")
            text = f"`{file}`. {one_line(seed['description'])}"
            rows = [(f"`{column['name']}`", column["description"]) for column in seed["columns"]]
            chapters.append(f"## {seed['name']}\n\n{text}\n\n{table(('column', 'meaning'), rows)}")
    return "\n".join([_HEAD, *chapters])
