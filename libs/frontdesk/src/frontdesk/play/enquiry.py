"""The main job: a letter comes in with a scanned attachment, and an answer leaves; then what people do next."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import cast

import httpx
from pydantic import JsonValue

from frontdesk.play.checks import Checks
from frontdesk.play.journal import Entry, Journal
from frontdesk.play.world import Accepted, World
from frontdesk.story.letters import (
    Attachment,
    Letter,
    answer_to,
    burst,
    direct_enquiry,
    portal_lead,
)
from frontdesk.story.payslip import scanned_payslip
from frontdesk.story.person import Story

SENDING = "muster-immobilien"
DRAFTING = "vorsicht-makler"


@dataclass(frozen=True)
class Stage:
    """Where the story is played: the house's doors, the world outside, the two companies."""

    world: World
    http: httpx.AsyncClient
    """The gateway, with the admin token."""
    gateway_url: str
    tenants: Mapping[str, Mapping[str, JsonValue]]
    checks: Checks
    at_rest: Callable[[], Awaitable[None]]
    """Waits until nothing more can follow from what came in so far."""

    def journal(self, tenant_id: str) -> Journal:
        """A company's journal."""
        return Journal(self.http, tenant_id)

    def text(self, tenant_id: str, name: str) -> str:
        """A field of a company's configuration."""
        return str(self.tenants[tenant_id][name])

    async def lead(self, tenant_id: str, lead_id: str) -> dict[str, JsonValue]:
        """A lead with everything that belongs to it."""
        answer = await self.http.get(f"/api/v1/leads/{lead_id}", headers={"X-Tenant-Id": tenant_id})
        answer.raise_for_status()
        lead: dict[str, JsonValue] = answer.json()
        return lead


async def play(stage: Stage, story: Story) -> None:
    """Play the whole story and compare each thing with what was drawn."""
    first = await first_contact(stage, story)
    await same_mail_again(stage, first.letter)
    lead_id = await two_letters_in_a_burst(stage, story, first)
    await her_answer(stage, story, first.reply, lead_id)
    await a_careful_company(stage, story)


@dataclass(frozen=True)
class FirstContact:
    """What the first letter led to."""

    letter: Letter
    lead_id: str
    reply: Accepted


async def first_contact(stage: Stage, story: Story) -> FirstContact:
    """A portal's mail with a scanned income statement: lead, document, file, CRM record, reply."""
    mailbox = stage.text(SENDING, "mailbox")
    scan = scanned_payslip(story, half_page=True)
    attachment = Attachment("Gehaltsabrechnung.pdf", scan)
    letter = portal_lead(story, to=mailbox, at=datetime.now(UTC), attachments=[attachment])
    await stage.world.deliver(letter)
    journal = stage.journal(SENDING)
    created = await journal.first("lead.created.v1", lambda entry: _reaches(entry, story.email))
    lead_id = str(created.body["lead_id"])
    reply = await stage.world.sent_matching(story.email, lambda mail: mail.user == mailbox)
    filed = await journal.first(
        "document.filed.v1", lambda entry: _is_scan(entry) and entry.body["lead_id"] == lead_id
    )
    linked = await journal.first("customer.linked.v1", lambda entry: entry.body["lead_id"] == lead_id)
    await journal.first("task.created.v1", lambda entry: entry.body["lead_id"] == lead_id)
    await journal.first("lead.status_changed.v1", lambda entry: entry.body["lead_id"] == lead_id)
    checks = stage.checks
    checks.say("\nThe first letter")
    lead = await stage.lead(SENDING, lead_id)
    checks.equal("lead", lead["name"], story.name)
    checks.equal("object", lead["object_reference"], story.home.reference)
    checks.equal("state", lead["state"], "CONTACTED")
    _check_reply(checks, reply, story, letter)
    _check_scan(checks, lead, story)
    await _check_filed(stage, filed, scan)
    await _check_customer(stage, linked, story)
    return FirstContact(letter, lead_id, reply)


