"""Vendors that fail us in every way: exactly one effect, retried, parked, told to a human, or a dead letter that is seen."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import cast

import pytest
import pytest_asyncio
from pydantic import JsonValue

from chassis import hearing
from chassis.dead_letters import DeadLetter
from frontdesk.play.world import Accepted
from frontdesk.stack import Stack
from frontdesk.story.letters import Attachment, direct_enquiry
from frontdesk.story.payslip import printed_payslip
from frontdesk.story.person import Story, draw_story
from testkit.house import QUIET_SECONDS, FurnishedHouse, furnished_house

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

IMPATIENT = {
    "CONVERSATION_MODEL__RETRIES": "0",
    "CONVERSATION_MODEL__TIMEOUT_S": "2",
    "CONVERSATION_PATIENCE": "4",
    "OCR_MODEL__RETRIES": "0",
    "OCR_MODEL__TIMEOUT_S": "2",
    "CRM_SYNC_REQUEST_SECONDS": "2",
    "FILE_MANAGEMENT_VENDOR_SECONDS": "2",
    "NOTIFICATION_SMTP_SECONDS": "5",
}
QUICK_LADDER = (0.3, 0.3, 0.3, 0.3, 0.3)
AN_HOUR_EACH = (3600.0,) * 5
IN_TURN = ("500", "429", "cut", "hang")


@pytest_asyncio.fixture(scope="module")
async def running(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FurnishedHouse]:
    async with furnished_house(stack, tmp_path_factory.mktemp("vendor-trouble"), IMPATIENT) as house:
        yield house


@pytest_asyncio.fixture
async def house(running: FurnishedHouse, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FurnishedHouse]:
    """The house with vendors that behave, and a ladder of retries that a test can wait for."""
    monkeypatch.setattr(hearing, "LADDER", QUICK_LADDER)
    yield running
    await running.sandbox.clear_faults()


async def test_a_model_that_fails_in_every_passing_way_is_asked_again_and_the_person_is_answered_once(
    house: FurnishedHouse,
) -> None:
    for kind in IN_TURN:
        await house.sandbox.fault("openai", kind, **({"retry_after": 0.2} if kind == "429" else {}))
    before = len(await house.sandbox.seen("openai"))
    story = _person(1)

    lead_id = await _enquire(house, story)
    drafted = await house.first("reply.drafted.v1", lead_id)
    await house.first("message.sent.v1", lead_id, purpose="reply")

    assert drafted.body["offline"] is False
    asked = (await house.sandbox.seen("openai"))[before:]
    assert [entry.fault for entry in asked] == [*IN_TURN, None]
    assert len(await house.world.sent(to=story.email)) == 1
    assert await house.dead_letters() == []


async def test_a_model_that_does_not_answer_json_costs_no_enquiry_and_a_human_gets_it(
    house: FurnishedHouse,
) -> None:
    await house.sandbox.fault("openai", "malformed", times=50)
    story = _person(2)

    lead_id = await _enquire(house, story)
    drafted = await house.first("reply.drafted.v1", lead_id)
    told = await _told(house, story)

    assert drafted.body["offline"] is True
    assert story.home.reference in told.text
    assert await house.world.sent(to=story.email) == []
    assert await house.dead_letters() == []


async def test_the_time_that_a_vendor_names_is_when_it_is_asked_again(
    house: FurnishedHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "LADDER", AN_HOUR_EACH)
    for vendor, method in (("openai", "POST"), ("weclapp", "POST"), ("graph", "PUT")):
        await house.sandbox.fault(vendor, "429", method=method, retry_after=1)
    story = _person(3)

    lead_id = await _enquire(house, story, with_payslip=True)

    await house.first("customer.linked.v1", lead_id)
    await house.first("document.filed.v1", lead_id)
    await house.first("message.sent.v1", lead_id, purpose="reply")
    assert await house.dead_letters() == []


async def test_a_crm_and_a_drive_that_fail_in_every_passing_way_hold_one_customer_and_one_file_in_the_end(
    house: FurnishedHouse,
) -> None:
    kinds = (*IN_TURN, "commit_then_cut")
    for kind in kinds:
        named = {"retry_after": 0.2} if kind == "429" else {}
        await house.sandbox.fault("weclapp", kind, method="POST", path="*/party", **named)
        await house.sandbox.fault("graph", kind, method="PUT", path="*/content", **named)
    story = _person(4)

    lead_id = await _enquire(house, story, with_payslip=True)
    linked = await house.first("customer.linked.v1", lead_id, within=60)
    filed = await house.first("document.filed.v1", lead_id, within=60)

    assert [party["id"] for party in await _parties(house, story)] == [linked.body["customer_id"]]
    assert await _files_of(house, story) == [str(filed.body["path"]).strip("/")]
    assert await house.dead_letters() == []
    assert len(await house.world.sent(to=story.email)) == 1


async def test_a_vendor_whose_answer_is_no_json_is_a_dead_letter_at_once_and_replayed_it_has_one_effect(
    house: FurnishedHouse,
) -> None:
    await house.sandbox.fault("weclapp", "malformed", method="GET", times=50)
    await house.sandbox.fault("graph", "malformed", method="GET", times=50)
    story = _person(5)

    lead_id = await _enquire(house, story, with_payslip=True)
    lead_letter = await _dead(house, "lead.created.v1", lead_id)
    file_letter = await _dead(house, "document.file.v1", lead_id)

    assert (lead_letter.error_kind, lead_letter.attempts) == ("VendorContractBroken", 1)
    assert (file_letter.error_kind, file_letter.attempts) == ("VendorContractBroken", 1)
    await house.sandbox.clear_faults()
    await _replay_all(house)
    await house.first("customer.linked.v1", lead_id)
    await house.first("document.filed.v1", lead_id)
    assert len(await _parties(house, story)) == 1
    assert len(await _files_of(house, story)) == 1
    assert await house.dead_letters() == []


async def test_a_crm_that_stays_down_is_a_dead_letter_after_all_attempts_and_replayed_it_has_one_effect(
    house: FurnishedHouse,
) -> None:
    await house.sandbox.fault("weclapp", "500", method="POST", path="*/party", times=1000)
    story = _person(6)

    lead_id = await _enquire(house, story)
    letter = await _dead(house, "lead.created.v1", lead_id)
    await house.first("message.sent.v1", lead_id, purpose="reply")

    assert letter.error_kind == "VendorUnavailable"
    assert letter.attempts == len(QUICK_LADDER) + 1
    await house.sandbox.clear_faults()
    await _replay_all(house)
    await house.first("customer.linked.v1", lead_id)
    assert len(await _parties(house, story)) == 1


async def test_a_mail_server_that_says_not_now_gets_the_reply_later_and_once(house: FurnishedHouse) -> None:
    story = _person(7)
    await house.mail.fault("smtp", "rcpt", "reply", code=451, address=story.email)
    await house.mail.fault("smtp", "message", "reply", code=451, address=story.email)

    lead_id = await _enquire(house, story)
    await house.first("message.sent.v1", lead_id, purpose="reply")

    assert len(await house.world.sent(to=story.email)) == 1


async def test_a_mail_server_that_refuses_the_reply_for_good_is_told_to_the_agent(
    house: FurnishedHouse,
) -> None:
    story = _person(8)
    await house.mail.fault(
        "smtp", "rcpt", "reply", code=550, text="No such user", address=story.email, times=50
    )

    lead_id = await _enquire(house, story)
    failed = await house.first("message.failed.v1", lead_id, purpose="reply")
    told = await _told(house, story)

    assert "550" in str(failed.body["reason"])
    assert "550" in told.text
    assert await house.world.sent(to=story.email) == []
    assert await house.dead_letters() == []


async def test_a_wrong_smtp_password_parks_the_reply_tells_the_agent_by_the_fleets_server_and_goes_on_when_corrected(
    house: FurnishedHouse,
) -> None:
    story, agent = _person(9), house.text("agent_email")
    known = {mail.number for mail in await house.world.sent(to=agent)}
    await house.with_credential("smtp", password="not-the-password")
    try:
        lead_id = await _enquire(house, story)
        told = await house.world.sent_matching(agent, lambda mail: mail.number not in known)
        await asyncio.sleep(QUIET_SECONDS)
        early = await house.world.sent(to=story.email)
    finally:
        await house.with_credential("smtp", password="muster-password")
    await house.first("message.sent.v1", lead_id, purpose="reply")

    assert told.user == "fleet@frontdesk.test"
    assert "Anmeldung am Mailserver abgelehnt" in str(told.message["Subject"])
    assert early == []
    assert len(await house.world.sent(to=story.email)) == 1
    assert await house.dead_letters() == []


async def test_a_reply_whose_acceptance_was_never_heard_is_told_to_the_agent_and_never_sent_again(
    house: FurnishedHouse,
) -> None:
    story = _person(10)
    await house.mail.fault("smtp", "message", "accept_then_cut", address=story.email)

    lead_id = await _enquire(house, story)
    uncertain = await house.first("message.uncertain.v1", lead_id, purpose="reply")
    told = await _told(house, story)
    await asyncio.sleep(QUIET_SECONDS)

    accepted = await house.world.sent(to=story.email)
    assert [str(mail.message["Message-ID"]) for mail in accepted] == [uncertain.body["external_id"]]
    assert "Ist diese E-Mail angekommen?" in str(told.message["Subject"])
    assert await house.dead_letters() == []


async def _enquire(house: FurnishedHouse, story: Story, *, with_payslip: bool = False) -> str:
    """A letter comes in; returns the lead's id."""
    attachments = [Attachment("Gehaltsabrechnung.pdf", printed_payslip(story))] if with_payslip else []
    letter = direct_enquiry(story, to=house.text("mailbox"), at=datetime.now(UTC), attachments=attachments)
    await house.world.deliver(letter)
    return await house.lead_of(story.email)


