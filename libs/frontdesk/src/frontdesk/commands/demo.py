"""`frontdesk demo`: the story of one enquiry, played through the whole house."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from time import monotonic
from typing import Annotated

import typer

from frontdesk import checkout


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("demo")(demo)


def demo(
    seed: Annotated[int | None, typer.Option(help="Draw the same person again.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave broker and database running.")] = False,
) -> None:
    """Play a person's enquiry through the whole house and compare what happened with what was drawn."""
    began = monotonic()
    import uvloop

    from frontdesk.play.demo import play_demo
    from frontdesk.story.person import draw_story

    story = draw_story(_seed(seed), datetime.now(UTC).date())
    checks = uvloop.run(play_demo(checkout.local_folder(), story, typer.echo, keep=keep))
    typer.echo(
        f"\n{checks.passed} comparisons hold, {len(checks.failed)} do not; {monotonic() - began:.1f} s in all"
    )
    if checks.failed:
        raise typer.Exit(1)


def _seed(given: int | None) -> int:
    return given if given is not None else random.SystemRandom().randrange(1_000_000)
