"""`frontdesk scaffold`: the files of a new event, vendor or service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from frontdesk import checkout

if TYPE_CHECKING:
    from frontdesk.scaffold import Plan


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Begin an event, a vendor or a service (CONTRIBUTING.md).")
    group.command()(event)
    group.command()(vendor)
    group.command()(service)
    app.add_typer(group, name="scaffold")


def event(
    name: Annotated[str, typer.Argument(help="Such as ViewingBooked; with --command such as BookViewing.")],
    noun: Annotated[str, typer.Option(help="The module in contracts, such as viewings.")],
    about: Annotated[str, typer.Option(help="The field that names what it is about, such as viewing_id.")],
    says: Annotated[str, typer.Option(help="What it means, in one sentence.")],
    command: Annotated[bool, typer.Option("--command", help="Something to be done, with one owner.")] = False,
) -> None:
    """Begin a message: its class and its examples."""
    from frontdesk.scaffold import CannotScaffold, new_event

    try:
        _write(new_event(checkout.root(), name, noun=noun, about=about, says=says, command=command))
    except CannotScaffold as error:
        raise typer.BadParameter(str(error)) from error


def vendor(
    name: Annotated[str, typer.Argument(help="In kebab-case, such as pipedrive.")],
    service: Annotated[str, typer.Option(help="The service that speaks to it, such as crm-sync.")],
) -> None:
    """Begin a vendor's adapter: its module and its test."""
    from frontdesk.scaffold import CannotScaffold, new_vendor

    try:
        _write(new_vendor(checkout.root(), name, service=service))
    except CannotScaffold as error:
        raise typer.BadParameter(str(error)) from error


def service(
    name: Annotated[str, typer.Argument(help="In kebab-case, such as scheduling.")],
    port: Annotated[
        int, typer.Option(help="The port it listens on; the table in README.md shows which are taken.")
    ],
    hears: Annotated[str, typer.Option(help="The first message it hears, such as LeadCreated.")],
    does: Annotated[str, typer.Option(help="What it does, in a few words.")],
) -> None:
    """Begin a service: its rooms, and its place in every list of services."""
    from frontdesk.scaffold import CannotScaffold, new_service

    try:
        _write(new_service(checkout.root(), name, port=port, hears=hears, does=does))
    except CannotScaffold as error:
        raise typer.BadParameter(str(error)) from error


def _write(plan: Plan) -> None:
    from frontdesk.scaffold import apply

    for path in apply(checkout.root(), plan):
        typer.echo(f"{'changed' if path in plan.changed else 'new'}: {path}")
    typer.echo("\nNext:")
    for number, step in enumerate(plan.next_steps, start=1):
        typer.echo(f"  {number}. {step}")
