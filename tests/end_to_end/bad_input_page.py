"""Writes docs/reference/bad-input.md from the cases that the tests hold.

python -m tests.end_to_end.bad_input_page
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "bad-input.md"
_HEAD = """# Bad input

Whatever is wrong, you get one sentence that names it and what to do, an exit code
([what they mean](exit-codes.md)), and nothing is lost. Each row is a test
(`tests/end_to_end/test_bad_input_*.py`), and this page is written from them:
`python -m tests.end_to_end.bad_input_page`.
"""


def page() -> str:
    """The whole page, one section a test module and one row a case."""
    sections = [_HEAD]
    for path in sorted(Path(__file__).parent.glob("test_bad_input_*.py")):
        module = importlib.import_module(f"tests.end_to_end.{path.stem}")
        rows = [_row(case) for case in getattr(module, "CASES", [])]
        if rows:
            title = path.stem.removeprefix("test_bad_input_").capitalize()
            sections.append(f"## {title}\n\n| what is wrong | what you read | code |\n| --- | --- | --- |")
            sections[-1] += "\n" + "\n".join(rows) + "\n"
    return "\n".join(sections)


def _row(case: object) -> str:
    name = str(getattr(case, "id", None) or getattr(case, "name", "")).replace("_", " ")
    said = str(getattr(case, "says", None) or getattr(case, "sentence", ""))
    said = re.sub(r"\s+", " ", said.replace("|", "\\|")).strip()
    said = said.replace("{root}", "PROJECT")
    said = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", said)
    return f"| {name} | {said} | {getattr(case, 'code', 6)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
