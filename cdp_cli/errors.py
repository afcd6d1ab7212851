"""All errors that a user may see, named by what the user does next.

Every error is one sentence that names the file, table, column or row, and one that says what to do.
Only `cli.py` turns them into exit codes; the table of them is docs/reference/exit-codes.md.
"""

from __future__ import annotations


class CdpError(Exception):
    """The root of all errors that a user may see.

    `problem` names what is wrong and where; `remedy` says what to do about it.
    Neither ever holds a secret or a person's data.
    """

    exit_code = 1

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


class FixInput(CdpError):
    """The input cannot be used as it is: a file, a table, a row."""

    exit_code = 3


class FixConfiguration(CdpError):
    """A setting is wrong: YAML, an environment variable, a connection, a name that does not exist."""

    exit_code = 4


class TryAgain(CdpError):
    """The command may succeed later: the warehouse is in use, a server is busy."""

    exit_code = 5


class FixModel(CdpError):
    """dbt ran and some models or tests failed; the last good tables are still in place."""

    exit_code = 6


class CheckDestination(CdpError):
    """A destination could not be reached, refused us, or rejected rows; the next sync sends what failed."""

    exit_code = 7


class ConfirmFirst(CdpError):
    """A guard tripped and nothing was changed; a person has to confirm."""

    exit_code = 8


def place_of(bug: BaseException) -> str:
    """The file and line that raised an unexpected exception."""
    where = bug.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    return f"{where.tb_frame.f_code.co_filename}:{where.tb_lineno}" if where else "unknown place"
