"""`frontdesk doctor`: is it installed, reachable, migrated, and what to do where it is not."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer

from frontdesk import checkout
from frontdesk.diagnosis.finding import Finding
from frontdesk.stack import Stack, load_environment


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Examine this installation; exit code 1 when anything is wrong."""
    from frontdesk.diagnosis.report import as_json, print_findings

    findings = examine()
    if json:
        typer.echo(as_json(findings))
    else:
        print_findings(findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def examine() -> list[Finding]:
    """Look at everything, in the order in which one would mend it."""
    # Imported here, as whatever brings the chassis with it: the other commands need not wait for it.
    from frontdesk.diagnosis.installed import installed
    from frontdesk.diagnosis.migrated import migrations_state
    from frontdesk.diagnosis.reachable import reachable
    from frontdesk.diagnosis.secret_places import secret_places

    folder = checkout.local_folder()
    findings = [*installed(), *secret_places(folder)]
    if not findings[-1].ok:
        return findings
    environment = load_environment(folder)
    amqp_url, database_url = environment["AMQP_URL"], environment["DATABASE_URL"]
    there = asyncio.run(reachable(amqp_url, database_url, Stack.at(folder).management_url))
    if not all(finding.ok for finding in there if finding.name == "database"):
        found = "not looked at: the database does not answer"
        return [*findings, *there, Finding("Migrated", "services", ok=False, found=found)]
    os.environ.update(environment)  # the services read their settings from it
    return [*findings, *there, *(state.as_finding() for state in migrations_state(database_url))]
