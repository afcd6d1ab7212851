"""The program `cdp`: finds commands, turns errors into exit codes."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Any

import click

from cdp_cli import commands, console, log
from cdp_cli.errors import CdpError, place_of

INTERRUPTED = 130


class FoundGroup(click.Group):
    """A group whose commands are the modules of a package, imported only when they are used.

    A module `commands/sync.py` holds a click command named `sync`; a package `commands/identity/`
    is the group `identity`, with its docstring as help. If the package has a `DEFAULT`, that is the command
    for arguments that name none.
    """

    def __init__(self, package: Any, **settings: Any) -> None:
        super().__init__(**settings)
        self._package = package
        self._found = {
            module.name.replace("_", "-"): module
            for module in pkgutil.iter_modules(package.__path__)
            if not module.name.startswith("_")
        }

    @property
    def default(self) -> str | None:
        """The command for arguments that name none, if there is one."""
        return getattr(self._package, "DEFAULT", None)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments, with the default command before them if they name no command."""
        asks_for_help = args and args[0] in ctx.help_option_names
        if self.default and not asks_for_help and (not args or args[0] not in self._found):
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the modules found, sorted."""
        return sorted(self._found)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command in the module of that name, or None if there is no such module."""
        info = self._found.get(cmd_name)
        if info is None:
            return None
        module = importlib.import_module(f"{self._package.__name__}.{info.name}")
        if info.ispkg:
            return FoundGroup(package=module, name=cmd_name, help=module.__doc__, no_args_is_help=True)
        found = [v for v in vars(module).values() if isinstance(v, click.Command) and v.name == cmd_name]
        if len(found) != 1:
            raise RuntimeError(f"{module.__name__} must hold one click command named {cmd_name!r}")
        return found[0]


@click.group(
    cls=FoundGroup,
    package=commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="cdp-cli", prog_name="cdp")
@click.option("--verbose", is_flag=True, help="Log every step to standard error, without personal data.")
def cdp(verbose: bool) -> None:
    """Make one customer out of many sources, and put it to work from your own warehouse."""
    log.configure(verbose)


def main() -> None:
    """Run `cdp` and exit with the code that docs/reference/exit-codes.md names."""
    try:
        code = cdp.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as usage:
        usage.show()
        sys.exit(usage.exit_code)
    except (click.Abort, KeyboardInterrupt):
        console.note("Interrupted. What was acknowledged is kept; run the same command again to go on.")
        sys.exit(INTERRUPTED)
    except CdpError as error:
        console.note(f"[bold]{console.literal(error.problem)}[/bold] {console.literal(error.remedy)}")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output, say `head`, has gone: that is its right.
        sys.stderr.close()
        sys.exit(0)
    except Exception as bug:
        if "--verbose" in sys.argv:
            raise
        console.note(
            f"[bold]cdp hit a bug: {type(bug).__name__} at {place_of(bug)}.[/bold] "
            "Run it again as `cdp --verbose ...` and report what it prints."
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
