"""Billing on the real broker and the real database."""

import asyncio
from collections.abc import Mapping

from sqlmodel import select

from billing.adapters.store import NoteRow
from billing.app import create_service
from contracts.catalogue import FOLDER, noun
from contracts.messages.v1 import MessageSent
from contracts.routing import routing_key
from testkit.service import RunningService, running


async def test_a_message_that_comes_twice_is_noted_once(environment: Mapping[str, str]) -> None:
    example = FOLDER / "examples" / noun(MessageSent) / routing_key(MessageSent) / "full.json"
    event = MessageSent.read(example.read_bytes())
    async with running(create_service, environment) as service:
        envelope = await service.wire.say(event, tenant_id="acme")
        await service.wire.say(event, tenant_id="acme", message_id=envelope.id)
        last = await service.wire.say(event, tenant_id="acme")

        async with asyncio.timeout(20):
            while last.id not in await noted(service):
                await asyncio.sleep(0.05)
        assert await noted(service) == sorted([envelope.id, last.id])


async def noted(service: RunningService) -> list[str]:
    async with service.service.units.reading("acme") as session:
        return sorted(row.message_id for row in await session.exec(select(NoteRow)))
