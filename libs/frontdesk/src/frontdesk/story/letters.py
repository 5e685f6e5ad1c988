"""Raw e-mails of the story: the portal's, the person's own, and her answer to ours."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from html import escape

from frontdesk.story.feedback import openimmo_feedback
from frontdesk.story.person import Story
from frontdesk.story.texts import Language, words


@dataclass(frozen=True)
class Attachment:
    """A file that comes with a letter."""

    name: str
    content: bytes
    media_type: str = "application/pdf"


@dataclass(frozen=True)
class Letter:
    """A letter as it goes over the wire (CRLF), with what one needs to hand it in."""

    sender: str
    recipient: str
    message_id: str
    raw: bytes


def portal_lead(
    story: Story,
    *,
    to: str,
    at: datetime,
    attachments: Sequence[Attachment] = (),
    language: Language = "de",
    with_feedback: bool = True,
    text: str | None = None,
    message_id: str | None = None,
) -> Letter:
    """The enquiry as a portal mails it: text, HTML, OpenImmo feedback; the person is in Reply-To alone."""
    portal, home = story.portal, story.home
    said = text if text is not None else words(story, language).enquiry
    message = _new(
        f"{portal.name} <{portal.sender}>",
        to,
        at,
        message_id or _message_id(story, "lead", portal.sender, at),
    )
    message["Reply-To"] = _mailbox(story)
    message["Subject"] = f"Anfrage zu Ihrem Objekt {home.reference}: {home.title}"
    table = [
        ("Anrede", story.salutation), ("Vorname", story.first_name), ("Nachname", story.last_name),
        ("E-Mail", story.email), ("Telefon", story.phone),
        ("Straße", story.street), ("Ort", f"{story.postcode} {story.city}"),
    ]  # fmt: skip
    message.set_content(_portal_text(story, table, said))
    message.add_alternative(_portal_html(story, table, said), subtype="html")
    if with_feedback:
        xml = openimmo_feedback(story, said, at.date())
        message.add_attachment(xml, maintype="application", subtype="xml", filename=portal.attachment)
    _attach(message, attachments)
    return Letter(portal.sender, parseaddr(to)[1], str(message["Message-ID"]), message.as_bytes())


def own_letter(
    story: Story,
    *,
    to: str,
    at: datetime,
    subject: str,
    text: str,
    attachments: Sequence[Attachment] = (),
    in_reply_to: str | None = None,
    references: Sequence[str] = (),
    message_id: str | None = None,
) -> Letter:
    """A plain letter from the person's own address."""
    made_id = message_id or _message_id(story, subject, story.email, at)
    message = _new(_mailbox(story), to, at, made_id)
    message["Subject"] = subject
    if in_reply_to is not None:
        message["In-Reply-To"] = in_reply_to
        message["References"] = " ".join(dict.fromkeys([*references, in_reply_to]))
    message.set_content(text + "\n")
    _attach(message, attachments)
    return Letter(story.email, parseaddr(to)[1], str(message["Message-ID"]), message.as_bytes())


def direct_enquiry(
    story: Story, *, to: str, at: datetime, attachments: Sequence[Attachment] = (), language: Language = "de"
) -> Letter:
    """The same enquiry without a portal: the person writes to the agent herself."""
    subject = (
        f"Anfrage {story.home.reference}" if language == "de" else f"Enquiry about {story.home.reference}"
    )
    text = words(story, language).enquiry
    return own_letter(story, to=to, at=at, subject=subject, text=text, attachments=attachments)


def burst(
    story: Story, *, to: str, at: datetime, language: Language = "de", apart: timedelta = timedelta(seconds=2)
) -> tuple[Letter, Letter]:
    """Two afterthoughts, sent one right after the other: one reply should cover both."""
    first, second = words(story, language).afterthoughts
    return (
        own_letter(story, to=to, at=at, subject=first[0], text=first[1]),
        own_letter(story, to=to, at=at + apart, subject=second[0], text=second[1]),
    )


def answer_to(
    story: Story, reply: bytes, *, at: datetime, language: Language = "de", text: str | None = None
) -> Letter:
    """Her answer to a reply of ours (raw, as the SMTP server received it): threaded, with the reply quoted."""
    ours = message_from_bytes(reply, policy=policy.default)
    said = words(story, language)
    sender = str(ours["Reply-To"] or ours["From"] or "")
    body = ours.get_body(("plain", "html"))
    quoted = "\n".join(
        f"> {line}".rstrip() for line in (str(body.get_content()) if body else "").splitlines()
    )
    intro = said.quote_intro.format(date=str(ours["Date"] or ""), sender=str(ours["From"] or ""))
    subject = str(ours["Subject"] or "")
    return own_letter(
        story,
        to=sender,
        at=at,
        subject=subject if subject.lower().startswith(("aw:", "re:")) else said.reply_prefix + subject,
        text=f"{text if text is not None else said.answer}\n\n{intro}\n{quoted}",
        in_reply_to=str(ours["Message-ID"] or "").strip() or None,
        references=str(ours["References"] or "").split(),
    )


def _new(sender: str, to: str, at: datetime, message_id: str) -> EmailMessage:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = to
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    return message


def _attach(message: EmailMessage, attachments: Sequence[Attachment]) -> None:
    for attachment in attachments:
        main, _, sub = attachment.media_type.partition("/")
        message.add_attachment(attachment.content, maintype=main, subtype=sub, filename=attachment.name)


def _message_id(story: Story, about: str, sender: str, at: datetime) -> str:
    number = random.Random(f"{story.seed} {about} {sender} {at.isoformat()}").getrandbits(64)  # noqa: S311
    return f"<{number:016x}@{sender.rpartition('@')[2]}>"


def _mailbox(story: Story) -> str:
    return f'"{story.name}" <{story.email}>'


def _portal_text(story: Story, table: list[tuple[str, str]], said: str) -> str:
    home = story.home
    rows = "\n".join(f"{label}: {value}" for label, value in table)
    return (
        f"Sie haben eine neue Anfrage über {story.portal.name} erhalten.\n\n"
        f"Objekt: {home.title}\nObjekt-Nr.: {home.reference}\nOnline-ID: {home.portal_id}\n"
        f"Adresse: {home.street}, {home.postcode} {home.city}\n\n{rows}\n\n"
        f"Anmerkungen/Fragen des Interessenten:\n{said}\n"
    )


def _portal_html(story: Story, table: list[tuple[str, str]], said: str) -> str:
    home = story.home
    rows = "".join(f"<tr><td><b>{label}:</b></td><td>{escape(value)}</td></tr>\n" for label, value in table)
    paragraphs = escape(said).replace("\n", "<br>\n")
    return (
        '<!DOCTYPE html>\n<html lang="de"><head><meta charset="utf-8"><style>td{padding:2px}</style></head><body>\n'
        f"<p>Sie haben eine neue Anfrage über <b>{story.portal.name}</b> erhalten.</p>\n"
        f"<p>{escape(home.title)}<br>\nObjekt-Nr.: {home.reference}<br>\nOnline-ID: {home.portal_id}<br>\n"
        f"{escape(home.street)}, {home.postcode} {home.city}</p>\n<table>\n{rows}</table>\n"
        f"<h3>Anmerkungen/Fragen des Interessenten</h3>\n<p>{paragraphs}</p>\n</body></html>\n"
    )
