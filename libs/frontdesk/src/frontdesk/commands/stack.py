"""`frontdesk stack`: the local broker and database."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from frontdesk import checkout
from frontdesk.stack import Stack, make_secrets

Folder = Annotated[Path | None, typer.Option(help="The instance's folder; .local unless told otherwise.")]
Every = Annotated[bool, typer.Option("--all", help="Every stack of this checkout, the tests' too.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="The local RabbitMQ and Postgres.")
    group.command()(up)
    group.command()(down)
    group.command()(status)
    group.command()(clean)
    group.command()(secrets)
    app.add_typer(group, name="stack")


def up(folder: Folder = None) -> None:
    """Start what is not running, and print where it is."""
    stack = Stack.at(folder or checkout.local_folder())
    began = monotonic()
    stack.start()
    make_secrets(stack.folder)
    typer.echo(f"stack is up ({monotonic() - began:.1f} s)")
    _print_addresses(stack)


def down(folder: Folder = None, every: Every = False) -> None:
    """Stop it; the data stay."""
    stacks = _meant(folder, every)
    with ThreadPoolExecutor() as together:
        for stack, stopped in [(stack, together.submit(stack.stop)) for stack in stacks]:
            stopped.result()
            typer.echo(f"stopped {stack.folder}")


def status(folder: Folder = None) -> None:
    """Say what runs and where; exit code 1 when something does not."""
    stack = Stack.at(folder or checkout.local_folder())
    pieces = {
        "rabbitmq": bool(stack.given.get("AMQP_URL")) or stack.broker.running(),
        "postgres": bool(stack.given.get("DATABASE_URL")) or stack.postgres.running(),
    }
    for name, runs in pieces.items():
        typer.echo(f"{name:10} {'up' if runs else 'down: frontdesk stack up'}")
    _print_addresses(stack)
    if not all(pieces.values()):
        raise typer.Exit(1)


def clean(folder: Folder = None, every: Every = False) -> None:
    """Stop it and remove its data."""
    for stack in reversed(_meant(folder, every)):
        stack.clean()
        typer.echo(f"removed {stack.folder}")


def secrets(folder: Folder = None) -> None:
    """Make keys and tokens where there are none, and say where they are kept."""
    kept = folder or checkout.local_folder()
    make_secrets(kept)
    typer.echo(f"keys and tokens: {kept / 'secrets.env'}")


def _meant(folder: Path | None, every: bool) -> list[Stack]:
    """The instances meant; none is made by asking for it."""
    folders = checkout.stack_folders() if every else [folder or checkout.local_folder()]
    return [Stack.at(meant) for meant in folders if (meant / "stack.json").exists()]


def _print_addresses(stack: Stack) -> None:
    """The passwords stand in the addresses: they are this machine's own, and wanted for psql and the browser."""
    typer.echo(f"AMQP_URL={stack.amqp_url}")
    typer.echo(f"DATABASE_URL={stack.database_url}")
    if stack.management_url:
        typer.echo(f"RABBITMQ_MANAGEMENT_URL={stack.management_url}")