async def same_mail_again(stage: Stage, letter: Letter) -> None:
    """The same mail by the webhook: accepted, known, no second effect."""
    world, journal = stage.world, stage.journal(SENDING)
    before = len(await journal.after(0, "message.received.v1")), len(await world.sent())
    hook = cast("list[dict[str, JsonValue]]", stage.tenants[SENDING]["hooks"])[0]
    secret = str(cast("list[JsonValue]", hook["secrets"])[0])
    url = f"{stage.gateway_url}/webhooks/mime/{hook['hook_id']}"
    delivery_id = hashlib.sha256(letter.raw).hexdigest()[:32]
    answer = await world.post_webhook(url, secret, delivery_id, letter.raw)
    forged = await world.post_webhook(url, "not the secret", f"{delivery_id}-2", letter.raw)
    await journal.first("webhook.received.v1", lambda entry: entry.body["delivery_id"] == delivery_id)
    await stage.at_rest()
    after = len(await journal.after(0, "message.received.v1")), len(await world.sent())
    checks = stage.checks
    checks.say("\nThe same mail again, by the webhook")
    checks.holds("accepted", answer.status_code in (200, 202), f"{answer.status_code} {answer.text}")
    checks.equal("a forged one is refused with", forged.status_code, 401)
    checks.equal(
        "letters taken in and mails sent since", (after[0] - before[0], after[1] - before[1]), (0, 0)
    )


async def two_letters_in_a_burst(stage: Stage, story: Story, first: FirstContact) -> str:
    """Two short letters: one reply that covers both."""
    mailbox = stage.text(SENDING, "mailbox")
    known = {mail.number for mail in await stage.world.sent(to=story.email)}
    letters = burst(story, to=mailbox, at=datetime.now(UTC))
    for letter in letters:
        await stage.world.deliver(letter)
    reply = await stage.world.sent_matching(story.email, lambda mail: mail.number not in known)
    await stage.at_rest()
    journal = stage.journal(SENDING)
    asked = [
        entry for entry in await journal.after(0, "reply.draft.v1") if entry.body["lead_id"] == first.lead_id
    ]
    replies = [mail for mail in await stage.world.sent(to=story.email) if mail.number not in known]
    lead = await stage.lead(SENDING, first.lead_id)
    checks = stage.checks
    checks.say("\nTwo letters in a burst")
    checks.equal("replies to both", len(replies), 1)
    checks.equal("letters that the reply covers", len(cast("list[JsonValue]", asked[-1].body["letters"])), 2)
    checks.equal("state", lead["state"], "CONVERSATION")
    checks.contains("the reply speaks of the first", reply.text, "Stellplatz")
    checks.contains("and of the second", reply.text, "Haustiere")
    return first.lead_id


async def her_answer(stage: Stage, story: Story, reply: Accepted, lead_id: str) -> None:
    """Her answer in the thread of our reply: the same lead, answered in the thread."""
    known = {mail.number for mail in await stage.world.sent(to=story.email)}
    letter = answer_to(story, reply.raw_base64, at=datetime.now(UTC))
    await stage.world.deliver(letter)
    answer = await stage.world.sent_matching(story.email, lambda mail: mail.number not in known)
    lead = await stage.lead(SENDING, lead_id)
    checks = stage.checks
    checks.say("\nHer answer in the thread")
    checks.equal("letters of the lead", len(cast("list[JsonValue]", lead["letters"])), 4)
    checks.equal("answered in the thread of", answer.message["In-Reply-To"], letter.message_id)
    checks.contains(
        "the thread holds our first reply",
        str(answer.message["References"]),
        str(reply.message["Message-ID"]),
    )
    quoted = str(cast("list[dict[str, JsonValue]]", lead["letters"])[-1]["text"])
    checks.holds("the quotation was cut off", "Muster Immobilien GmbH" not in quoted, quoted)


async def a_careful_company(stage: Stage, story: Story) -> None:
    """A company that wants to see every reply first: the agent gets the draft by mail, and sends it by answering."""
    mailbox, agent = stage.text(DRAFTING, "mailbox"), stage.text(DRAFTING, "agent_email")
    letter = direct_enquiry(story, to=mailbox, at=datetime.now(UTC))
    known = {mail.number for mail in await stage.world.sent()}
    await stage.world.deliver(letter)
    draft = await stage.world.sent_matching(agent, lambda mail: mail.number not in known)
    await stage.at_rest()
    early = [mail for mail in await stage.world.sent(to=story.email) if mail.number not in known]
    await stage.world.deliver(_released(draft, agent=agent, mailbox=mailbox))
    reply = await stage.world.sent_matching(story.email, lambda mail: mail.number not in known)
    reviewed = await stage.journal(DRAFTING).first("reply.reviewed.v1")
    checks = stage.checks
    checks.say("\nA company that wants to see every reply first")
    checks.equal("mails to the person before the agent said so", len(early), 0)
    checks.contains("the draft reaches the agent with the letter", draft.text, story.home.reference)
    checks.equal("the agent", reviewed.body["verdict"], "kept")
    checks.contains("the reply leaves in the company's name", str(reply.message["From"]), mailbox)
    checks.contains("and its own words", reply.text, "Vorsicht Makler OG")


