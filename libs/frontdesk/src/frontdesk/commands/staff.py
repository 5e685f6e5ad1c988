"""`frontdesk staff`: who of those who run the fleet is told of alerts."""

from __future__ import annotations

from time import monotonic, sleep
from typing import Annotated, cast

import typer
from pydantic import JsonValue

from frontdesk.commands.door import open_door

STAFF, NOTICES = "/api/v1/fleet/staff", "/api/v1/fleet/notices"
Who = Annotated[str, typer.Argument(help="The e-mail address, or the id.")]
_PATIENCE = 30.0


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Who is told of alerts.")
    group.command("list")(show_all)
    group.command()(add)
    group.command()(remove)
    group.command("test")(try_out)
    app.add_typer(group, name="staff")


def show_all() -> None:
    """List who is told, of what, and how."""
    members = _members()
    for member in members:
        ways = ", ".join(way for way in ("mail", "push") if member[way])
        severities = ", ".join(sorted(cast("list[str]", member["severities"])))
        quiet = f"  quiet {member['quiet_from']}–{member['quiet_until']}" if member["quiet_from"] else ""
        typer.echo(
            f"{member['staff_id']}  {member['email']}  {member['language']}  {severities}  by {ways}{quiet}"
        )
    if not members:
        typer.echo("nobody is told of alerts: frontdesk staff add ADDRESS", err=True)


def add(
    email: Annotated[str, typer.Argument(help="Where the notices go.")],
    language: Annotated[str, typer.Option(help="de or en.")] = "de",
    time_zone: Annotated[str, typer.Option(help="As in Europe/Berlin.")] = "Europe/Berlin",
    severity: Annotated[
        list[str] | None, typer.Option(help="warning, critical; both unless said, and may be said twice.")
    ] = None,
    quiet_from: Annotated[
        str | None, typer.Option(help="From when on only what is critical is told, such as 22:00.")
    ] = None,
    quiet_until: Annotated[str | None, typer.Option(help="Until when, such as 07:00.")] = None,
) -> None:
    """Tell somebody of alerts from now on."""
    wish: dict[str, JsonValue] = {"email": email, "language": language, "time_zone": time_zone}
    if severity:
        wish["severities"] = list(severity)
    if quiet_from or quiet_until:
        wish |= {"quiet_from": quiet_from, "quiet_until": quiet_until}
    added = cast("dict[str, str]", open_door().ask("POST", STAFF, body=wish))
    typer.echo(
        f"{added['email']} is told of alerts ({added['staff_id']}); try it: frontdesk staff test {email}"
    )


def remove(who: Who) -> None:
    """Tell somebody nothing any more."""
    member = _member(who)
    open_door().ask("DELETE", f"{STAFF}/{member['staff_id']}")
    typer.echo(f"{member['email']} is told nothing any more")


def try_out(who: Who) -> None:
    """Send somebody a trial by all of his ways, and say what became of it."""
    door, member = open_door(), _member(who)
    made = cast("dict[str, str]", door.ask("POST", f"{STAFF}/{member['staff_id']}/trial"))
    end = monotonic() + _PATIENCE
    while True:
        found = cast("list[dict[str, str]]", door.ask("GET", f"{NOTICES}/{made['id']}"))
        open_ways = [one for one in found if one["state"] in ("waiting", "handing_over")]
        if (found and not open_ways) or monotonic() > end:
            break
        sleep(0.3)
    for delivery in found:
        because = f": {delivery['reason']}" if delivery["reason"] else ""
        typer.echo(f"{delivery['way']}: {delivery['state']}{because}")
    if any(delivery["state"] != "sent" for delivery in found):
        raise typer.Exit(1)


def _members() -> list[dict[str, JsonValue]]:
    return cast("list[dict[str, JsonValue]]", open_door().ask("GET", STAFF))


def _member(who: str) -> dict[str, JsonValue]:
    for member in _members():
        if who in (member["staff_id"], member["email"]):
            return member
    typer.echo(f"nobody of the staff is {who}", err=True)
    raise typer.Exit(1)
