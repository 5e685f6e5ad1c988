"""`frontdesk trace`: the story of one enquiry as a tree."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from frontdesk.commands.door import Door, open_door

if TYPE_CHECKING:
    import httpx

Tenant = Annotated[str | None, typer.Option(help="The tenant; without it all are asked.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("trace")(trace)


def trace(
    reference: Annotated[str, typer.Argument(help="A correlation id, or lead/ID.")], tenant: Tenant = None
) -> None:
    """Show the story of one enquiry: what followed from what."""
    import httpx

    door = open_door()
    try:
        lines = asyncio.run(_story(door, reference, tenant))
    except httpx.HTTPStatusError as error:
        sys.exit(f"frontdesk: {error.request.url.path} was answered with {error.response.status_code}")
    except httpx.HTTPError as error:
        sys.exit(
            f"frontdesk: the gateway at {door.url} does not answer ({type(error).__name__}): "
            "start the fleet with 'make run'"
        )
    if not lines:
        typer.echo(f"the journal knows nothing of {reference}", err=True)
        raise typer.Exit(1)
    typer.echo("\n".join(lines))


async def _story(door: Door, reference: str, tenant: str | None) -> list[str]:
    import httpx

    from frontdesk.play.journal import Journal, as_tree

    headers = {"Authorization": f"Bearer {door.token}"}
    async with httpx.AsyncClient(base_url=door.url, headers=headers, timeout=30, trust_env=False) as http:
        for name in [tenant] if tenant else await _tenants(http):
            entries = await Journal(http, name).story(reference)
            if entries:
                return [f"{name}: {reference}", *as_tree(entries)]
    return []


async def _tenants(http: httpx.AsyncClient) -> list[str]:
    answer = await http.get("/api/v1/tenants")
    answer.raise_for_status()
    return [str(line["tenant_id"]) for line in answer.json()]
