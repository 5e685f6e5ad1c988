"""`frontdesk contracts-check`: whether this tree breaks what another state of the repository has released."""

from __future__ import annotations

from typing import Annotated

import typer

from frontdesk import checkout


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("contracts-check")(contracts_check)


def contracts_check(
    against: Annotated[str, typer.Option(help="A branch, tag or commit.")] = "origin/main",
) -> None:
    """Compare the released messages' schemas with those of a git reference; exit code 1 on a breaking change."""
    from frontdesk.generate.against import broken_against

    broken = broken_against(checkout.root(), against)
    for change in broken:
        typer.echo(change, err=True)
    if broken:
        typer.echo(
            "released messages are frozen but for an added optional field: make a new class in v2.py",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo(f"no released message of {against} is broken")
