"""`frontdesk generate`: write the files that are derived from the code."""

from __future__ import annotations

from typing import Annotated

import typer

from frontdesk import checkout


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(generate)


def generate(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 when a file is stale.")
    ] = False,
) -> None:
    """Write schemas, AsyncAPI files, the catalogue, rules and boards; refuse to break a released message."""
    from frontdesk.fleet.plan import own_ports
    from frontdesk.generate import RefusedChange, stale, write
    from frontdesk.generate.definitions import definitions
    from frontdesk.generate.fleet import fleet
    from frontdesk.generate.watching import stale_watch, write_watch

    folder, deploy = checkout.root() / "contracts", checkout.root() / "deploy"
    members, broken = fleet()
    for error in broken:
        typer.echo(f"left out, because the service cannot be made: {error}", err=True)
    try:
        changed = stale(folder, members, broken) if check else write(folder, members, broken)
    except RefusedChange as refusal:
        typer.echo(
            "nothing was written: released messages are frozen, make a new class in the next version",
            err=True,
        )
        for change in refusal.args:
            typer.echo(f"  {change}", err=True)
        raise typer.Exit(1) from refusal
    changed = [f"contracts/{path}" for path in changed]
    file = deploy / "rabbitmq" / "definitions.json"
    if not broken:
        wanted = definitions(members)
        if not file.exists() or file.read_text() != wanted:
            changed.append(str(file.relative_to(checkout.root())))
            if not check:
                file.write_text(wanted)
    watching = stale_watch(deploy, own_ports()) if check else write_watch(deploy, own_ports())
    changed += [f"deploy/{path}" for path in watching]
    for path in changed:
        typer.echo(f"{'stale' if check else 'written'}: {path}")
    if broken or (check and changed):
        raise typer.Exit(1)
