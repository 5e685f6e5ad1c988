"""`frontdesk trace`: the story of one enquiry as a tree."""

from __future__ import annotations

import asyncio
from typing import Annotated

import httpx
import typer

from frontdesk.commands.door import Door, open_door
from frontdesk.play.journal import Journal, as_tree

Tenant = Annotated[str | None, typer.Option(help="The tenant; without it all are asked.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("trace")(trace)


def trace(
    reference: Annotated[str, typer.Argument(help="A correlation id, or lead/ID.")], tenant: Tenant = None
) -> None:
    """Show the story of one enquiry: what followed from what."""
    lines = asyncio.run(_story(open_door(), reference, tenant))
    if not lines:
        typer.echo(f"the journal knows nothing of {reference}", err=True)
        raise typer.Exit(1)
    typer.echo("\n".join(lines))


async def _story(door: Door, reference: str, tenant: str | None) -> list[str]:
    headers = {"Authorization": f"Bearer {door.token}"}
    async with httpx.AsyncClient(base_url=door.url, headers=headers, timeout=30, trust_env=False) as http:
        names = (
            [tenant]
            if tenant
            else [str(line["tenant_id"]) for line in (await http.get("/api/v1/tenants")).json()]
        )
        for name in names:
            entries = await Journal(http, name).story(reference)
            if entries:
                return [f"{name}: {reference}", *as_tree(entries)]
    return []
