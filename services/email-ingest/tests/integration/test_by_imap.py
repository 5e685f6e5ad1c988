"""Letters come in by IMAP, once, on a real mail server, broker and database; and ours are copied to the Sent folder."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from pydantic import JsonValue

from chassis.message_ids import own_message_id
from contracts.documents.v1 import DocumentReceived
from contracts.envelope import new_id
from contracts.messages.v1 import MessageReceived, MessageSent
from contracts.tenants.v1 import CredentialsChanged
from contracts.webhooks.v1 import WebhookReceived
from email_ingest.app import create_service
from testkit.sandbox import Sandbox
from testkit.service import RunningService, running
from testkit.tenancy import TenancyStub, profile, tenancy_stub


@dataclass
class Office:
    """A company with a mailbox, and the running service."""

    tenant_id: str
    ingest: RunningService
    tenancy: TenancyStub
    sandbox: Sandbox
    password: str = "geheim"

    @property
    def mailbox(self) -> str:
        return f"office@{self.tenant_id}.test"

    def configure(self, *, password: str | None = None) -> None:
        host, _, port = self.sandbox.address("imap").rpartition(":")
        imap = {
            "host": host, "port": port, "username": self.mailbox, "password": password or self.password,
            "security": "starttls", "ca_pem": Path(self.sandbox.address("ca")).read_text(),
            "authserv_id": "mx.sandbox.test",
        }  # fmt: skip
        self.tenancy.add(profile(self.tenant_id), imap=imap)

    async def announce(self) -> None:
        """Say what tenancy says when a company was entered."""
        news = CredentialsChanged(tenant_id=self.tenant_id, credential="imap")
        await self.ingest.wire.say(news, tenant_id=self.tenant_id)

    async def watched(self) -> None:
        """Wait until both folders are watched."""
        try:
            await eventually(self._is_watched)
        except TimeoutError as error:
            raise AssertionError(f"not watched: {await self._states()}") from error

    async def _is_watched(self) -> bool:
        states = await self._states()
        return len(states) == 2 and all(state["watching"] for state in states)

    async def _states(self) -> list[dict[str, JsonValue]]:
        states = (await self.ingest.http.get("/internal/mailboxes")).json()["mailboxes"]
        return [state for state in states if state["tenant_id"] == self.tenant_id]

    async def deliver(self, letter: EmailMessage | bytes, **details: JsonValue) -> None:
        await self.sandbox.mail.deliver(self.mailbox, letter, **details)

    def reply(self) -> tuple[str, EmailMessage]:
        """A reply as notification sends it, with its Message-ID."""
        master_key = self.ingest.service.settings.master_key
        message_id = own_message_id(master_key, self.tenant_id, f"lead:{new_id()}:reply", "acme.test")
        return message_id, letter(
            "Re: Wohnung", "Gern.", From=self.mailbox, To="a@example.org", Message_ID=message_id
        )

    async def say_sent(self, message_id: str, reply: EmailMessage) -> None:
        """Say what notification says when the reply has left."""
        raw = await self.ingest.service.blobs.put(self.tenant_id, reply.as_bytes(), "message/rfc822")
        sent = MessageSent(
            lead_id=new_id(), turn=1, purpose="reply", channel="email", external_id=message_id,
            sent_at=datetime.now(UTC), raw=raw,
        )  # fmt: skip
        await self.ingest.wire.say(sent, tenant_id=self.tenant_id)

    async def copies(self, message_id: str) -> int:
        """How often a mail lies in the Sent folder."""
        folder = await self.sandbox.mail.folder(self.mailbox, "Sent")
        return sum(1 for mail in folder if mail.message_id == message_id)

    def received(self) -> list[MessageReceived]:
        return [
            MessageReceived.read(heard.body)
            for heard in self.ingest.wire.heard_all
            if heard.envelope.tenant_id == self.tenant_id and heard.envelope.type == "message.received.v1"
        ]

    async def heard(self, subject: str) -> MessageReceived:
        return await self.ingest.wire.heard(
            MessageReceived, lambda event: event.subject == subject and event in self.received()
        )

    def subjects(self) -> list[str]:
        """The subjects of what was said, but for the marks of `settled`."""
        return [event.subject for event in self.received() if not event.subject.startswith("Merker")]

    async def settled(self) -> None:
        """Wait until all that came before was taken in: a letter that comes behind it is through."""
        mark = f"Merker {new_id()}"
        await self.deliver(letter(mark))
        await self.heard(mark)


async def eventually(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await true():
            await asyncio.sleep(0.05)


def letter(subject: str, text: str = "Ist die Wohnung noch frei?", **headers: str) -> EmailMessage:
    message = EmailMessage()
    given = {
        "From": "Jörg Grün <joerg@example.org>", "To": "office@acme.test", "Subject": subject,
        "Date": format_datetime(datetime.now(UTC)), "Message-ID": f"<{new_id()}@example.org>",
    }  # fmt: skip
    for name, value in (given | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        message[name] = value
    message.set_content(text)
    return message


@pytest.fixture
async def ingest(environment: Mapping[str, str]) -> AsyncIterator[tuple[RunningService, TenancyStub]]:
    async with (
        tenancy_stub() as tenancy,
        running(create_service, {**environment, "TENANCY_URL": tenancy.url}) as service,
    ):
        yield service, tenancy


@pytest.fixture
async def office(ingest: tuple[RunningService, TenancyStub], sandbox: Sandbox) -> Office:
    service, tenancy = ingest
    office = Office(f"t{new_id()[-12:]}", service, tenancy, sandbox)
    await sandbox.mail.create_mailbox(office.mailbox, office.password)
    return office


@pytest.fixture
async def connected(office: Office) -> Office:
    office.configure()
    await office.announce()
    await office.watched()
    return office


async def test_a_letter_with_a_scan_is_told_with_its_document(connected: Office) -> None:
    enquiry = letter("Wohnung W-1024", "Guten Tag,\n\nanbei mein Einkommensnachweis.\n\nJörg Grün")
    enquiry.add_attachment(b"%PDF-1.7 ...", maintype="application", subtype="pdf", filename="Gehalt März.pdf")
    await connected.deliver(enquiry, authentication={"spf": "pass", "dkim": "pass", "dmarc": "pass"})
    received = await connected.heard("Wohnung W-1024")
    assert (received.kind, received.channel, received.authenticity) == ("enquiry", "email", "pass")
    assert received.sender.name == "Jörg Grün"
    assert [point.value for point in received.sender.contact_points] == ["joerg@example.org"]
    assert received.external_id == enquiry["Message-ID"]
    assert "Einkommensnachweis" in received.text
    (document_id,) = received.document_ids
    document = await connected.ingest.wire.heard(
        DocumentReceived, lambda event: event.document_id == document_id
    )
    assert (document.filename, document.message_id) == ("Gehalt März.pdf", received.message_id)
    assert await connected.ingest.service.blobs.get(connected.tenant_id, document.blob) == b"%PDF-1.7 ..."
    stories = {
        heard.envelope.correlation_id
        for heard in connected.ingest.wire.heard_all
        if heard.envelope.tenant_id == connected.tenant_id and "received" in heard.envelope.type
    }
    assert len(stories) == 1


async def test_a_company_whose_news_was_missed_is_watched_all_the_same(office: Office) -> None:
    office.configure()
    await office.watched()
    await office.deliver(letter("Auch ohne Nachricht"))
    assert (await office.heard("Auch ohne Nachricht")).kind == "enquiry"


async def test_the_same_mail_by_imap_and_by_webhook_has_one_effect(connected: Office) -> None:
    enquiry = letter("Doppelt", "Ist sie noch frei? Schöne Grüße")
    enquiry.add_attachment(b"%PDF-1.7 x", maintype="application", subtype="pdf", filename="a.pdf")
    await connected.deliver(enquiry, authentication={"spf": "pass", "dkim": "pass", "dmarc": "pass"})
    await connected.heard("Doppelt")
    hook = WebhookReceived(
        hook_id="mail", source="mime", delivery_id=new_id(), received_at=datetime.now(UTC),
        content_type="message/rfc822", body=base64.b64encode(enquiry.as_bytes()).decode(),
    )  # fmt: skip
    await connected.ingest.wire.say(hook, tenant_id=connected.tenant_id)
    other = hook.model_copy(
        update={"body": base64.b64encode(letter("Nur hier").as_bytes()).decode(), "delivery_id": new_id()}
    )
    await connected.ingest.wire.say(other, tenant_id=connected.tenant_id)
    await connected.heard("Nur hier")
    await eventually(lambda: handled(connected, "webhook.received.v1", 2))
    assert sorted(connected.subjects()) == ["Doppelt", "Nur hier"]


async def handled(office: Office, message: str, times: int) -> bool:
    return office.ingest.service.metrics.count(message, "done") >= times


async def test_a_mailbox_of_5000_old_mails_is_connected_and_none_of_them_is_told(office: Office) -> None:
    await office.sandbox.mail.deliver_history(office.mailbox, 5000)
    office.configure()
    await office.announce()
    await office.watched()
    await office.deliver(letter("Die erste neue"))
    await office.heard("Die erste neue")
    assert office.subjects() == ["Die erste neue"]


async def test_old_mail_is_imported_on_command_and_marked_as_historic(office: Office) -> None:
    await office.sandbox.mail.deliver_history(office.mailbox, 5)
    office.configure()
    await office.announce()
    await office.watched()
    order = {"limit": 3}
    headers = {"X-Tenant-Id": office.tenant_id}
    first = (await office.ingest.http.post("/internal/import-history", json=order, headers=headers)).json()
    order["below_uid"] = first["next_uid"]
    second = (await office.ingest.http.post("/internal/import-history", json=order, headers=headers)).json()
    again = (await office.ingest.http.post("/internal/import-history", json={}, headers=headers)).json()
    assert (first["taken"], second["taken"], second["next_uid"]) == (3, 2, None)
    assert (again["taken"], again["known"]) == (0, 5)
    await eventually(lambda: told(office, 5))
    assert all(event.historic for event in office.received())


async def told(office: Office, times: int) -> bool:
    return len(office.received()) >= times


async def test_what_an_agent_sends_from_his_own_program_counts_as_an_answer(connected: Office) -> None:
    answer = letter(
        "Re: Wohnung", "Kommen Sie am Dienstag.", From=connected.mailbox, To="Anna <Anna@Example.org>",
        In_Reply_To="<frage@example.org>", References="<erste@example.org> <frage@example.org>",
    )  # fmt: skip
    await connected.deliver(answer, folder="Sent", exact=True, flags=["\\Seen"])
    received = await connected.heard("Re: Wohnung")
    assert (received.kind, received.recipient) == ("own_answer", "anna@example.org")
    assert received.in_reply_to == "<frage@example.org>"
    assert received.references == ("<erste@example.org>", "<frage@example.org>")


async def test_our_reply_is_copied_to_the_sent_folder_once_and_is_no_answer_of_an_agent(
    connected: Office,
) -> None:
    message_id, reply = connected.reply()
    await connected.say_sent(message_id, reply)
    await eventually(lambda: handled(connected, "message.sent.v1", 1))
    await connected.say_sent(message_id, reply)
    await eventually(lambda: handled(connected, "message.sent.v1", 2))
    assert await connected.copies(message_id) == 1
    answer = letter("Vom Makler", From=connected.mailbox, To="b@example.org")
    await connected.deliver(answer, folder="Sent", exact=True)
    await connected.heard("Vom Makler")
    assert connected.subjects() == ["Vom Makler"]


async def test_no_second_copy_is_made_when_the_server_has_kept_one_itself(connected: Office) -> None:
    message_id, reply = connected.reply()
    await connected.deliver(reply, folder="Sent", exact=True)
    await connected.say_sent(message_id, reply)
    await eventually(lambda: handled(connected, "message.sent.v1", 1))
    assert await connected.copies(message_id) == 1


async def test_what_came_while_the_connection_was_down_is_taken_in_once(connected: Office) -> None:
    await connected.deliver(letter("Vorher"))
    await connected.heard("Vorher")
    await connected.sandbox.mail.fault("imap", "connect", "cut", times=3)
    await connected.sandbox.mail.drop_connections()
    await connected.deliver(letter("Währenddessen"))
    await connected.heard("Währenddessen")
    await connected.settled()
    assert connected.subjects() == ["Vorher", "Währenddessen"]


async def test_a_folder_that_is_numbered_anew_is_told_once(connected: Office) -> None:
    for number in range(3):
        await connected.deliver(letter(f"Brief {number}"))
    await connected.heard("Brief 2")
    await connected.sandbox.mail.change_uidvalidity(connected.mailbox)
    await connected.deliver(letter("Danach"))
    await connected.heard("Danach")
    await connected.settled()
    assert sorted(connected.subjects()) == ["Brief 0", "Brief 1", "Brief 2", "Danach"]


async def test_after_a_new_numbering_what_is_older_than_the_connection_stays_untold(office: Office) -> None:
    await office.sandbox.mail.deliver_history(office.mailbox, 20)
    office.configure()
    await office.announce()
    await office.watched()
    await office.deliver(letter("Neu"))
    await office.heard("Neu")
    await office.sandbox.mail.change_uidvalidity(office.mailbox)
    await office.settled()
    assert office.subjects() == ["Neu"]


async def test_a_refused_password_is_told_and_all_goes_on_when_the_right_one_is_entered(
    office: Office,
) -> None:
    office.configure(password="falsch")
    await office.announce()
    await eventually(lambda: noted(office, "refuses the login"))
    office.configure()
    await office.announce()
    await office.watched()
    await office.deliver(letter("Endlich"))
    await office.heard("Endlich")
    assert not await noted(office, "refuses the login")


async def noted(office: Office, words: str) -> bool:
    health = (await office.ingest.http.get("/health")).text
    return words in health


async def test_a_copy_waits_for_the_right_password_and_is_made_then(office: Office) -> None:
    office.configure(password="falsch")
    message_id, reply = office.reply()
    await office.say_sent(message_id, reply)
    await eventually(lambda: parked(office))
    office.configure()
    await office.announce()
    await eventually(lambda: copied(office, message_id))


async def parked(office: Office) -> bool:
    return office.ingest.service.metrics.count("message.sent.v1", "parked") >= 1


async def copied(office: Office, message_id: str) -> bool:
    return await office.copies(message_id) == 1


async def test_a_letter_over_25_mib_is_kept_as_a_problem(connected: Office) -> None:
    huge = letter("Sehr groß")
    huge.add_attachment(bytes(20 * 1024 * 1024), maintype="application", subtype="zip", filename="alles.zip")
    await connected.deliver(huge)
    received = await connected.heard("Sehr groß")
    assert received.document_ids == ()
    assert any("25 MiB" in problem for problem in received.problems)
    assert [point.value for point in received.sender.contact_points] == ["joerg@example.org"]


async def test_a_letter_full_of_what_no_database_holds_is_told_all_the_same(connected: Office) -> None:
    raw = (
        b"From: =?utf-8?q?N=00ul?= <nul@example.org>\r\nSubject: N\x00ull\xff\r\nMessage-ID: <a\x00b@x.test>\r\n"
        b"Content-Type: text/plain; charset=utf-16-le\r\n\r\nHallo\x00\xd8\x00 W\x00elt\r\n"
    )
    await connected.deliver(raw)
    await eventually(lambda: told(connected, 1))
    await connected.settled()
    (received,) = [event for event in connected.received() if not event.subject.startswith("Merker")]
    assert "\x00" not in received.model_dump_json()
    assert received.sender.reply_to == "nul@example.org"


async def test_letters_are_listed_newest_first_and_each_is_shown_as_it_came(connected: Office) -> None:
    for number in range(3):
        await connected.deliver(letter(f"Liste {number}"))
        await connected.heard(f"Liste {number}")
    headers = {"X-Tenant-Id": connected.tenant_id}
    page = (await connected.ingest.http.get("/api/v1/messages", params={"limit": 2}, headers=headers)).json()
    query = {"limit": 2, "cursor": page["next"]}
    rest = (await connected.ingest.http.get("/api/v1/messages", params=query, headers=headers)).json()
    listed = [one["message"]["subject"] for one in (*page["messages"], *rest["messages"])]
    assert sorted(listed) == ["Liste 0", "Liste 1", "Liste 2"]
    assert rest["next"] is None
    times = [one["message"]["received_at"] for one in (*page["messages"], *rest["messages"])]
    assert times == sorted(times, reverse=True)
    message_id = page["messages"][0]["message"]["message_id"]
    one = await connected.ingest.http.get(f"/api/v1/messages/{message_id}", headers=headers)
    assert one.json() == page["messages"][0]
    raw = await connected.ingest.http.get(f"/api/v1/messages/{message_id}/raw", headers=headers)
    assert b"Ist die Wohnung noch frei?" in raw.content
    stranger = {"X-Tenant-Id": "jemand-anders"}
    hidden = await connected.ingest.http.get(f"/api/v1/messages/{message_id}", headers=stranger)
    assert hidden.status_code == 404
