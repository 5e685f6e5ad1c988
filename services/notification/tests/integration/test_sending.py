"""Letters leave once, in the company's name, and the agent hears of what did not: on real broker, database and SMTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import text

from chassis.keyring import KeyRing
from chassis.message_ids import is_own_message_id
from contracts.envelope import new_id
from contracts.messages.v1 import (
    EmailPurpose,
    MessageFailed,
    MessageSent,
    MessageUncertain,
    SendEmail,
    letter_secret_context,
)
from contracts.tenants.v1 import CredentialsChanged, TenantConfigured
from notification.app import create_service
from testkit.mail import AcceptedMail
from testkit.sandbox import Sandbox
from testkit.service import RunningService, running
from testkit.tenancy import TenancyStub, profile, tenancy_stub

FLEET = "post@betrieb.test"


@dataclass
class Office:
    """A tenant with its mailbox, and the running service."""

    tenant_id: str
    fleet: RunningService
    tenancy: TenancyStub
    sandbox: Sandbox

    @property
    def mailbox(self) -> str:
        return f"office@{self.tenant_id}.test"

    @property
    def agent(self) -> str:
        return f"agent@{self.tenant_id}.test"

    def configure(self, *, password: str = "geheim", **changes: object) -> None:
        host, _, port = self.sandbox.address("smtp").rpartition(":")
        smtp = {
            "host": host, "port": port, "username": self.mailbox, "password": password, "security": "starttls",
            "ca_pem": Path(self.sandbox.address("ca")).read_text(),
        }  # fmt: skip
        self.tenancy.add(profile(self.tenant_id, **changes), smtp=smtp)
        self.fleet.service.tenants.forget(self.tenant_id)

    async def say(self, email: SendEmail) -> None:
        await self.fleet.wire.say(email, tenant_id=self.tenant_id, correlation_id=email.lead_id)

    async def mails(self, to: str = "anna@example.org") -> list[AcceptedMail]:
        return [
            mail
            for mail in await self.sandbox.mail.sent(to=to)
            if self.tenant_id in mail.mail_from or to == self.agent
        ]

    async def told(self, subject: str, *, within: float = 20) -> AcceptedMail:
        """Wait for a notice to the agent."""
        async with asyncio.timeout(within):
            while True:
                for mail in await self.sandbox.mail.sent(to=self.agent):
                    if subject in str(mail.message["Subject"]):
                        return mail
                await asyncio.sleep(0.05)

    async def states(self) -> list[str]:
        answer = await self.fleet.http.get("/api/v1/outgoing", headers={"X-Tenant-Id": self.tenant_id})
        return sorted(cast("str", letter["state"]) for letter in answer.json())

    async def until_states(self, *wanted: str, within: float = 20) -> None:
        async def reached() -> bool:
            return await self.states() == sorted(wanted)

        await until(reached, within=within)

    async def until_state(self, email: SendEmail, wanted: str) -> None:
        async def reached() -> bool:
            answer = await self.fleet.http.get(
                "/api/v1/outgoing",
                params={"lead_id": email.lead_id},
                headers={"X-Tenant-Id": self.tenant_id},
            )
            return [letter["state"] for letter in answer.json()] == [wanted]

        await until(reached)

    async def sql(self, statement: str, **values: object) -> None:
        async with self.fleet.service.database.transaction(self.tenant_id) as session:
            await session.execute(text(statement), {"tenant_id": self.tenant_id, **values})  # pyright: ignore[reportDeprecated]


async def until(reached: Callable[[], Awaitable[bool]], *, within: float = 20) -> None:
    """Wait for something that is seen only by looking."""
    async with asyncio.timeout(within):
        while True:
            if await reached():
                return
            await asyncio.sleep(0.05)


def reply(purpose: EmailPurpose = "reply", **changes: object) -> SendEmail:
    values: dict[str, object] = {
        "lead_id": new_id(),
        "turn": 1,
        "purpose": purpose,
        "to": ("anna@example.org",),
        "subject": "Re: Wohnung Größenstraße",
        "text": "Grüß Gott Frau Grün,\n\ngerne.\n\nIhr Team",
        "in_reply_to": "<frage-2@example.org>",
        "references": ("<frage-1@example.org>", "<frage-2@example.org>"),
    }
    return SendEmail.model_validate(values | changes)


@pytest.fixture(scope="module")
async def service(
    environment: Mapping[str, str], sandbox: Sandbox
) -> AsyncIterator[tuple[RunningService, TenancyStub]]:
    await sandbox.reset()
    await sandbox.mail.create_mailbox(FLEET, "flotte")
    host, _, port = sandbox.address("smtp").rpartition(":")
    async with tenancy_stub() as tenancy:
        own = {
            "TENANCY_URL": tenancy.url,
            "NOTIFICATION_SMTP_SECONDS": "3",
            "NOTIFICATION_HELD_SECONDS": "0.3",
            "NOTIFICATION_FLEET_SMTP_HOST": host,
            "NOTIFICATION_FLEET_SMTP_PORT": port,
            "NOTIFICATION_FLEET_SMTP_USERNAME": FLEET,
            "NOTIFICATION_FLEET_SMTP_PASSWORD": "flotte",
            "NOTIFICATION_FLEET_SMTP_SENDER": f"Betrieb <{FLEET}>",
            "NOTIFICATION_FLEET_SMTP_CA_FILE": sandbox.address("ca"),
        }
        async with running(create_service, {**environment, **own}) as fleet:
            yield fleet, tenancy


@pytest.fixture
async def office(service: tuple[RunningService, TenancyStub], sandbox: Sandbox) -> AsyncIterator[Office]:
    fleet, tenancy = service
    found = Office(f"t{new_id()[-12:]}", fleet, tenancy, sandbox)
    await sandbox.mail.create_mailbox(found.mailbox, "geheim")
    await sandbox.mail.create_mailbox(found.agent, "geheim")
    found.configure()
    yield found
    await sandbox.clear_faults()


async def test_each_answer_of_the_agent_that_is_not_understood_is_told(office: Office) -> None:
    lead_id = new_id()
    for number in (1, 2):
        answer = f"<answer-{number}-{new_id()}@agent.test>"
        await office.say(reply("notice", lead_id=lead_id, to=(office.agent,), in_reply_to=answer))
    await office.until_states("sent", "sent")
    assert len(await office.mails(to=office.agent)) == 2


async def test_a_reply_leaves_in_the_thread_and_its_bytes_are_kept(office: Office) -> None:
    email = reply()
    await office.say(email)
    sent = await office.fleet.wire.heard(MessageSent, lambda event: event.lead_id == email.lead_id)
    [mail] = await office.mails()
    assert mail.message["In-Reply-To"] == "<frage-2@example.org>"
    assert mail.message["References"].split() == ["<frage-1@example.org>", "<frage-2@example.org>"]
    assert mail.message["Auto-Submitted"] == "auto-replied"
    assert mail.message["From"] == f"Muster Immobilien <{office.mailbox}>"
    assert mail.message["Message-ID"] == sent.external_id
    assert sent.external_id.endswith(f"@{office.tenant_id}.test>")
    assert is_own_message_id(office.fleet.service.settings.master_key, office.tenant_id, sent.external_id)
    assert sent.raw is not None
    raw = await office.fleet.service.blobs.get(office.tenant_id, sent.raw)
    assert raw == mail.raw_base64
    assert b"frontdesk" not in raw.lower()


async def test_a_link_that_lets_in_reaches_its_owner_and_stands_in_no_copy(office: Office) -> None:
    email = reply("notice", text="Bitte hier öffnen:\n\n{secret}\n", in_reply_to=None, references=())
    link = "https://muster.test/invitation#fdi_geheim"
    ring = KeyRing.from_secret(office.fleet.service.settings.master_key)
    box = ring.seal(link.encode(), letter_secret_context(office.tenant_id, email.lead_id))
    foreign = ring.seal(link.encode(), letter_secret_context("another", email.lead_id))

    await office.say(email.model_copy(update={"secret": box}))
    await office.say(email.model_copy(update={"secret": foreign, "turn": 2}))

    sent = await office.fleet.wire.heard(MessageSent, lambda event: event.lead_id == email.lead_id)
    failed = await office.fleet.wire.heard(MessageFailed, lambda event: event.lead_id == email.lead_id)
    [mail] = await office.mails()
    text = mail.message.get_body(("plain",))
    assert text is not None
    assert link in text.get_content()
    assert sent.raw is not None
    raw = await office.fleet.service.blobs.get(office.tenant_id, sent.raw)
    assert b"fdi_" not in raw
    assert b"{secret}" in raw
    assert (failed.turn, "does not open" in failed.reason) == (2, True)


async def test_the_same_command_under_another_id_sends_nothing_more(office: Office) -> None:
    email = reply()
    await office.say(email)
    await office.fleet.wire.heard(MessageSent, lambda event: event.lead_id == email.lead_id)
    await office.say(email)

    async def said_twice() -> bool:
        said = office.fleet.wire.all(MessageSent)
        return len([event for event in said if event.lead_id == email.lead_id]) == 2

    await until(said_twice)
    assert len(await office.mails()) == 1


async def test_what_a_crash_leaves_before_the_letter_was_handed_over_is_sent(office: Office) -> None:
    email = reply()
    await office.sql(
        "insert into notification.effects (tenant_id, key, state, leased_until) "
        "values (:tenant_id, :key, 'claimed', now() - interval '1 second')",
        key=f"{email.lead_id}:1:reply",
    )
    await office.say(email)
    await office.fleet.wire.heard(MessageSent, lambda event: event.lead_id == email.lead_id)
    assert len(await office.mails()) == 1


async def test_a_crash_between_the_servers_answer_and_our_commit_makes_no_second_mail(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = reply()
    effects = office.fleet.service.effects
    settle = effects._settle  # pyright: ignore[reportPrivateUsage] — the moment of the crash

    async def crash(*_: object) -> None:
        monkeypatch.setattr(effects, "_settle", settle)
        raise RuntimeError("the process ends here")

    monkeypatch.setattr(effects, "_settle", crash)
    await office.say(email)

    async def left() -> bool:
        return bool(await office.mails())

    await until(left)
    await office.sql(
        "update notification.effects set leased_until = now() - interval '1 second' where tenant_id = :tenant_id"
    )
    uncertain = await office.fleet.wire.heard(MessageUncertain, lambda event: event.lead_id == email.lead_id)
    notice = await office.told("Bitte prüfen")
    assert len(await office.mails()) == 1
    assert uncertain.external_id == (await office.mails())[0].message_id
    assert "Wohnung Größenstraße" in notice.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]


async def test_a_lost_answer_is_told_to_the_agent_and_never_repeated(office: Office) -> None:
    await office.sandbox.mail.fault("smtp", "message", "accept_then_cut", address=office.mailbox)
    email = reply()
    await office.say(email)
    await office.fleet.wire.heard(MessageUncertain, lambda event: event.lead_id == email.lead_id)
    await office.told("Bitte prüfen: Ist diese E-Mail angekommen?")
    assert len(await office.mails()) == 1
    assert await office.states() == ["uncertain"]


async def test_a_refusal_for_good_is_told_in_the_companys_language(office: Office) -> None:
    office.configure(language="en")
    await office.sandbox.mail.fault("smtp", "rcpt", "reply", code=550, address="anna@example.org")
    email = reply()
    await office.say(email)
    failed = await office.fleet.wire.heard(MessageFailed, lambda event: event.lead_id == email.lead_id)
    notice = await office.told("An e-mail could not be sent")
    assert "550" in failed.reason
    assert notice.mail_from == office.mailbox
    assert await office.mails() == []


async def test_a_letter_with_an_impossible_address_fails_without_a_server(office: Office) -> None:
    email = reply(to=("niemand",))
    await office.say(email)
    await office.fleet.wire.heard(MessageFailed, lambda event: event.lead_id == email.lead_id)
    await office.told("Eine E-Mail konnte nicht gesendet werden")


async def test_a_wrong_password_parks_and_is_told_once_until_it_is_mended(office: Office) -> None:
    office.configure(password="falsch")
    first, second = reply(), reply()
    await office.say(first)
    await office.say(second)
    notice = await office.told("Anmeldung am Mailserver abgelehnt")
    assert notice.mail_from == FLEET
    office.configure()
    changed = CredentialsChanged(tenant_id=office.tenant_id, credential="smtp")
    # A message may be parked just after the first release; saying it again is what a person would do.
    async with asyncio.timeout(30):
        while await office.states() != ["sent", "sent"]:
            await office.fleet.wire.say(changed, tenant_id=office.tenant_id)
            await asyncio.sleep(0.5)
    assert len(await office.mails()) == 2
    assert len(await office.mails(to=office.agent)) == 1


@pytest.mark.parametrize("brake", ["paused", "suspended"])
async def test_a_stopped_tenant_sends_nothing_and_goes_on_where_it_stopped(
    office: Office, brake: str
) -> None:
    office.configure(**{brake: True})
    emails = [reply(), reply("draft", to=(office.agent,))]
    for email in emails:
        await office.say(email)
    await office.until_states("held", "held")
    assert await office.mails() == []
    office.configure(**{brake: False})
    await office.fleet.wire.say(
        TenantConfigured(tenant_id=office.tenant_id, version=2), tenant_id=office.tenant_id
    )
    await office.until_states("sent", "sent")
    sent = office.fleet.wire.all(MessageSent, correlation_id=emails[0].lead_id)
    assert [event.lead_id for event in sent] == [emails[0].lead_id]
    assert len(await office.mails()) == 1


async def test_what_a_person_released_leaves_though_hundreds_of_automatic_replies_wait_for_the_hour(
    office: Office,
) -> None:
    office.configure(paused=True, replies_per_hour=0)
    await office.say(reply())
    await office.until_states("held")
    await office.sql(
        "insert into notification.outgoing (tenant_id, key, lead_id, turn, purpose, recipients, subject, message_id, "
        "counted, state, held, created_at) select tenant_id, key || n, lead_id, turn, purpose, recipients, subject, "
        "message_id, counted, state, held, created_at from notification.outgoing, generate_series(1, 200) n "
        f"where tenant_id = '{office.tenant_id}'"
    )
    released = reply(automatic=False)
    await office.say(released)
    await office.until_state(released, "held")

    office.configure(paused=False, replies_per_hour=0)
    await office.fleet.wire.say(
        TenantConfigured(tenant_id=office.tenant_id, version=2), tenant_id=office.tenant_id
    )

    await office.until_state(released, "sent")


async def test_the_hours_limit_holds_what_is_beyond_it_and_tells_the_agent_once(office: Office) -> None:
    office.configure(replies_per_hour=2)
    for _ in range(5):
        await office.say(reply())
    await office.until_states("held", "held", "held", "sent", "sent")
    await office.told("Grenze für automatische Antworten erreicht")
    assert len(await office.mails()) == 2
    await office.sql(
        "update notification.outgoing set handed_over_at = now() - interval '2 hours' where state = 'sent'"
    )
    await office.until_states("held", "sent", "sent", "sent", "sent")
    assert len(await office.mails()) == 4
    assert len(await office.mails(to=office.agent)) == 1


async def test_letters_to_the_agent_pass_the_hours_limit(office: Office) -> None:
    office.configure(replies_per_hour=0)
    email = reply("handover", to=(office.agent,))
    await office.say(email)
    await office.fleet.wire.heard(MessageSent, lambda event: event.lead_id == email.lead_id)
    [mail] = await office.mails(to=office.agent)
    assert mail.message["Auto-Submitted"] == "auto-generated"


async def test_a_company_sees_only_its_own_letters(office: Office) -> None:
    email = reply()
    await office.say(email)
    await office.fleet.wire.heard(MessageSent, lambda event: event.lead_id == email.lead_id)
    own = {"X-Tenant-Id": office.tenant_id}
    mine = await office.fleet.http.get("/api/v1/outgoing", params={"lead_id": email.lead_id}, headers=own)
    theirs = await office.fleet.http.get("/api/v1/outgoing", headers={"X-Tenant-Id": "somebody-else"})
    assert [letter["subject"] for letter in mine.json()] == [email.subject]
    assert "text" not in mine.json()[0]
    assert theirs.json() == []
