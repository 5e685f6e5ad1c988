"""Who answers, by whether the company is open now, and whether it is suspended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from contracts.conversations.v1 import DraftReply, ReplyDrafted
from contracts.envelope import new_id
from contracts.leads.v1 import HandoverRequested
from contracts.messages.v1 import MessageReceived, SendEmail, Sender
from contracts.tenants.hours import WEEKDAYS
from contracts.values import ContactPoint
from orchestrator.app import create_service
from testkit.service import RunningService, running
from testkit.tenancy import profile, tenancy_stub

ALWAYS = {"week": {weekday: [{"opens": "00:00", "closes": "24:00"}] for weekday in WEEKDAYS}}
TODAY = datetime.now(UTC).date()
NEVER_THESE_DAYS = ALWAYS | {
    "holidays": [{"day": TODAY + timedelta(days=days), "name": "Betriebsurlaub"} for days in (-1, 0, 1)]
}
RULES = [{"hours": "open", "answer": "human"}, {"hours": "closed", "answer": "ai"}]


@pytest.fixture(scope="module")
async def desk(environment: Mapping[str, str]) -> AsyncIterator[RunningService]:
    async with tenancy_stub() as stub:
        stub.add(profile("there", hours=ALWAYS, rules=RULES, burst_window_seconds=0.1))
        stub.add(profile("away", hours=NEVER_THESE_DAYS, rules=RULES, burst_window_seconds=0.1))
        stub.add(profile("stopped", autonomy="send", suspended=True, burst_window_seconds=0.1))
        async with running(create_service, {**environment, "TENANCY_URL": stub.url}) as service:
            yield service


async def ask(desk: RunningService, tenant_id: str) -> str:
    """Somebody writes, and a reply is drafted; the lead."""
    text, address = f"Ist die Wohnung noch frei? {new_id()}", f"{new_id()}@post.test"
    points = (ContactPoint(kind="email", value=address),)
    letter = MessageReceived(
        message_id=new_id(), channel="email", external_id=f"<{new_id()}@post.test>", kind="enquiry",
        sender=Sender(name="Jörg Müller", contact_points=points, reply_to=address), recipient="office@a.test",
        subject="Wohnung", text=text, sent_at=datetime.now(UTC), received_at=datetime.now(UTC),
        authenticity="pass",
    )  # fmt: skip
    await desk.wire.say(letter, tenant_id=tenant_id)
    command = await desk.wire.heard(DraftReply, lambda command: command.letters[0].text == text)
    drafted = ReplyDrafted(
        lead_id=command.lead_id, turn=command.turn, text="Gern.", language="de", intent="viewing",
        sentiment="neutral", confidence=0.9, model="test",
    )  # fmt: skip
    await desk.wire.say(drafted, tenant_id=tenant_id)
    return command.lead_id


async def test_while_somebody_is_there_a_human_answers(desk: RunningService) -> None:
    lead_id = await ask(desk, "there")

    request = await desk.wire.heard(HandoverRequested, lambda event: event.lead_id == lead_id)

    assert "while the company is open" in request.reason


async def test_while_nobody_is_there_the_ai_answers(desk: RunningService) -> None:
    lead_id = await ask(desk, "away")

    mail = await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == lead_id)

    assert (mail.purpose, mail.automatic) == ("reply", True)


async def test_for_a_suspended_company_nothing_is_answered_automatically(desk: RunningService) -> None:
    lead_id = await ask(desk, "stopped")

    mail = await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == lead_id)

    assert mail.purpose == "draft"
