"""Letters come in by IMAP, once, on a real mail server, broker and database; and ours are copied to the Sent folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest

from chassis.message_ids import own_message_id
from contracts.documents.v1 import DocumentReceived
from contracts.envelope import new_id
from contracts.messages.v1 import MessageReceived, MessageSent
from contracts.tenants.v1 import CredentialsChanged, TenantConfigured
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
        await eventually(self._is_watched)

    async def _is_watched(self) -> bool:
        states = (await self.ingest.http.get("/internal/mailboxes")).json()["mailboxes"]
        mine = [state for state in states if state["tenant_id"] == self.tenant_id]
        return len(mine) == 2 and all(state["watching"] for state in mine)

    async def deliver(self, letter: EmailMessage | bytes, **details: object) -> None:
        await self.sandbox.mail.deliver(self.mailbox, letter, **details)  # type: ignore[arg-type]

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
    office.configure()
    return office


@pytest.fixture
async def connected(office: Office) -> Office:
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
