"""`frontdesk`: the command line."""

import sys

import typer

from frontdesk.commands import COMMANDS
from frontdesk.fleet.errors import FleetError
from frontdesk.stack import StackError


def main() -> None:
    """Run one command; what went wrong is one sentence and exit code 1."""
    app = typer.Typer(
        name="frontdesk",
        help="Run, watch and steer Frontdesk.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for register in COMMANDS:
        register(app)
    try:
        app()
    except (StackError, FleetError) as error:
        sys.exit(f"frontdesk: {error}")


if __name__ == "__main__":
    main()