async def _told(house: FurnishedHouse, story: Story) -> Accepted:
    """The mail by which the agent learns of this person's letter."""
    return await house.world.sent_matching(
        house.text("agent_email"),
        lambda mail: story.email in mail.text or story.home.reference in mail.text,
        within=30,
    )


async def _dead(house: FurnishedHouse, routing_key: str, lead_id: str) -> DeadLetter:
    async def found() -> DeadLetter | None:
        letters = [
            letter
            for letter in await house.dead_letters()
            if letter.routing_key == routing_key and lead_id.encode() in letter.body
        ]
        return letters[0] if letters else None

    return await _eventually(found)


async def _eventually(look: Callable[[], Awaitable[DeadLetter | None]]) -> DeadLetter:
    async with asyncio.timeout(40):
        while (found := await look()) is None:
            await asyncio.sleep(0.1)
        return found


async def _replay_all(house: FurnishedHouse) -> None:
    for service in house.services.values():
        for letter in await service.dead_letters.listed():
            await service.desk.replay(letter.id, by="a test", action=letter.id)


async def _parties(house: FurnishedHouse, story: Story) -> list[dict[str, JsonValue]]:
    tenants = cast("dict[str, dict[str, list[dict[str, JsonValue]]]]", await house.sandbox.state("weclapp"))
    return [
        party
        for entities in tenants.values()
        for party in entities.get("party", [])
        if party.get("email") == story.email
    ]


async def _files_of(house: FurnishedHouse, story: Story) -> list[str]:
    drives = cast("dict[str, list[dict[str, JsonValue]]]", await house.sandbox.state("graph"))
    return [
        str(item["path"]).strip("/")
        for items in drives.values()
        for item in items
        if item["kind"] == "file" and story.name in str(item["path"])
    ]


def _person(number: int) -> Story:
    return draw_story(43_000 + number, datetime.now(UTC).date())
