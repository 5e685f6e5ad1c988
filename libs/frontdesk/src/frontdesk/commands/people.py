"""`frontdesk invite`, `frontdesk join`: how the first people come in."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from frontdesk.commands.door import open_door

FLEET = "fleet"


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(invite)
    app.command()(join)


def invite(
    email: Annotated[str, typer.Argument(help="Whom.")],
    tenant: Annotated[str, typer.Option(help="The company; 'fleet' for who runs all of them.")] = FLEET,
    role: Annotated[
        str | None, typer.Option(help="tenant_admin or agent; super_admin, and nothing else, in 'fleet'.")
    ] = None,
) -> None:
    """Invite somebody, and print the link that lets him in: it is shown this once."""
    chosen = role or ("super_admin" if tenant == FLEET else "agent")
    answer = open_door().ask(
        "POST", "/api/v1/users/invitations", tenant=tenant, body={"email": email, "role": chosen}
    )
    typer.echo(cast("dict[str, str]", answer)["link"])


def join(
    link: Annotated[str, typer.Argument(help="The link of an invitation.")],
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="FRONTDESK_PASSWORD")
    ],
) -> None:
    """Accept an invitation: the account is there, and logs in with this password."""
    token = link.rpartition("#")[2]
    answer = open_door().ask(
        "POST", "/api/v1/auth/invitations/accept", body={"token": token, "password": password}
    )
    joined = cast("dict[str, str]", answer)
    typer.echo(f"{joined['email']} is {joined['role']} of {joined['tenant_id']}")
