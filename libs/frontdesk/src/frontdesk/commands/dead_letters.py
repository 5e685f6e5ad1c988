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

if TYPE_CHECKING:
    from chassis import Service
    from chassis.dead_letters import DeadLetter, DeadLetters

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

    async def listed(desk: DeadLetters) -> list[DeadLetter]:
        return list(await desk.listed(state=state, limit=_MOST))

    count, cut = 0, False
    for name, letters in _run(_everywhere(listed, service)):
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
    _, found = _run(_find(letter))
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
    from chassis.dead_letters import UnknownDeadLetter

    async def settle() -> None:
        service, _ = await _find(letter, close=False)
        try:
            await act(service.dead_letters)
        finally:
            await service.database.close()

    try:
        _run(settle())
    except UnknownDeadLetter as error:
        sys.exit(f"frontdesk: {error}")


def _run(work: Coroutine[None, None, _Found]) -> _Found:
    """Run it; a database that is not there, or not migrated, ends the command with one sentence."""
    import asyncpg

    from chassis.errors import OurOutage

    try:
        return asyncio.run(work)
    except (OurOutage, asyncpg.PostgresError) as error:
        sys.exit(
            f"frontdesk: the database does not answer ({type(error).__name__}); 'frontdesk doctor' says what to do"
        )


async def _find(letter: str, *, close: bool = True) -> tuple[Service, DeadLetter]:
    from chassis.dead_letters import UnknownDeadLetter

    for service in _services():
        try:
            found = await service.dead_letters.shown(letter)
        except UnknownDeadLetter:
            await service.database.close()
        else:
            if close:
                await service.database.close()
            return service, found
    sys.exit(f"frontdesk: there is no dead letter {letter}")


async def _everywhere(
    look: Callable[[DeadLetters], Awaitable[_Found]], only: str | None
) -> list[tuple[str, _Found]]:
    found: list[tuple[str, _Found]] = []
    for service in _services():
        if only in (None, service.name):
            found.append((service.name, await look(service.dead_letters)))
        await service.database.close()
    return found


def _services() -> list[Service]:
    from frontdesk.fleet.house import create_services
    from frontdesk.fleet.plan import plan_fleet

    return create_services(plan_fleet(checkout.local_folder(), None))


def _body(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=1, ensure_ascii=False)
    except ValueError:
        return repr(body)
