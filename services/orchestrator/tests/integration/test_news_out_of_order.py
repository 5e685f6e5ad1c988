"""Who answered what, in whatever order it is heard, on the real broker and database."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from chassis.message_ids import own_message_id
from contracts.conversations.v1 import DraftReply, ReplyDrafted
from contracts.envelope import new_id
from contracts.leads.v1 import LeadStatusChanged
from contracts.messages.v1 import (
    EmailPurpose,
    MessageFailed,
    MessageReceived,
    MessageSent,
    MessageUncertain,
    SendEmail,
    Sender,
)
from contracts.values import ContactPoint
from orchestrator.adapters.records import Records
from orchestrator.app import create_service
from testkit.service import RunningService, running
from testkit.tenancy import profile, tenancy_stub


@pytest.fixture
async def desk(environment: Mapping[str, str]) -> AsyncIterator[RunningService]:
    async with tenancy_stub() as stub:
        stub.add(profile("swift", autonomy="send", burst_window_seconds=0.1))
        stub.add(profile("wary", autonomy="draft", burst_window_seconds=0.1))
        async with running(create_service, {**environment, "TENANCY_URL": stub.url}) as service:
            yield service


async def test_an_agents_release_is_acted_upon_though_it_came_before_the_news_that_the_draft_left(
    desk: RunningService,
) -> None:
    command = await enquired(desk, "wary")
    await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == command.lead_id)
    draft_id = own_id(desk, "wary")
    release = letter("SENDEN", "agent@wary.test", in_reply_to=draft_id)
    await desk.wire.say(release, tenant_id="wary")
    await counted(desk, "message.received.v1", "retried")

    await desk.wire.say(sent(command, "draft", draft_id), tenant_id="wary")

    await desk.wire.heard(SendEmail, lambda mail: mail.purpose == "reply" and mail.lead_id == command.lead_id)


async def test_an_agents_answer_to_a_draft_that_perhaps_left_is_acted_upon(desk: RunningService) -> None:
    command = await enquired(desk, "wary")
    await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == command.lead_id)
    draft_id = own_id(desk, "wary")
    uncertain = MessageUncertain(
        lead_id=command.lead_id, turn=command.turn, purpose="draft", channel="email", external_id=draft_id,
        reason="the connection broke before the server answered",
    )  # fmt: skip
    await desk.wire.say(uncertain, tenant_id="wary")
    await counted(desk, "message.uncertain.v1", "done")
    await desk.wire.say(letter("SENDEN", "agent@wary.test", in_reply_to=draft_id), tenant_id="wary")
    await desk.wire.heard(SendEmail, lambda mail: mail.purpose == "reply" and mail.lead_id == command.lead_id)


async def test_an_answer_of_the_person_that_is_heard_before_the_news_of_our_reply_makes_it_a_conversation(
    desk: RunningService,
) -> None:
    address = f"{new_id()}@post.test"
    command = await enquired(desk, "swift", address)
    left = datetime.now(UTC)
    await desk.wire.say(letter("Danke, gern am Dienstag!", address), tenant_id="swift")
    await desk.wire.heard(DraftReply, lambda one: one.lead_id == command.lead_id and one.turn > command.turn)

    await desk.wire.say(sent(command, "reply", f"<{new_id()}@swift.test>", left), tenant_id="swift")

    await desk.wire.heard(
        LeadStatusChanged, lambda event: event.lead_id == command.lead_id and event.new == "CONVERSATION"
    )
    history = (await shown(desk, "swift", command))["history"]
    assert [step["new"] for step in history] == ["NEW", "CONTACTED", "CONVERSATION"]


async def test_a_failure_that_is_heard_after_the_agents_own_answer_does_not_call_the_turn_open(
    desk: RunningService,
) -> None:
    address = f"{new_id()}@post.test"
    command = await enquired(desk, "swift", address)
    await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == command.lead_id)
    own = letter("Ja, sie ist frei.", "office@swift.test", kind="own_answer", recipient=address)
    await desk.wire.say(own, tenant_id="swift")
    await desk.wire.heard(LeadStatusChanged, lambda event: event.lead_id == command.lead_id)
    failed = MessageFailed(
        lead_id=command.lead_id, turn=command.turn, purpose="reply", channel="email", reason="refused"
    )
    await desk.wire.say(failed, tenant_id="swift")
    await counted(desk, "message.failed.v1", "done")
    assert (await shown(desk, "swift", command))["turns"][-1]["state"] == "answered"


@pytest.mark.parametrize(("to_the_relay", "state"), [(True, "CONTACTED"), (False, "NEW")])
async def test_an_agents_own_answer_to_a_portals_relay_counts_and_a_letter_handed_to_a_colleague_does_not(
    desk: RunningService, to_the_relay: bool, state: str
) -> None:
    relay = f"{new_id()}@relay.portal.test"
    enquiry = letter("Ist sie frei?", f"{new_id()}@post.test", relay)
    await desk.wire.say(enquiry, tenant_id="wary")
    command = await desk.wire.heard(DraftReply, lambda one: one.letters[0].message_id == enquiry.message_id)
    recipient = relay if to_the_relay else "colleague@elsewhere.test"
    own = letter("Ja.", "office@wary.test", kind="own_answer", recipient=recipient,
                 references=(enquiry.external_id,))  # fmt: skip
    await desk.wire.say(own, tenant_id="wary")
    await counted(desk, "message.received.v1", "done", 2)
    assert (await shown(desk, "wary", command))["state"] == state


async def test_a_reply_that_a_human_released_counts_as_his_whatever_was_noted_of_the_turn_since(
    desk: RunningService,
) -> None:
    command = await enquired(desk, "wary")
    await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == command.lead_id)
    released = await desk.http.post(
        f"/api/v1/drafts/{command.lead_id}", json={"verdict": "send"}, headers={"X-Tenant-Id": "wary"}
    )
    assert released.status_code == 202
    uncertain = MessageUncertain(
        lead_id=command.lead_id, turn=command.turn, purpose="reply", channel="email", external_id="<u@wary.test>",
        reason="the connection broke before the server answered",
    )  # fmt: skip
    await desk.wire.say(uncertain, tenant_id="wary")
    await counted(desk, "message.uncertain.v1", "done")
    before = await automatic_replies(desk, "wary")
    await desk.wire.say(sent(command, "reply", f"<{new_id()}@wary.test>"), tenant_id="wary")
    await desk.wire.heard(LeadStatusChanged, lambda event: event.lead_id == command.lead_id)
    assert await automatic_replies(desk, "wary") == before


@pytest.mark.parametrize("by_command", [True, False])
async def test_a_draft_that_did_not_leave_is_not_told_to_the_model_as_something_that_was_said(
    desk: RunningService, by_command: bool
) -> None:
    address = f"{new_id()}@post.test"
    command = await enquired(desk, "wary", address)
    if by_command:
        changed = {"verdict": "edit", "text": "Leider vergeben."}
        path = f"/api/v1/drafts/{command.lead_id}"
        await desk.http.post(path, json=changed, headers={"X-Tenant-Id": "wary"})
        await desk.wire.say(sent(command, "reply", f"<{new_id()}@wary.test>"), tenant_id="wary")
    else:
        own = letter("Leider vergeben.", "office@wary.test", kind="own_answer", recipient=address)
        await desk.wire.say(own, tenant_id="wary")
    await desk.wire.heard(LeadStatusChanged, lambda event: event.lead_id == command.lead_id)

    await desk.wire.say(letter("Schade, und die andere?", address), tenant_id="wary")

    again = await desk.wire.heard(
        DraftReply, lambda one: one.lead_id == command.lead_id and one.turn > command.turn
    )
    assert [said.text for said in again.history if said.who == "company"] == ["Leider vergeben."]


async def enquired(desk: RunningService, tenant_id: str, address: str | None = None) -> DraftReply:
    """An enquiry, drafted: sent at once or put before the agent, as the tenant says."""
    enquiry = letter("Ist die Wohnung noch frei?", address or f"{new_id()}@post.test")
    await desk.wire.say(enquiry, tenant_id=tenant_id)
    command = await desk.wire.heard(DraftReply, lambda one: one.letters[0].message_id == enquiry.message_id)
    drafted = ReplyDrafted(
        lead_id=command.lead_id, turn=command.turn, text="Ja, sie ist frei.", language="de", intent="viewing",
        sentiment="neutral", confidence=0.9, model="test",
    )  # fmt: skip
    await desk.wire.say(drafted, tenant_id=tenant_id)
    await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == command.lead_id)
    return command


def letter(text: str, address: str, reply_to: str | None = None, **changes: object) -> MessageReceived:
    now = datetime.now(UTC)
    sender = Sender(
        name="Jörg Müller", contact_points=(ContactPoint(kind="email", value=address),),
        reply_to=reply_to or address,
    )  # fmt: skip
    values: dict[str, object] = {
        "message_id": new_id(), "channel": "email", "external_id": f"<{new_id()}@post.test>", "kind": "enquiry",
        "sender": sender, "recipient": "office@wary.test", "subject": "Wohnung", "text": text, "sent_at": now,
        "received_at": now, "authenticity": "pass",
    }  # fmt: skip
    return MessageReceived.model_validate(values | changes)


def sent(
    command: DraftReply, purpose: EmailPurpose, external_id: str, at: datetime | None = None
) -> MessageSent:
    return MessageSent(
        lead_id=command.lead_id, turn=command.turn, purpose=purpose, channel="email", external_id=external_id,
        sent_at=at or datetime.now(UTC),
    )  # fmt: skip


def own_id(desk: RunningService, tenant_id: str) -> str:
    return own_message_id(desk.service.settings.master_key, tenant_id, new_id(), f"{tenant_id}.test")


async def shown(desk: RunningService, tenant_id: str, command: DraftReply) -> dict[str, list[dict[str, str]]]:
    answer = await desk.http.get(f"/api/v1/leads/{command.lead_id}", headers={"X-Tenant-Id": tenant_id})
    found: dict[str, list[dict[str, str]]] = answer.json()
    return found


async def automatic_replies(desk: RunningService, tenant_id: str) -> int:
    async with desk.service.database.transaction(tenant_id) as session:
        return await Records(session, tenant_id).automatic_replies(
            None, datetime.now(UTC) - timedelta(hours=1)
        )


async def counted(desk: RunningService, message: str, outcome: str, times: int = 1) -> None:
    async with asyncio.timeout(20):
        while desk.service.metrics.count(message, outcome) < times:
            await asyncio.sleep(0.02)
