"""`frontdesk dead-letters`: messages that could not be handled, of every service."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from frontdesk import checkout
from frontdesk.fleet.plan import plan_fleet

if TYPE_CHECKING:
    from chassis.dead_letters import DeadLetter, DeadLetters
    from frontdesk.fleet.plan import FleetPlan

_Found = TypeVar("_Found")
_MOST = 500
Letter = Annotated[str, typer.Argument(help="The dead letter's id.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        no_args_is_help=True, help="Messages that could not be handled: see, mend, replay, drop."
    )
    group.command("list")(show_all)
    group.command()(show)
    group.command()(mend)
    group.command()(replay)
    group.command()(drop)
    app.add_typer(group, name="dead-letters")


def show_all(
    service: Annotated[str | None, typer.Option(help="Only one service's.")] = None,
    state: Annotated[str, typer.Option(help="dead, replayed or dropped.")] = "dead",
) -> None:
    """List them, newest first."""
    count, cut = 0, False
    for name, letters in _run(_listed(state, service)):
        cut = cut or len(letters) == _MOST
        for letter in letters:
            count += 1
            typer.echo(
                f"{letter.id}  {name:<16} {letter.routing_key:<26} {letter.tenant_id or '-':<20} "
                f"{letter.attempts} tries  {letter.error_kind}: {letter.error[:120]}"
            )
    shown = f"{count} dead letters" if count != 1 else "1 dead letter"
    typer.echo(f"{shown}; there may be more: the newest {_MOST} of a service are shown" if cut else shown)


def show(letter: Letter) -> None:
    """Show one with its reason, its headers and its body."""
    found = _run(_found(letter))
    typer.echo(
        f"{found.id} ({found.state})\nmessage  {found.message_id}  {found.routing_key}\nqueue    {found.queue}\n"
        f"tenant   {found.tenant_id}\nstory    {found.correlation_id}\ndied     {found.died_at} after {found.attempts} tries\n"
        f"reason   {found.error_kind}: {found.error}\n\n{json.dumps(found.headers, indent=1)}\n\n{_body(found.body)}"
    )


def mend(
    letter: Letter,
    body: Annotated[
        Path, typer.Argument(help="A JSON file with the whole new body.", exists=True, dir_okay=False)
    ],
) -> None:
    """Replace a dead letter's body; replay it afterwards."""
    try:
        mended = json.loads(body.read_text(encoding="utf-8"))
    except ValueError as error:
        sys.exit(f"frontdesk: {body} holds no JSON ({error}); nothing was changed")
    _settle(letter, lambda desk: desk.mend(letter, mended))
    typer.echo("mended; replay it with 'frontdesk dead-letters replay'")


def replay(letter: Letter) -> None:
    """Hand it to its hearer again."""
    _settle(letter, lambda desk: desk.replay(letter))
    typer.echo("replayed: the service takes it from its outbox as soon as it runs")


def drop(letter: Letter, reason: Annotated[str, typer.Option(help="Why.", prompt=True)]) -> None:
    """Give it up, with the reason."""
    _settle(letter, lambda desk: desk.drop(letter, reason))
    typer.echo("dropped")


def _settle(letter: str, act: Callable[[DeadLetters], Awaitable[None]]) -> None:
    from frontdesk.fleet.desks import desk_with

    async def settle() -> None:
        async with desk_with(_plan(), letter) as (desk, _):
            await act(desk.letters)

    _run(settle())


def _run(work: Coroutine[None, None, _Found]) -> _Found:
    """Run it; what is not there ends the command with one sentence: the letter, the database, its schemas."""
    import asyncpg

    from chassis.dead_letters import UnknownDeadLetter
    from chassis.errors import OurOutage

    try:
        return asyncio.run(work)
    except UnknownDeadLetter as error:
        sys.exit(f"frontdesk: {error}")
    except (OurOutage, asyncpg.PostgresError) as error:
        sys.exit(
            f"frontdesk: the database does not answer ({type(error).__name__}); 'frontdesk doctor' says what to do"
        )


async def _found(letter: str) -> DeadLetter:
    from frontdesk.fleet.desks import desk_with

    async with desk_with(_plan(), letter) as (_, found):
        return found


async def _listed(state: str, only: str | None) -> list[tuple[str, list[DeadLetter]]]:
    from frontdesk.fleet.desks import desk_of

    plan = _plan()
    if only is not None and only not in plan.ports:
        sys.exit(f"frontdesk: there is no service {only}; there are {', '.join(plan.ports)}")
    found: list[tuple[str, list[DeadLetter]]] = []
    for service in plan.ports:
        if only in (None, service):
            async with desk_of(plan, service) as desk:
                found.append((service, list(await desk.letters.listed(state=state, limit=_MOST))))
    return found


def _plan() -> FleetPlan:
    return plan_fleet(checkout.local_folder(), None)


def _body(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=1, ensure_ascii=False)
    except ValueError:
        return repr(body)
