"""What people see of leads, and what an agent is told who cannot be obeyed, on the real broker and database."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import pytest

from contracts.envelope import new_id
from contracts.leads.v1 import HandoverRequested
from contracts.messages.v1 import MessageReceived, MessageSent, SendEmail, Sender
from contracts.values import ContactPoint
from orchestrator.adapters.records import Records
from orchestrator.app import create_service
from orchestrator.domain.lead import Lead
from testkit.service import RunningService, running
from testkit.tenancy import profile, tenancy_stub

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
async def desk(environment: Mapping[str, str]) -> AsyncIterator[RunningService]:
    async with tenancy_stub() as stub:
        stub.add(profile("looked", burst_window_seconds=0.1))
        async with running(create_service, {**environment, "TENANCY_URL": stub.url}) as service:
            yield service


async def test_leads_that_came_at_the_same_moment_are_all_seen_page_by_page(desk: RunningService) -> None:
    tenant_id, ids = f"many-{new_id()}", {new_id() for _ in range(5)}
    async with desk.service.units.begin(tenant_id) as transaction:
        records = Records(transaction.session, tenant_id)
        for lead_id in ids:
            await records.keep_lead(
                Lead(lead_id, "NEW", None, "email", "a@b.test", "", None, None, None, 0, 0, NOW)
            )

    seen: list[str] = []
    query = {"limit": "2"}
    while True:
        answer = await desk.http.get("/api/v1/leads", params=query, headers={"X-Tenant-Id": tenant_id})
        page = answer.json()
        seen += [lead["lead_id"] for lead in page["leads"]]
        if page["next"] is None:
            break
        query["before"] = page["next"]

    assert sorted(seen) == sorted(ids)
    assert answer.headers["link"] == '</api/v2/leads>; rel="successor-version"'
    assert answer.headers["deprecation"].startswith("@")


async def test_version_two_of_the_leads_has_items_and_no_empty_last_page(desk: RunningService) -> None:
    tenant_id, ids = f"many-{new_id()}", {new_id() for _ in range(4)}
    async with desk.service.units.begin(tenant_id) as transaction:
        records = Records(transaction.session, tenant_id)
        for lead_id in ids:
            await records.keep_lead(
                Lead(lead_id, "NEW", None, "email", "a@b.test", "", None, None, None, 0, 0, NOW)
            )
    tenant = {"X-Tenant-Id": tenant_id}

    first = await desk.http.get("/api/v2/leads", params={"limit": "2"}, headers=tenant)
    after = {"limit": "2", "after": first.json()["next"]}
    second = await desk.http.get("/api/v2/leads", params=after, headers=tenant)

    assert second.json()["next"] is None
    assert "deprecation" not in first.headers
    seen = [lead["lead_id"] for page in (first, second) for lead in page.json()["items"]]
    assert sorted(seen) == sorted(ids)
    odd = await desk.http.get("/api/v2/leads", params={"after": "yesterday"}, headers=tenant)
    assert odd.status_code == 422


async def test_a_place_in_the_leads_that_nobody_handed_out_is_refused(desk: RunningService) -> None:
    answer = await desk.http.get(
        "/api/v1/leads", params={"before": "yesterday"}, headers={"X-Tenant-Id": "looked"}
    )
    assert answer.status_code == 422


async def test_an_agent_who_releases_what_was_never_drafted_is_told_that_there_is_no_draft(
    desk: RunningService,
) -> None:
    await desk.wire.say(letter("Hallo", f"{new_id()}@post.test", authenticity="fail"), tenant_id="looked")
    asked = await desk.wire.heard(HandoverRequested)
    handover_id = f"<{new_id()}@looked.test>"
    left = MessageSent(
        lead_id=asked.lead_id, turn=asked.turn, purpose="handover", channel="email", external_id=handover_id,
        sent_at=datetime.now(UTC),
    )  # fmt: skip
    await desk.wire.say(left, tenant_id="looked")
    async with asyncio.timeout(20):
        while desk.service.metrics.count("message.sent.v1", "done") < 1:
            await asyncio.sleep(0.02)

    await desk.wire.say(letter("SENDEN", "agent@looked.test", in_reply_to=handover_id), tenant_id="looked")

    told = await desk.wire.heard(SendEmail, lambda mail: mail.purpose == "notice")
    assert "keinen Entwurf" in told.text


def letter(text: str, address: str, **changes: object) -> MessageReceived:
    sender = Sender(contact_points=(ContactPoint(kind="email", value=address),), reply_to=address)
    values: dict[str, object] = {
        "message_id": new_id(), "channel": "email", "external_id": f"<{new_id()}@post.test>", "kind": "enquiry",
        "sender": sender, "recipient": "office@looked.test", "subject": "Wohnung", "text": text,
        "sent_at": datetime.now(UTC), "received_at": datetime.now(UTC), "authenticity": "pass",
    }  # fmt: skip
    return MessageReceived.model_validate(values | changes)
