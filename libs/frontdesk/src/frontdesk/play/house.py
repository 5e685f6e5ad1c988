"""A story played in a house that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import httpx

from frontdesk import checkout
from frontdesk.fleet.house import House
from frontdesk.fleet.rest import until_at_rest
from frontdesk.fleet.vendors import Vendors
from frontdesk.play.checks import Checks
from frontdesk.play.enquiry import DRAFTING, SENDING, Stage, play
from frontdesk.play.furnishing import furnish
from frontdesk.play.journal import Entry, as_tree
from frontdesk.play.narrator import Narrator
from frontdesk.play.world import World
from frontdesk.story.person import Story


async def play_in_house(house: House, vendors: Vendors, story: Story, say: Callable[[str], None]) -> Checks:
    """Furnish a fresh house for a story and play it; returns the comparisons."""
    checks, plan = Checks(say), house.plan
    headers = {"Authorization": f"Bearer {plan.shared['FRONTDESK_ADMIN_TOKEN']}"}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=30) as outside,
        httpx.AsyncClient(base_url=plan.url("gateway"), headers=headers, trust_env=False, timeout=30) as door,
    ):
        world = World(vendors, outside)
        began = datetime.now(UTC)
        tenants = await furnish(world, plan, checkout.root() / "deploy" / "tenants.yaml")
        await world.open_mailboxes([(story.email, "her-password")])
        at_rest = partial(until_at_rest, house.services)
        stage = Stage(world, door, plan.url("gateway"), tenants, checks, at_rest)
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
    return await journal.story(received.correlation_id)
