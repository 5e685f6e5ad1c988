"""`frontdesk story`: where the time of one enquiry went, as a waterfall; `frontdesk trace` shows what followed from what."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from frontdesk.commands.door import Door, open_door

if TYPE_CHECKING:
    import httpx

    from frontdesk.play.waterfall import Told

PATH = "/api/v1/fleet/stories"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("story")(story)


def story(
    reference: Annotated[str, typer.Argument(help="A correlation id, or lead/ID.")],
    language: Annotated[str, typer.Option(help="de or en: of the sentence that says why.")] = "en",
) -> None:
    """Show where the time of one enquiry went, and what made its answer slow."""
    import httpx

    from frontdesk.play.waterfall import drawn

    door = open_door()
    try:
        told = _told(door, reference)
    except httpx.HTTPStatusError as error:
        sys.exit(f"frontdesk: {error.request.url.path} was answered with {error.response.status_code}")
    except httpx.HTTPError as error:
        sys.exit(
            f"frontdesk: the gateway at {door.url} does not answer ({type(error).__name__}): "
            "start the fleet with 'make run'"
        )
    if told is None:
        typer.echo(
            f"the Observer keeps no spans of {reference}: it was ordinary, is too old, or is not over since a while",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo("\n".join(drawn(told, language)))


def _told(door: Door, reference: str) -> Told | None:
    import httpx

    from frontdesk.play.waterfall import Told

    headers = {"Authorization": f"Bearer {door.token}"}
    with httpx.Client(base_url=door.url, headers=headers, timeout=30, trust_env=False) as http:
        found = _newest_about(http, reference) if "/" in reference else reference
        answer = http.get(f"{PATH}/{quote(found, safe='')}") if found is not None else None
        if answer is None or answer.status_code == 404:
            return None
        answer.raise_for_status()
        return Told.model_validate_json(answer.content)


def _newest_about(http: httpx.Client, subject: str) -> str | None:
    answer = http.get(PATH, params={"about": subject, "limit": 1})
    answer.raise_for_status()
    found: list[dict[str, str]] = answer.json()
    return found[0]["story_id"] if found else None
