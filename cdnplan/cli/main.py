"""The `cdnplan` executable: registers every command, turns errors into messages and exit codes."""

from __future__ import annotations

import sys

import typer

from cdnplan.cli import forecast, new, plan, synth, topology, verify
from cdnplan.errors import CdnplanError, InputError

app = typer.Typer(
    name="cdnplan",
    help="Plan what a CDN's cache appliances hold, and prove how good the plan is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("new")(new.new)
app.command("synth")(synth.synth)
app.add_typer(topology.app, name="topology")
app.command("forecast")(forecast.forecast)
app.command("plan")(plan.plan)
app.command("verify")(verify.verify)


def report(error: CdnplanError) -> None:
    """Print an error meant for people on stderr, all its problems, one a line."""
    if isinstance(error, InputError):
        for problem in error.problems:
            sys.stderr.write(f"error: {problem}\n")
        count = len(error.problems)
        sys.stderr.write(f"{count} problem{'s' if count != 1 else ''}; nothing was written\n")
    else:
        sys.stderr.write(f"error: {error}\n")


def run() -> None:
    """Entry point of the console script."""
    try:
        app(standalone_mode=True)
    except CdnplanError as error:
        report(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; nothing was written\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