def _released(draft: Accepted, *, agent: str, mailbox: str) -> Letter:
    """The agent's answer to a draft: the one word that releases it."""
    from email import policy
    from email.message import EmailMessage
    from email.utils import format_datetime, make_msgid

    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"] = agent, mailbox
    message["Subject"] = f"AW: {draft.message['Subject']}"
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid(domain=agent.partition("@")[2])
    message["In-Reply-To"] = message["References"] = str(draft.message["Message-ID"])
    quoted = "\n".join(f"> {line}" for line in draft.text.splitlines())
    message.set_content(f"SENDEN\n\nAm {draft.message['Date']} schrieb {mailbox}:\n{quoted}\n")
    return Letter(agent, mailbox, str(message["Message-ID"]), message.as_bytes())


def _reaches(entry: Entry, address: str) -> bool:
    points = cast("list[dict[str, JsonValue]]", entry.body["contact_points"])
    return any(point["value"] == address for point in points)


def _is_scan(entry: Entry) -> bool:
    return str(entry.body["path"]).endswith(".pdf")


def _check_reply(checks: Checks, reply: Accepted, story: Story, letter: Letter) -> None:
    checks.contains("the reply addresses the person", reply.text, story.last_name)
    checks.contains("and the object", reply.text, story.home.reference)
    checks.contains(
        "from the company's own mailbox", str(reply.message["From"]), "anfrage@muster-immobilien.test"
    )
    checks.contains("with its imprint", reply.text, "FN 123456a")
    checks.contains("and says that an AI wrote it", reply.text, "künstlichen Intelligenz")
    checks.equal("in the thread of", reply.message["In-Reply-To"], letter.message_id)
    checks.holds("white label", "frontdesk" not in reply.raw_base64.decode("latin-1").lower())


def _check_scan(checks: Checks, lead: Mapping[str, JsonValue], story: Story) -> None:
    documents = cast("list[dict[str, JsonValue]]", lead["documents"])
    scan = next((one for one in documents if one["category"] == "income_proof"), None)
    if scan is None:
        found = [(one["filename"], one["category"], one["unreadable"]) for one in documents]
        checks.holds("the scan was read", False, f"documents: {found}")
        return
    fields = {
        str(field["name"]): str(field["value"])
        for field in cast("list[dict[str, JsonValue]]", scan["fields"])
    }
    checks.equal("net income read from the scan", _amount(fields.get("net_income")), story.income.net)
    checks.equal("gross income read from the scan", _amount(fields.get("gross_income")), story.income.gross)
    checks.equal("period read from the scan", fields.get("period"), f"{story.income.period:%Y-%m}")
    checks.equal("employer read from the scan", fields.get("employer"), story.income.employer)
    checks.equal("employee read from the scan", fields.get("employee_name"), story.name)


async def _check_filed(stage: Stage, filed: Entry, scan: bytes) -> None:
    drives = cast("dict[str, list[dict[str, JsonValue]]]", await stage.world.state("graph"))
    digest = hashlib.sha256(scan).hexdigest()
    paths = [
        str(item["path"]).strip("/")
        for items in drives.values()
        for item in items
        if item.get("sha256") == digest
    ]
    stage.checks.equal("filed in OneDrive, once, at", paths, [str(filed.body["path"]).strip("/")])


async def _check_customer(stage: Stage, linked: Entry, story: Story) -> None:
    tenants = cast("dict[str, dict[str, list[dict[str, JsonValue]]]]", await stage.world.state("weclapp"))
    entities = next(iter(tenants.values()))
    parties = [party for party in entities.get("party", []) if party.get("email") == story.email]
    checks = stage.checks
    checks.equal(
        "weclapp customers with her address", [party["id"] for party in parties], [linked.body["customer_id"]]
    )
    checks.equal("her name in weclapp", [party.get("lastName") for party in parties], [story.last_name])
    checks.holds(
        "a task stands in weclapp", len(entities.get("task", [])) == 1, f"{entities.get('task', [])}"[:300]
    )
    log = len(entities.get("crmEvent", [])) + len(entities.get("comment", []))
    checks.holds("and entries in its log", log >= 1)


def _amount(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text is not None else None
    except InvalidOperation:
        return None
