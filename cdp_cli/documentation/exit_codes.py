"""The page of exit codes, from the error classes."""

from __future__ import annotations

from cdp_cli import errors
from cdp_cli.documentation.inputs import Inputs
from cdp_cli.documentation.markdown import one_line, table

_HEAD = """# Exit codes

A script can act on the exit code. The sentence on standard error says what is wrong and what to do. [Bad
input](bad-input.md) lists the sentences.
"""
_FIXED = {
    0: ("Done.", ""),
    1: ("A bug of the program. Run the command again as `cdp --verbose ...` and report what it prints.", ""),
    2: ("The command line is wrong: an unknown option, a missing argument.", ""),
    130: ("Interrupted. What the destinations acknowledged is kept.", ""),
}


def page(inputs: Inputs) -> str:
    """One row an exit code."""
    codes = {
        kind.exit_code: (one_line(kind.__doc__), f"`{kind.__name__}`")
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.CdpError) and kind is not errors.CdpError
    }
    rows = [(code, *said) for code, said in sorted({**_FIXED, **codes}.items())]
    return f"{_HEAD}\n{table(('code', 'meaning', 'error class'), rows)}"
