"""`frontdesk pause`, `frontdesk resume`: the send brake of a tenant."""

from __future__ import annotations

from typing import Annotated

import typer

from frontdesk.commands.door import open_door

Tenant = Annotated[str, typer.Argument(help="The tenant.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(pause)
    app.command()(resume)


def pause(tenant: Tenant) -> None:
    """Let nothing leave in a tenant's name: replies are drafted, sends are held."""
    open_door().ask("POST", f"/api/v1/tenants/{tenant}/pause")
    typer.echo(f"{tenant} is paused: nothing leaves until 'frontdesk resume {tenant}'")


def resume(tenant: Tenant) -> None:
    """Release a tenant's brake."""
    open_door().ask("POST", f"/api/v1/tenants/{tenant}/resume")
    typer.echo(f"{tenant} sends again")
