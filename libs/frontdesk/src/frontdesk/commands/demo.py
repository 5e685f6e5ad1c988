"""`frontdesk demo`: the story of one enquiry, played through the whole house."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Annotated

import httpx
import typer
import uvloop

from chassis.telemetry import configure_logs
from frontdesk import checkout
from frontdesk.commands.up import furnish
from frontdesk.fleet.house import running_house
from frontdesk.fleet.plan import FleetPlan, plan_fleet
from frontdesk.fleet.vendors import Vendors, simulated_vendors
from frontdesk.play.checks import Checks
from frontdesk.play.enquiry import DRAFTING, SENDING, Stage, play
from frontdesk.play.journal import Entry, as_tree
from frontdesk.play.narrator import Narrator
from frontdesk.play.world import World
from frontdesk.stack import Stack, load_environment
from frontdesk.story.person import Story, draw_story


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("demo")(demo)


def demo(
    seed: Annotated[int | None, typer.Option(help="Draw the same person again.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave broker and database running.")] = False,
) -> None:
    """Play a person's enquiry through the whole house and compare what happened with what was drawn."""
    configure_logs("ERROR")
    folder = checkout.local_folder()
    stack = Stack.at(folder)
    was_running = stack.running()
    began = monotonic()
    stack.start()
    typer.echo(f"broker and database run ({monotonic() - began:.1f} s)")
    try:
        with _a_place_of_its_own(stack) as environment:
            checks = uvloop.run(
                _demo(folder / "demo", environment, draw_story(_seed(seed), datetime.now(UTC).date()))
            )
    finally:
        if not keep and not was_running:
            stack.stop()
    typer.echo(
        f"\n{checks.passed} comparisons hold, {len(checks.failed)} do not; {monotonic() - began:.1f} s in all"
    )
    if checks.failed:
        raise typer.Exit(1)


def _seed(given: int | None) -> int:
    return given if given is not None else random.SystemRandom().randrange(1_000_000)


@contextmanager
def _a_place_of_its_own(stack: Stack) -> Iterator[dict[str, str]]:
    """A virtual host and a database for one demo: nothing of an earlier story is in them, and `make run` keeps its own."""
    name = f"demo_{os.getpid()}"
    place: dict[str, str] = {}
    if "AMQP_URL" not in os.environ:
        place["AMQP_URL"] = stack.create_vhost(name)
    if "DATABASE_URL" not in os.environ:
        place["DATABASE_URL"] = stack.create_database(name)
    try:
        yield load_environment(stack.folder) | place
    finally:
        if "DATABASE_URL" in place:
            stack.drop_database(name)
        if "AMQP_URL" in place:
            stack.drop_vhost(name)


async def _demo(folder: Path, environment: Mapping[str, str], story: Story) -> Checks:
    # The simulated vendors begin with nothing, as the database does.
    shutil.rmtree(folder, ignore_errors=True)
    async with simulated_vendors(folder / "sandbox") as vendors:
        plan = plan_fleet(folder, vendors, environment)
        began = monotonic()
        async with running_house(plan):
            typer.echo(
                f"{len(plan.ports)} services and the simulated vendors run ({monotonic() - began:.1f} s)\n"
            )
            return await play_in_house(plan, vendors, story, typer.echo)


async def play_in_house(
    plan: FleetPlan, vendors: Vendors, story: Story, say: Callable[[str], None]
) -> Checks:
    """Furnish the house for a story and play it; returns the comparisons."""
    checks = Checks(say)
    token = plan.shared["FRONTDESK_ADMIN_TOKEN"]
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=30) as outside,
        httpx.AsyncClient(base_url=plan.url("gateway"), headers=headers, trust_env=False, timeout=30) as door,
    ):
        world = World(vendors, outside)
        began = datetime.now(UTC)
        tenants = await furnish(world, plan, checkout.root() / "deploy" / "tenants.yaml")
        await world.open_mailboxes([(story.email, "her-password")])
        stage = Stage(world, door, plan.url("gateway"), tenants, checks)
        narrator = Narrator([stage.journal(SENDING), stage.journal(DRAFTING)], say, began)
        telling = asyncio.create_task(narrator.run())
        say(
            f"seed {story.seed}: {story.name} asks {SENDING} about {story.home.reference} through {story.portal.name}\n"
        )
        try:
            await play(stage, story)
            say("\nThe first letter's story")
            for line in as_tree(await _first_story(stage, story)):
                say(line)
        except TimeoutError as error:
            checks.holds("the story goes on", False, str(error))
        finally:
            telling.cancel()
    return checks


async def _first_story(stage: Stage, story: Story) -> list[Entry]:
    journal = stage.journal(SENDING)
    received = await journal.first(
        "message.received.v1", lambda entry: story.home.reference in str(entry.body["text"])
    )
    return [entry for entry in await journal.after(0) if entry.correlation_id == received.correlation_id]
