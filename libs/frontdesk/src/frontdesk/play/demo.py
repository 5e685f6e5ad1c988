"""The demo: stack, simulated vendors and fleet started for one story, and stopped after it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from chassis.telemetry import configure_logs
from frontdesk.fleet.house import running_house
from frontdesk.fleet.plan import plan_fleet
from frontdesk.fleet.vendors import simulated_vendors
from frontdesk.play.checks import Checks
from frontdesk.play.house import play_in_house
from frontdesk.stack import Place, Stack
from frontdesk.story.person import Story

Say = Callable[[str], None]


async def play_demo(folder: Path, story: Story, say: Say, *, keep: bool) -> Checks:
    """Play a story in a house made for it; what was not running before is stopped, unless it is to be kept."""
    configure_logs("ERROR")
    # Nothing of an earlier story is in this place, and `make run` keeps its own.
    place = Place(Stack.at(folder), f"demo_{os.getpid()}")
    own = folder / "demo"
    shutil.rmtree(own, ignore_errors=True)
    began = monotonic()
    async with _prepared(place, say, keep=keep) as ground, simulated_vendors(own / "sandbox") as vendors:
        plan = plan_fleet(own, vendors, place.environment, observed=True)
        async with running_house(plan, ground=ground) as house:
            say(f"{len(plan.ports)} services and the simulated vendors run ({monotonic() - began:.1f} s)\n")
            return await play_in_house(house, vendors, story, say)


@asynccontextmanager
async def _prepared(place: Place, say: Say, *, keep: bool) -> AsyncIterator[asyncio.Task[None]]:
    """The stack being started and the place being made: the rest need not wait for it, the broker takes seconds."""
    was_running = place.stack.running()
    ground = asyncio.create_task(asyncio.to_thread(_make_ground, place, say))
    try:
        yield ground
    finally:
        await asyncio.gather(ground, return_exceptions=True)  # whoever awaited it has its error
        if place.stack.running():
            await asyncio.to_thread(place.remove)
        if not keep and not was_running:
            await asyncio.to_thread(place.stack.stop)


def _make_ground(place: Place, say: Say) -> None:
    began = monotonic()
    place.stack.start()
    say(f"broker and database run ({monotonic() - began:.1f} s)")
    place.make()
