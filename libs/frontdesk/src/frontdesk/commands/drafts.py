"""`frontdesk drafts`: what waits for a human."""

from __future__ import annotations

from typing import Annotated, cast

import typer
from pydantic import JsonValue

from frontdesk.commands.door import open_door

Tenant = Annotated[str, typer.Option(help="The tenant.")]
Lead = Annotated[str, typer.Argument(help="The lead's id.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Replies that wait for a human.")
    group.command("list")(show_all)
    group.command()(show)
    group.command()(send)
    group.command()(drop)
    app.add_typer(group, name="drafts")


def show_all(tenant: Tenant) -> None:
    """List what waits, oldest first."""
    for draft in _drafts(tenant):
        typer.echo(
            f"{draft['lead_id']}  turn {draft['turn']}  {draft['state']:<7} {draft['name']}  {draft['reason']}"
        )


def show(lead: Lead, tenant: Tenant) -> None:
    """Show one draft with the reason why it waits."""
    draft = next((draft for draft in _drafts(tenant) if draft["lead_id"] == lead), None)
    if draft is None:
        typer.echo(f"nothing waits for lead {lead}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{draft['subject']}\nwaits because {draft['reason']}\n\n{draft['draft'] or '(no draft)'}")


def send(
    lead: Lead,
    tenant: Tenant,
    text: Annotated[str | None, typer.Option(help="Send this text instead of the draft.")] = None,
) -> None:
    """Send a draft as it is, or another text in its place."""
    verdict: JsonValue = {"verdict": "edit", "text": text} if text else {"verdict": "send"}
    open_door().ask("POST", f"/api/v1/drafts/{lead}", tenant=tenant, body=verdict)
    typer.echo("it is on its way")


def drop(lead: Lead, tenant: Tenant) -> None:
    """Drop a draft: nothing is sent."""
    open_door().ask("POST", f"/api/v1/drafts/{lead}", tenant=tenant, body={"verdict": "drop"})
    typer.echo("dropped")


def _drafts(tenant: str) -> list[dict[str, JsonValue]]:
    answer = cast(
        "dict[str, list[dict[str, JsonValue]]]", open_door().ask("GET", "/api/v1/drafts", tenant=tenant)
    )
    return answer["drafts"]
