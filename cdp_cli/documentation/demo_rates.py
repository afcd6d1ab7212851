"""The page of the demo's rates, from rates.yml."""

from __future__ import annotations

from cdp_cli.demo.script import rates
from cdp_cli.documentation.inputs import Inputs
from cdp_cli.documentation.markdown import section

_HEAD = """# Rates of the demo

Each rate is in `cdp_cli/demo/rates.yml`. Tests compare the generated data with them. [Use the
demo](../how-to/use-the-demo.md) says what the demo holds.
"""


def page(inputs: Inputs) -> str:
    """One chapter a section of rates.yml."""
    return "\n".join(
        [
            _HEAD,
            *(
                section(
                    name.capitalize(),
                    "",
                    ("rate", "value", "what it is"),
                    [(f"`{key}`", rate["value"], rate["description"]) for key, rate in group.items()],
                ).replace("\n\n\n\n", "\n\n")
                for name, group in rates().items()
            ),
        ]
    )
