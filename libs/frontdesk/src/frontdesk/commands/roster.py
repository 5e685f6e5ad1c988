"""`frontdesk roster`: the services, for programs that do something for each."""

from __future__ import annotations

import json

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("roster")(roster)


def roster() -> None:
    """Print the names of all services as a JSON list."""
    from frontdesk.fleet.roster import service_points

    typer.echo(json.dumps([point.name for point in service_points()]))
