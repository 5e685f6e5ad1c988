"""A turn, from the letter to the command that sends the answer, on the real broker and database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from contracts.conversations.v1 import DraftReply, ReplyDrafted
from contracts.envelope import new_id
from contracts.leads.v1 import HandoverRequested, LeadCreated, LeadStatusChanged
from contracts.messages.v1 import MessageReceived, MessageSent, MessageUncertain, SendEmail, Sender
from contracts.values import ContactPoint
from orchestrator.app import create_service
from testkit.service import RunningService, running
from testkit.tenancy import TenancyStub, profile, tenancy_stub


@pytest.fixture
async def tenancy() -> AsyncIterator[TenancyStub]:
    async with tenancy_stub() as stub:
        stub.add(profile("acme", autonomy="send", burst_window_seconds=0.3))
        stub.add(profile("careful", autonomy="draft", burst_window_seconds=0.3))
        yield stub


@pytest.fixture
async def desk(tenancy: TenancyStub, environment: Mapping[str, str]) -> AsyncIterator[RunningService]:
    async with running(create_service, {**environment, "TENANCY_URL": tenancy.url}) as service:
        yield service


def letter(text: str, address: str, **changes: object) -> MessageReceived:
    values: dict[str, object] = {
        "message_id": new_id(),
        "channel": "email",
        "external_id": f"<{new_id()}@post.test>",
        "kind": "enquiry",
        "sender": Sender(
            name="Jörg Müller", contact_points=(ContactPoint(kind="email", value=address),), reply_to=address
        ),
        "recipient": "office@acme.test",
        "subject": "Wohnung W-1024",
        "text": text,
        "sent_at": datetime.now(UTC),
        "received_at": datetime.now(UTC),
        "authenticity": "pass",
    }
    return MessageReceived.model_validate(values | changes)


def drafted(
    command: DraftReply, text: str = "Sehr geehrter Herr Müller, gern.", **changes: object
) -> ReplyDrafted:
    values: dict[str, object] = {
        "lead_id": command.lead_id, "turn": command.turn, "text": text, "language": "de", "intent": "viewing",
        "sentiment": "neutral", "confidence": 0.9, "model": "test",
    }  # fmt: skip
    return ReplyDrafted.model_validate(values | changes)


def about(text: str) -> Callable[[DraftReply], bool]:
    """Picks the draft of this test: the services of all tests share one database."""
    return lambda command: command.letters[0].text == text


async def test_two_letters_in_a_burst_get_one_reply_that_covers_both(desk: RunningService) -> None:
    address = f"{new_id()}@post.test"
    await desk.wire.say(letter("Ist die Wohnung noch frei?", address), tenant_id="acme")
    await desk.wire.say(letter("Und darf ein Hund mit?", address), tenant_id="acme")
    command = await desk.wire.heard(DraftReply, about("Ist die Wohnung noch frei?"))
    assert [one.text for one in command.letters] == ["Ist die Wohnung noch frei?", "Und darf ein Hund mit?"]
    assert len(desk.wire.all(LeadCreated)) == 1
    await desk.wire.say(drafted(command), tenant_id="acme")
    mail = await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == command.lead_id)
    assert (mail.purpose, mail.to, mail.subject) == ("reply", (address,), "Re: Wohnung W-1024")
    assert "Sehr geehrter Herr Müller" in mail.text
    assert "Diese Antwort schrieb eine KI." in mail.text
    sent = MessageSent(
        lead_id=mail.lead_id, turn=mail.turn, purpose="reply", channel="email", external_id="<r1@acme.test>",
        sent_at=datetime.now(UTC),
    )  # fmt: skip
    await desk.wire.say(sent, tenant_id="acme")
    moved = await desk.wire.heard(LeadStatusChanged, lambda event: event.lead_id == command.lead_id)
    assert (moved.old, moved.new) == ("NEW", "CONTACTED")
    await desk.wire.say(letter("Danke, gern am Dienstag.", address), tenant_id="acme")
    await desk.wire.heard(LeadStatusChanged, lambda event: event.new == "CONVERSATION")


async def test_a_draft_made_stale_by_a_newer_letter_is_never_sent(desk: RunningService) -> None:
    address = f"{new_id()}@post.test"
    await desk.wire.say(letter("Was kostet die Wohnung?", address), tenant_id="acme")
    first = await desk.wire.heard(DraftReply, about("Was kostet die Wohnung?"))
    await desk.wire.say(letter("Ich meine die im zweiten Stock.", address), tenant_id="acme")
    second = await desk.wire.heard(DraftReply, lambda command: len(command.letters) == 2)
    assert [one.text for one in second.letters] == [
        "Was kostet die Wohnung?",
        "Ich meine die im zweiten Stock.",
    ]
    await desk.wire.say(drafted(first, "veraltet"), tenant_id="acme")
    await desk.wire.say(drafted(second, "aktuell"), tenant_id="acme")
    mail = await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == second.lead_id)
    assert mail.turn == second.turn
    assert all("veraltet" not in one.text for one in desk.wire.all(SendEmail))


async def test_a_careful_company_gets_the_draft_by_mail_and_sends_it_by_answering(
    desk: RunningService,
) -> None:
    address = f"{new_id()}@post.test"
    await desk.wire.say(letter("Ist ein Balkon dabei?", address), tenant_id="careful")
    command = await desk.wire.heard(DraftReply, about("Ist ein Balkon dabei?"))
    await desk.wire.say(drafted(command, "Ja, nach Süden."), tenant_id="careful")
    draft = await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == command.lead_id)
    assert (draft.purpose, draft.to) == ("draft", ("agent@careful.test",))
    assert "Ja, nach Süden." in draft.text
    sent = MessageSent(
        lead_id=draft.lead_id, turn=draft.turn, purpose="draft", channel="email", external_id="<d1@careful.test>",
        sent_at=datetime.now(UTC),
    )  # fmt: skip
    await desk.wire.say(sent, tenant_id="careful")
    await settled(desk, "message.sent.v1")
    answer = letter(
        "SENDEN\n", "agent@careful.test", in_reply_to="<d1@careful.test>", references=("<d1@careful.test>",)
    )
    await desk.wire.say(answer, tenant_id="careful")
    reply = await desk.wire.heard(SendEmail, lambda mail: mail.purpose == "reply")
    assert reply.to == (address,)
    assert "Ja, nach Süden." in reply.text


async def settled(desk: RunningService, message: str) -> None:
    async with asyncio.timeout(20):
        while desk.service.metrics.count(message, "done") < 1:
            await asyncio.sleep(0.02)


async def test_a_letter_whose_sender_cannot_be_verified_is_handed_to_a_human(desk: RunningService) -> None:
    await desk.wire.say(letter("Hallo", f"{new_id()}@post.test", authenticity="fail"), tenant_id="acme")
    request = await desk.wire.heard(HandoverRequested)
    assert "could not be verified" in request.reason
    mail = await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == request.lead_id)
    assert (mail.purpose, mail.to) == ("handover", ("agent@acme.test",))


async def test_a_letter_without_an_address_is_handed_to_a_human(desk: RunningService) -> None:
    nobody = Sender(contact_points=(), reply_to="")
    await desk.wire.say(
        letter("Bitte rufen Sie mich an", "unused@post.test", sender=nobody), tenant_id="acme"
    )
    request = await desk.wire.heard(HandoverRequested, lambda event: "no address" in event.reason)
    mail = await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == request.lead_id)
    assert (mail.purpose, "Bitte rufen Sie mich an" in mail.text) == ("handover", True)


async def test_what_a_machine_wrote_and_what_is_no_enquiry_is_never_answered(desk: RunningService) -> None:
    address = f"{new_id()}@post.test"
    await desk.wire.say(letter("Ich bin im Urlaub", address, automatic=True), tenant_id="acme")
    await desk.wire.say(
        letter("Große Rabatte!", f"{new_id()}@shop.test", kind="newsletter"), tenant_id="acme"
    )
    await desk.wire.say(letter("Ist sie frei?", f"{new_id()}@post.test"), tenant_id="acme")
    command = await desk.wire.heard(DraftReply, about("Ist sie frei?"))
    said = {letter.text for command in desk.wire.all(DraftReply) for letter in command.letters}
    assert len(command.letters) == 1
    assert said.isdisjoint({"Ich bin im Urlaub", "Große Rabatte!"})
    assert not any(address in mail.to for mail in desk.wire.all(SendEmail))


async def test_a_draft_is_listed_changed_and_sent_by_command(desk: RunningService) -> None:
    address = f"{new_id()}@post.test"
    await desk.wire.say(letter("Gibt es einen Aufzug?", address), tenant_id="careful")
    command = await desk.wire.heard(DraftReply, about("Gibt es einen Aufzug?"))
    await desk.wire.say(drafted(command, "Ja."), tenant_id="careful")
    await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == command.lead_id)
    headers = {"X-Tenant-Id": "careful"}
    drafts = (await desk.http.get("/api/v1/drafts", headers=headers)).json()["drafts"]
    assert [draft["draft"] for draft in drafts if draft["lead_id"] == command.lead_id] == ["Ja."]
    path = f"/api/v1/drafts/{command.lead_id}"
    other = await desk.http.post(path, json={"verdict": "send"}, headers={"X-Tenant-Id": "acme"})
    assert other.status_code == 409
    changed = {"verdict": "edit", "text": "Ja, einen gläsernen."}
    assert (await desk.http.post(path, json=changed, headers=headers)).status_code == 202
    reply = await desk.wire.heard(SendEmail, lambda mail: mail.purpose == "reply" and mail.to == (address,))
    assert "Ja, einen gläsernen." in reply.text
    again = await desk.http.post(path, json={"verdict": "send"}, headers=headers)
    assert (again.status_code, again.json()["title"]) == (409, "Nothing to review")


async def test_what_an_agent_sends_himself_counts_as_the_answer(desk: RunningService) -> None:
    address = f"{new_id()}@post.test"
    await desk.wire.say(letter("Wie hoch ist die Kaution?", address), tenant_id="careful")
    command = await desk.wire.heard(DraftReply, about("Wie hoch ist die Kaution?"))
    answer = letter("Drei Monatsmieten.", "office@careful.test", kind="own_answer", recipient=address)
    await desk.wire.say(answer, tenant_id="careful")
    moved = await desk.wire.heard(LeadStatusChanged, lambda event: event.lead_id == command.lead_id)
    assert (moved.old, moved.new) == ("NEW", "CONTACTED")
    await desk.wire.say(drafted(command, "zu spät"), tenant_id="careful")
    await settled(desk, "reply.drafted.v1")
    assert not any(mail.lead_id == command.lead_id for mail in desk.wire.all(SendEmail))


async def test_an_agents_answer_from_before_the_newest_letter_leaves_that_letter_to_be_answered(
    desk: RunningService,
) -> None:
    """The Sent folder is read when the next letter is already there."""
    address, text = f"{new_id()}@post.test", f"Ist der Keller trocken? {new_id()}"
    await desk.wire.say(letter(text, address), tenant_id="acme")
    command = await desk.wire.heard(DraftReply, about(text))
    earlier = letter("Der Keller gehört dazu.", "office@acme.test", kind="own_answer", recipient=address,
                     received_at=datetime.now(UTC) - timedelta(minutes=5))  # fmt: skip
    await desk.wire.say(earlier, tenant_id="acme")
    async with asyncio.timeout(20):
        while desk.service.metrics.count("message.received.v1", "done") < 2:
            await asyncio.sleep(0.02)
    await desk.wire.say(drafted(command, "Ja, er ist trocken."), tenant_id="acme")
    mail = await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == command.lead_id)
    assert (mail.purpose, "Ja, er ist trocken." in mail.text) == ("reply", True)


async def test_an_imported_old_letter_changes_neither_a_leads_state_nor_where_it_is_answered(
    desk: RunningService,
) -> None:
    address, text = f"{new_id()}@post.test", f"Gibt es eine Garage? {new_id()}"
    await desk.wire.say(letter(text, address), tenant_id="acme")
    command = await desk.wire.heard(DraftReply, about(text))
    sent = MessageSent(
        lead_id=command.lead_id, turn=command.turn, purpose="reply", channel="email",
        external_id=f"<{new_id()}@acme.test>", sent_at=datetime.now(UTC),
    )  # fmt: skip
    await desk.wire.say(sent, tenant_id="acme")
    await desk.wire.heard(LeadStatusChanged, lambda event: event.lead_id == command.lead_id)
    point = ContactPoint(kind="email", value=address)
    old = Sender(name="Jörg Müller", contact_points=(point,), reply_to="relay-of-2019@portal.test")
    await desk.wire.say(letter("Von früher", address, sender=old, historic=True), tenant_id="acme")
    async with asyncio.timeout(20):
        while desk.service.metrics.count("message.received.v1", "done") < 2:
            await asyncio.sleep(0.02)
    shown = await desk.http.get(f"/api/v1/leads/{command.lead_id}", headers={"X-Tenant-Id": "acme"})
    assert shown.json()["state"] == "CONTACTED"
    again = f"Und ein Stellplatz? {new_id()}"
    await desk.wire.say(letter(again, address), tenant_id="acme")
    next_command = await desk.wire.heard(DraftReply, lambda one: one.letters[-1].text == again)
    await desk.wire.say(drafted(next_command, "Ja."), tenant_id="acme")
    mail = await desk.wire.heard(SendEmail, lambda mail: mail.turn == next_command.turn)
    assert mail.to == (address,)


async def test_a_stranger_who_claims_to_be_the_agent_releases_nothing(desk: RunningService) -> None:
    address = f"{new_id()}@post.test"
    await desk.wire.say(letter("Ist Rauchen erlaubt?", address), tenant_id="careful")
    command = await desk.wire.heard(DraftReply, about("Ist Rauchen erlaubt?"))
    await desk.wire.say(drafted(command, "Nein."), tenant_id="careful")
    draft = await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == command.lead_id)
    sent = MessageSent(
        lead_id=draft.lead_id, turn=draft.turn, purpose="draft", channel="email", external_id="<d2@careful.test>",
        sent_at=datetime.now(UTC),
    )  # fmt: skip
    await desk.wire.say(sent, tenant_id="careful")
    await settled(desk, "message.sent.v1")
    forged = letter("SENDEN", "agent@careful.test", in_reply_to="<d2@careful.test>", authenticity="fail")
    await desk.wire.say(forged, tenant_id="careful")
    async with asyncio.timeout(20):
        while desk.service.metrics.count("message.received.v1", "done") < 2:
            await asyncio.sleep(0.02)
    assert not any(
        mail.purpose == "reply" and mail.lead_id == command.lead_id for mail in desk.wire.all(SendEmail)
    )


async def test_a_reply_that_perhaps_left_waits_for_a_human_and_is_not_repeated(desk: RunningService) -> None:
    address = f"{new_id()}@post.test"
    await desk.wire.say(letter("Wann wurde renoviert?", address), tenant_id="acme")
    command = await desk.wire.heard(DraftReply, about("Wann wurde renoviert?"))
    await desk.wire.say(drafted(command), tenant_id="acme")
    await desk.wire.heard(SendEmail, lambda mail: mail.lead_id == command.lead_id)
    uncertain = MessageUncertain(
        lead_id=command.lead_id, turn=command.turn, purpose="reply", channel="email", external_id="<u@acme.test>",
        reason="the connection broke before the server answered",
    )  # fmt: skip
    await desk.wire.say(uncertain, tenant_id="acme")
    await settled(desk, "message.uncertain.v1")
    headers = {"X-Tenant-Id": "acme"}
    drafts = (await desk.http.get("/api/v1/drafts", headers=headers)).json()["drafts"]
    waiting = [draft for draft in drafts if draft["lead_id"] == command.lead_id]
    assert [(draft["state"], draft["reason"]) for draft in waiting] == [("uncertain", uncertain.reason)]
    again = await desk.http.post(
        f"/api/v1/drafts/{command.lead_id}", json={"verdict": "send"}, headers=headers
    )
    assert again.status_code == 409
    dropped = await desk.http.post(
        f"/api/v1/drafts/{command.lead_id}", json={"verdict": "drop"}, headers=headers
    )
    assert dropped.status_code == 202
    mails = [mail for mail in desk.wire.all(SendEmail) if mail.lead_id == command.lead_id]
    assert [mail.purpose for mail in mails] == ["reply"]


async def test_a_letter_that_belongs_to_no_lead_such_as_an_invitation_is_passed_over(
    desk: RunningService,
) -> None:
    at, invitation = datetime.now(UTC), new_id()
    about_nobody = {"lead_id": invitation, "turn": 0, "purpose": "notice", "channel": "email", "external_id": f"<{invitation}@acme.test>"}  # fmt: skip
    before = desk.service.metrics.count("message.sent.v1", "done")
    await desk.wire.say(MessageSent.model_validate({**about_nobody, "sent_at": at}), tenant_id="acme")
    await settled(desk, "message.sent.v1")

    assert desk.service.metrics.count("message.sent.v1", "done") > before
    assert desk.service.metrics.count("message.sent.v1", "retried") == 0
