"""Letters come in by webhook, on the real broker and database."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.envelope import new_id
from contracts.messages.v1 import MessageReceived
from contracts.webhooks.v1 import WebhookReceived
from email_ingest.app import create_service
from email_ingest.entrypoints.events import LARGE_AT_A_TIME
from testkit.service import RunningService, running
from testkit.tenancy import profile, tenancy_stub

PORTAL_LETTER = (Path(__file__).parents[1] / "letters" / "13-willhaben.eml").read_bytes()


@pytest.fixture
async def ingest(environment: Mapping[str, str]) -> AsyncIterator[RunningService]:
    async with tenancy_stub() as stub:
        stub.add(profile("muster"))
        async with running(create_service, {**environment, "TENANCY_URL": stub.url}) as service:
            yield service


async def test_an_enquiry_that_the_portal_sends_again_under_a_new_message_id_is_told_once(
    ingest: RunningService,
) -> None:
    again = PORTAL_LETTER.replace(b"<wh-1@", b"<wh-2@").replace(b"18:00:00", b"18:07:00")
    another = PORTAL_LETTER.replace(b"<wh-1@", b"<wh-3@").replace(b"am Wochenende", b"am Montag")
    for raw in (PORTAL_LETTER, again, another):
        await ingest.wire.say(posted(raw), tenant_id="muster")
    await handled(ingest, 3)
    await ingest.wire.heard(MessageReceived, lambda event: "am Montag" in event.text)
    assert sorted("am Montag" in event.text for event in ingest.wire.all(MessageReceived)) == [False, True]


async def test_only_a_few_large_letters_are_held_in_memory_at_a_time(
    ingest: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = ingest.service.blobs
    large = [
        posted(b"", blob=await blobs.put("muster", PORTAL_LETTER + b"x" * number, "message/rfc822"))
        for number in range(6)
    ]
    get, held, most = type(blobs).get, 0, 0

    async def slowly(*args: object) -> bytes:
        nonlocal held, most
        held += 1
        most = max(most, held)
        await asyncio.sleep(0.05)
        held -= 1
        return await get(*args)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(type(blobs), "get", slowly)
    for event in large:
        await ingest.wire.say(event, tenant_id="muster")
    await handled(ingest, len(large))
    assert most == LARGE_AT_A_TIME


def posted(raw: bytes, **changes: object) -> WebhookReceived:
    event = WebhookReceived(
        hook_id="mail", source="mime", delivery_id=new_id(), received_at=datetime.now(UTC),
        content_type="message/rfc822", body=base64.b64encode(raw).decode(),
    )  # fmt: skip
    return event.model_copy(update={"body": None, **changes}) if changes else event


async def handled(ingest: RunningService, times: int) -> None:
    async with asyncio.timeout(20):
        while ingest.service.metrics.count("webhook.received.v1", "done") < times:
            await asyncio.sleep(0.02)
