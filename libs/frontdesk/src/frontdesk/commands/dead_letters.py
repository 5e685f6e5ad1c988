"""`frontdesk dead-letters`: messages that could not be handled, of every service.

While the fleet runs the API is asked; while it is down, the schemas themselves. Both are written into the audit.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from frontdesk.commands.dead_letter_lines import count_line, deed_line, job_lines, letter_line, letter_text

if TYPE_CHECKING:
    from contracts.dead_letters.http_v1 import LetterFilter
    from frontdesk.commands.dead_letter_ways import Ways

_MOST = 500
Letter = Annotated[str, typer.Argument(help="The dead letter's id.")]
ServiceName = Annotated[str | None, typer.Option("--service", help="Only of this service.")]
Type = Annotated[str | None, typer.Option("--type", help="Only this message, such as lead.created.v1.")]
Error = Annotated[
    str | None, typer.Option("--error", help="Only this kind of error, or with these words in its text.")
]
Tenant = Annotated[str | None, typer.Option("--tenant", help="Only of this tenant.")]
Since = Annotated[
    str | None, typer.Option("--since", help="Died since then: 30m, 2h, 3d, or a moment in ISO 8601.")
]
State = Annotated[
    Literal["dead", "replayed", "dropped", "any"], typer.Option(help="dead, replayed, dropped or any.")
]
Everything = Annotated[
    bool, typer.Option("--all", help="All that fit the options; without any, all there are.")
]
Reason = Annotated[str, typer.Option(help="Why.", prompt=True)]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        no_args_is_help=True, help="Messages that could not be handled: see, mend, replay, drop."
    )
    group.command("list")(show_all)
    for verb in (counts, show, mend, replay, drop, jobs, cancel, audit):
        group.command()(verb)
    app.add_typer(group, name="dead-letters")


def show_all(
    service: ServiceName = None, type: Type = None, error: Error = None, tenant: Tenant = None,  # noqa: A002 — the option's name
    since: Since = None, state: State = "dead",
) -> None:  # fmt: skip
    """List them, newest first."""
    ways = _ways(service)
    letters, away = ways.page(_filter(type, error, tenant, since, state), service, _MOST)
    for letter in letters:
        typer.echo(letter_line(letter))
    shown = f"{len(letters)} dead letters" if len(letters) != 1 else "1 dead letter"
    typer.echo(
        f"{shown}; there may be more: the newest {_MOST} are shown" if len(letters) == _MOST else shown
    )
    _tell_away(away)


def counts(
    service: ServiceName = None, type: Type = None, error: Error = None, tenant: Tenant = None,  # noqa: A002 — the option's name
    since: Since = None, state: State = "dead",
) -> None:  # fmt: skip
    """Count them by service, message and error."""
    found, away = _ways(service).counts(_filter(type, error, tenant, since, state), service)
    for count in found:
        typer.echo(count_line(count))
    typer.echo(f"{sum(count.letters for count in found)} in all")
    _tell_away(away)


def show(letter: Letter) -> None:
    """Show one with its reason, its story, its headers and its body; the audit says who looked."""
    found, story = _ways().shown(letter)
    typer.echo(letter_text(found, story))


def mend(
    letter: Letter,
    body: Annotated[
        Path | None,
        typer.Argument(
            help="A JSON file with the whole new body; without it $EDITOR opens.", exists=True, dir_okay=False
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Although it does not fit its message's class.")
    ] = False,
) -> None:
    """Give one a new body, which must fit its message's class; replay it afterwards."""
    ways = None
    if body is None:
        from frontdesk.commands.editor import edited

        ways = _ways()
        found, _ = ways.shown(letter)
        body = edited(found.mended[-1].body if found.mended else found.body, letter)
    try:
        mended = json.loads(body.read_text(encoding="utf-8"))
    except ValueError as error:
        sys.exit(f"frontdesk: {body} holds no JSON ({error}); nothing was changed")
    (ways or _ways()).mend(letter, mended, reason=reason, force=force)
    typer.echo("mended; replay it with 'frontdesk dead-letters replay'")


def replay(
    letter: Annotated[str | None, typer.Argument(help="One dead letter's id; or say which by options.")] = None,
    everything: Everything = False,
    service: ServiceName = None, type: Type = None, error: Error = None, tenant: Tenant = None,  # noqa: A002 — the option's name
    since: Since = None,
    rate: Annotated[float, typer.Option(min=0.01, max=1000, help="Letters a second, when there are many.")] = 5.0,
) -> None:  # fmt: skip
    """Hand one, or many, to their hearers again."""
    wanted = _filter(type, error, tenant, since, "dead")
    if _one(letter, everything, wanted, service):
        _ways().replay(str(letter))
        typer.echo("replayed: the service takes it from its outbox as soon as it runs")
        return
    typer.echo(_ways(service).replay_many(wanted, service, rate))


def drop(
    reason: Reason,
    letter: Annotated[str | None, typer.Argument(help="One dead letter's id; or say which by options.")] = None,
    everything: Everything = False,
    service: ServiceName = None, type: Type = None, error: Error = None, tenant: Tenant = None,  # noqa: A002 — the option's name
    since: Since = None,
) -> None:  # fmt: skip
    """Give one, or many, up, with the reason: they never come again."""
    wanted = _filter(type, error, tenant, since, "dead")
    if _one(letter, everything, wanted, service):
        _ways().drop(str(letter), reason)
        typer.echo("dropped")
        return
    typer.echo(_ways(service).drop_many(wanted, service, reason))


def jobs(job: Annotated[str | None, typer.Argument(help="Only this one.")] = None) -> None:
    """Show how far replays and drops of many are."""
    for found in _ways().jobs(job):
        typer.echo(job_lines(found))


def cancel(job: Annotated[str, typer.Argument(help="The job's id.")]) -> None:
    """Take back what a job has not sent yet."""
    _ways().cancel(job)
    typer.echo(f"it is being taken back; see 'frontdesk dead-letters jobs {job}'")


def audit(
    letter: Annotated[str | None, typer.Option(help="Only what was done to this letter by name.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
) -> None:
    """Show who did what, newest first."""
    for deed in _ways().audit(limit, letter):
        typer.echo(deed_line(deed))


def _ways(service: str | None = None) -> Ways:
    from frontdesk.commands.dead_letter_ways import open_desk

    return open_desk(service)


def _filter(
    kind: str | None, error: str | None, tenant: str | None, since: str | None, state: str
) -> LetterFilter:
    from frontdesk.commands.dead_letter_ways import filter_of

    return filter_of(kind, error, tenant, since, state)


def _one(letter: str | None, everything: bool, wanted: LetterFilter, service: str | None) -> bool:
    """Whether one letter is meant; which ones must be said, and only once."""
    narrowed = service is not None or bool(wanted.model_dump(exclude_none=True, exclude={"state"}))
    if letter is not None and (everything or narrowed):
        sys.exit("frontdesk: name one dead letter, or say which by options, not both")
    if letter is None and not (everything or narrowed):
        sys.exit("frontdesk: say which: a dead letter's id, options such as --service, or --all")
    return letter is not None


def _tell_away(away: list[str]) -> None:
    for words in away:
        typer.echo(f"not asked: {words}", err=True)
