"""`frontdesk setup-check`: is everything installed that Frontdesk needs?"""

import typer

from frontdesk.diagnosis.installed import installed
from frontdesk.diagnosis.report import print_findings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("setup-check")(setup_check)


def setup_check() -> None:
    """Say what is installed on this machine and what is missing; exit code 1 when something is."""
    if not print_findings(installed()):
        raise typer.Exit(1)
