"""A mailbox full of old mail is connected: nobody who wrote long ago hears from us."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
import pytest_asyncio
from pydantic import JsonValue

from frontdesk.play.enquiry import SENDING
from frontdesk.stack import Stack
from frontdesk.story.letters import direct_enquiry
from frontdesk.story.person import draw_story
from testkit.house import QUIET_SECONDS, FurnishedHouse, furnished_house

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

TENANT, MAILBOX, PASSWORD = "alt-eingesessen", "kontakt@alt-eingesessen.test", "an-old-password"
OLD_MAILS = 5_000


@pytest_asyncio.fixture(scope="module")
async def house(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FurnishedHouse]:
    async with furnished_house(stack, tmp_path_factory.mktemp("old-mailbox")) as house:
        yield house


async def test_a_mailbox_of_5000_old_mails_is_connected_and_only_what_comes_afterwards_is_answered(
    house: FurnishedHouse,
) -> None:
    now = datetime.now(UTC)
    await house.mail.create_mailbox(MAILBOX, PASSWORD)
    # Unread, and the last of them is a minute old: neither age nor a flag keeps us from answering, only that it lay there.
    await house.mail.deliver_history(
        MAILBOX,
        OLD_MAILS,
        first=(now - timedelta(days=900)).isoformat(),
        last=(now - timedelta(minutes=1)).isoformat(),
        seen=False,
    )
    sent_before = len(await house.world.sent())

    await _connect(house)
    await asyncio.sleep(QUIET_SECONDS)

    assert len(await house.mail.folder(MAILBOX)) == OLD_MAILS
    assert await _leads(house) == []
    assert len(await house.world.sent()) == sent_before
    assert [entry.type for entry in await house.journal(TENANT).after(0, "message.received.v1")] == []

    story = draw_story(42_001, now.date())
    await house.world.deliver(direct_enquiry(story, to=MAILBOX, at=datetime.now(UTC)))
    reply = await house.world.sent_matching(story.email, lambda mail: mail.user == MAILBOX)
    assert story.home.reference in reply.text
    assert len(await _leads(house)) == 1

    # The server numbers the folder anew, as after a move to other machines: what is known stays known.
    await house.mail.change_uidvalidity(MAILBOX)
    second = draw_story(42_002, now.date())
    await house.world.deliver(direct_enquiry(second, to=MAILBOX, at=datetime.now(UTC)))
    await house.world.sent_matching(second.email, lambda mail: mail.user == MAILBOX)
    assert len(await _leads(house)) == 2
    assert len(await house.world.sent()) == sent_before + 2


async def _connect(house: FurnishedHouse) -> None:
    """A third company comes to us, with the mailbox that it has had for years; returns when we watch it."""
    like = house.tenants[SENDING]
    held = cast("dict[str, dict[str, JsonValue]]", like["credentials"])
    own: dict[str, JsonValue] = {"username": MAILBOX, "password": PASSWORD}
    house.tenants[TENANT] = {
        **like,
        "mailbox": MAILBOX,
        "agent_email": "chefin@alt-eingesessen.test",
        "crm": "builtin",
        "file_store": "local",
        "hooks": [],
    }
    await house.configure(TENANT, credentials={name: {**held[name], **own} for name in ("smtp", "imap")})
    async with asyncio.timeout(60):
        while not await _is_watched(house):
            await asyncio.sleep(0.1)


async def _is_watched(house: FurnishedHouse) -> bool:
    url = f"{house.plan.url('email-ingest')}/internal/mailboxes"
    answer = await house.http.get(url)
    answer.raise_for_status()
    return any(
        watch["watching"] and watch["folder"] == "inbox" and watch["tenant_id"] == TENANT
        for watch in answer.json()["mailboxes"]
    )


async def _leads(house: FurnishedHouse) -> list[JsonValue]:
    answer = await house.http.get("/api/v1/leads", headers={"X-Tenant-Id": TENANT})
    answer.raise_for_status()
    leads: list[JsonValue] = answer.json()["leads"]
    return leads
