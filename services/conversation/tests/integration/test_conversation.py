"""Conversation as a whole: on the real broker and database, with the simulated vendor."""

from collections.abc import AsyncIterator

import pytest

from contracts.conversations.v1 import ReplyDrafted
from conversation.app import create_service
from testkit.service import RunningService, running


@pytest.fixture(scope="module")
async def service(sandbox, environment: dict[str, str]) -> AsyncIterator[RunningService]:
    await sandbox.reset("openai")
    model = {
        "CONVERSATION_MODEL__PROVIDER": "openai",
        "CONVERSATION_MODEL__BASE_URL": sandbox.address("openai"),
        "CONVERSATION_MODEL__API_KEY": "a-key-of-the-tests",
        "CONVERSATION_MODEL__PRICES": '{"gpt-6-luna": {"input": "1", "output": "6", "currency": "EUR"}}',
        "CONVERSATION_PATIENCE": "0",
    }
    async with running(create_service, {**environment, **model}) as started:
        yield started


async def test_the_command_to_draft_is_answered_with_a_drafted_reply(service, enquiry) -> None:
    sent = await service.wire.say(enquiry(lead_id="lead-a"), tenant_id="acme")
    drafted = await service.wire.heard(ReplyDrafted, lambda reply: reply.lead_id == "lead-a")
    assert drafted.turn == 1
    assert drafted.language == "de"
    assert "Müller" in drafted.text
    assert drafted.cost is not None
    assert drafted.cost.currency == "EUR"
    heard = next(
        h
        for h in service.wire.heard_all
        if h.envelope.subject == "lead/lead-a" and h.envelope.source != "test"
    )
    assert heard.envelope.correlation_id == sent.correlation_id
    assert heard.envelope.tenant_id == "acme"


async def test_a_drafted_reply_can_be_looked_up_by_its_tenant_alone(service, enquiry) -> None:
    for turn in (1, 2):
        await service.wire.say(enquiry(lead_id="lead-b", turn=turn), tenant_id="acme")
        await service.wire.heard(
            ReplyDrafted, lambda reply, t=turn: (reply.lead_id, reply.turn) == ("lead-b", t)
        )
    query = {"lead_id": "lead-b"}
    own = await service.http.get("/api/v1/replies", params=query, headers={"X-Tenant-Id": "acme"})
    assert own.status_code == 200
    assert [draft["reply"]["turn"] for draft in own.json()] == [2, 1]
    assert own.json()[0]["reply"]["facts_used"]
    assert own.json()[0]["tokens"] > 0
    other = await service.http.get("/api/v1/replies", params=query, headers={"X-Tenant-Id": "other"})
    assert other.json() == []


async def test_a_turn_that_is_drafted_again_keeps_one_draft(service, enquiry) -> None:
    for person in ("Jörg Müller", "Anna Weiß"):
        await service.wire.say(enquiry(lead_id="lead-c", person=person), tenant_id="acme")
        await service.wire.heard(
            ReplyDrafted, lambda reply, p=person: reply.lead_id == "lead-c" and p.split()[1] in reply.text
        )
    found = await service.http.get(
        "/api/v1/replies", params={"lead_id": "lead-c"}, headers={"X-Tenant-Id": "acme"}
    )
    assert len(found.json()) == 1
    assert "Weiß" in found.json()[0]["reply"]["text"]


async def test_the_same_command_twice_is_drafted_once(service, enquiry, sandbox) -> None:
    before = len(await sandbox.seen("openai"))
    command = enquiry(lead_id="lead-d")
    first = await service.wire.say(command, tenant_id="acme")
    await service.wire.heard(ReplyDrafted, lambda reply: reply.lead_id == "lead-d")
    await service.wire.say(command, tenant_id="acme", message_id=first.id)
    await service.wire.say(enquiry(lead_id="lead-e"), tenant_id="acme")
    await service.wire.heard(ReplyDrafted, lambda reply: reply.lead_id == "lead-e")
    assert len([reply for reply in service.wire.all(ReplyDrafted) if reply.lead_id == "lead-d"]) == 1
    assert len(await sandbox.seen("openai")) == before + 2


async def test_a_vendor_that_fails_does_not_cost_the_enquiry(service, enquiry, sandbox) -> None:
    await sandbox.fault("openai", "500", times=3)
    await service.wire.say(enquiry(lead_id="lead-f"), tenant_id="acme")
    drafted = await service.wire.heard(ReplyDrafted, lambda reply: reply.lead_id == "lead-f")
    assert drafted.offline
    assert drafted.confidence == 0.1


async def test_replies_are_shown_only_to_who_has_a_token(service) -> None:
    answer = await service.http.get(
        "/api/v1/replies", params={"lead_id": "x"}, headers={"Authorization": "Bearer no"}
    )
    assert answer.status_code == 401
