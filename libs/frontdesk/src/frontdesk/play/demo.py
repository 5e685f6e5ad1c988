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
from frontdesk.stack import Stack, place_of_its_own
from frontdesk.story.person import Story


async def play_demo(folder: Path, story: Story, say: Callable[[str], None], *, keep: bool) -> Checks:
    """Play a story in a house made for it; what was not running before is stopped, unless it is to be kept."""
    configure_logs("ERROR")
    # The simulated vendors begin with nothing, as the database does.
    own = folder / "demo"
    shutil.rmtree(own, ignore_errors=True)
    async with _started(folder, say, keep=keep) as stack, simulated_vendors(own / "sandbox") as vendors:
        # Nothing of an earlier story is in this place, and `make run` keeps its own.
        with place_of_its_own(stack, f"demo_{os.getpid()}") as environment:
            plan = plan_fleet(own, vendors, environment)
            began = monotonic()
            async with running_house(plan) as house:
                say(
                    f"{len(plan.ports)} services and the simulated vendors run ({monotonic() - began:.1f} s)\n"
                )
                return await play_in_house(house, vendors, story, say)


@asynccontextmanager
async def _started(folder: Path, say: Callable[[str], None], *, keep: bool) -> AsyncIterator[Stack]:
    stack = Stack.at(folder)
    was_running = stack.running()
    began = monotonic()
    await asyncio.to_thread(stack.start)
    say(f"broker and database run ({monotonic() - began:.1f} s)")
    try:
        yield stack
    finally:
        if not keep and not was_running:
            await asyncio.to_thread(stack.stop)
