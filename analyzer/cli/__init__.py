"""The command `asl-iam`. Standard output is the result and nothing else; what there is to say goes to standard error.

Exit codes: 0 nothing to report, 1 findings, 2 wrong usage, 3 an input could not be analysed, 70 a bug of this tool.
"""

from __future__ import annotations

import atexit
import gc
import sys
from importlib import import_module
from typing import Any

import click

from analyzer.cli import commands, io

_LATE = ("check", "comment", "diff", "write")
"""Commands with a module of their own, which is loaded when one of them is asked for."""

EPILOG = """\b
Exit codes
  0   nothing at or above --fail-on
  1   findings (analyze, check), nothing found (explain), something that is not needed (explain --prove), changes (diff),
      no place to write to (write)
  2   wrong usage
  3   an input could not be analysed, the others were; a comment could not be posted
  70  a bug in asl-iam

\b
Shell completion: put one of these lines into the start-up file of your shell
  eval "$(_ASL_IAM_COMPLETE=bash_source asl-iam)"
  eval "$(_ASL_IAM_COMPLETE=zsh_source asl-iam)"
  _ASL_IAM_COMPLETE=fish_source asl-iam | source
"""


class Boundary(click.Group):
    """The group of all commands, and the one place where an exception becomes an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted((*super().list_commands(ctx), *_LATE))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        if cmd_name not in _LATE:
            return super().get_command(ctx, cmd_name)
        found: click.Command = getattr(import_module(f"analyzer.cli.{cmd_name}"), cmd_name)
        return found

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the program. Help and version that cannot be written are told like any other result."""
        # The values of a definition make no cycles, and a command is over before a collection would pay for itself; nor does
        # one when Python ends, over everything that was ever loaded.
        gc.disable()
        atexit.register(gc.freeze)
        try:
            return super().main(*args, **extra)
        except OSError as error:
            io.say([f"Error: cannot write standard output: {(error.strerror or str(error)).lower()}"])
            sys.exit(io.USAGE)
        finally:
            gc.enable()
            io.release()

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. What is raised on purpose is wrong usage; anything else is a bug, told in one line."""
        from analyzer.errors import OptionError

        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except OptionError as error:
            raise click.UsageError(str(error), ctx) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # the last place before the user
            if ctx.params.get("debug"):
                raise
            io.report_bug(error)
            sys.exit(io.BUG)


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        import analyzer

        click.echo(f"asl-iam {analyzer.__version__}")
        ctx.exit()


@click.group(cls=Boundary, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit.")
@click.option("--debug", is_flag=True, help="Show the whole traceback of a bug.")
def main(debug: bool) -> None:
    """Derive the minimal IAM policy and the trust policy of an AWS Step Functions definition."""


for _command in (commands.analyze, commands.explain, commands.graph, commands.maps, commands.schema):
    main.add_command(_command)
