"""Messages with people, version 1."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from contracts.envelope import Command, Event
from contracts.values import BlobRef, Channel, ContactPoint, Value

MessageKind = Literal["enquiry", "auto_reply", "bounce", "newsletter", "spam", "own_answer"]
EmailPurpose = Literal["reply", "draft", "handover", "notice"]


SECRET_PLACE = "{secret}"  # noqa: S105 — where it stands
"""Where in a letter's text its secret stands."""


def letter_secret_context(tenant_id: str, lead_id: str) -> str:
    """What the box with a letter's secret is bound to."""
    return f"letter\x1f{tenant_id}\x1f{lead_id}"


class Sender(Value):
    """Who wrote."""

    name: str | None = Field(default=None, description="The name as given.")
    contact_points: tuple[ContactPoint, ...] = Field(
        description="Ways to reach the person; never a portal's relay."
    )
    reply_to: str = Field(
        description="Where an answer goes, in the channel's own form; may be a portal's relay."
    )


class PortalEnquiry(Value):
    """What a property portal said about the enquiry."""

    portal: str = Field(description="The portal, such as immoscout24.")
    object_reference: str | None = Field(default=None, description="The agent's own number of the object.")
    listing_id: str | None = Field(default=None, description="The portal's number of the listing.")
    object_title: str | None = Field(default=None, description="The object as the portal names it.")


class MessageReceived(Event):
    """A message came in: one form for every channel."""

    aggregate: ClassVar[str] = "message_id"

    message_id: str = Field(description="Our id of the message (UUID).")
    channel: Channel = Field(description="How it came.")
    external_id: str = Field(description="The channel's own id, such as the Message-ID.")
    kind: MessageKind = Field(description="What it is; only an enquiry may be answered automatically.")
    sender: Sender = Field(description="Who wrote.")
    recipient: str = Field(description="The company's address that it reached.")
    subject: str = Field(default="", description="The subject, for channels that have one.")
    text: str = Field(description="What the person newly wrote: no quotation, no signature.")
    sent_at: datetime = Field(description="When it was written, as the channel says, UTC.")
    received_at: datetime = Field(description="When the channel took it in, UTC.")
    in_reply_to: str | None = Field(default=None, description="The external id that it answers.")
    references: tuple[str, ...] = Field(default=(), description="External ids of the thread, oldest first.")
    document_ids: tuple[str, ...] = Field(
        default=(), description="The documents that came with it; each is told by DocumentReceived."
    )
    authenticity: Literal["pass", "fail", "none"] = Field(
        description="SPF, DKIM and DMARC as the tenant's own server saw them."
    )
    portal: PortalEnquiry | None = Field(default=None, description="Set when it came through a portal.")
    automatic: bool = Field(
        default=False, description="It says of itself that a machine wrote it (Auto-Submitted, Precedence)."
    )
    historic: bool = Field(
        default=False,
        description="Imported on command from before the channel was connected: never answered.",
    )
    problems: tuple[str, ...] = Field(
        default=(), description="Parts that could not be read, each in words for people."
    )
    raw: BlobRef | None = Field(default=None, description="The message as it came.")


class SendEmail(Command):
    """Send an e-mail through the tenant's own server."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str = Field(description="The lead it belongs to.")
    turn: int = Field(ge=0, description="The lead's turn that it answers.")
    purpose: EmailPurpose = Field(
        description="A reply to the person, or a draft, hand-over or notice to the agent."
    )
    to: tuple[str, ...] = Field(min_length=1, description="Recipients' addresses.")
    subject: str = Field(description="The subject line.")
    text: str = Field(description="The whole text, signature and imprint included.")
    in_reply_to: str | None = Field(default=None, description="The Message-ID that it answers.")
    references: tuple[str, ...] = Field(default=(), description="Message-IDs of the thread, oldest first.")
    automatic: bool = Field(
        default=True, description="Written by the AI without a human: marked Auto-Submitted."
    )
    secret: str | None = Field(
        default=None,
        description="A box sealed under the fleet's key ring: what is in it takes the place of {secret} in the text as the "
        "letter leaves, so that a link that lets in lies nowhere else in clear.",
    )
    despite_suspension: bool = Field(
        default=False,
        description="To the company's own admin about what it owes: it leaves though the company is suspended.",
    )


class SendChat(Command):
    """Send a chat message through the channel the person wrote by."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str = Field(description="The lead it belongs to.")
    turn: int = Field(ge=0, description="The lead's turn that it answers.")
    channel: Channel = Field(description="Which channel.")
    to: str = Field(description="The recipient in the channel's own form.")
    text: str = Field(description="The text.")


class MessageSent(Event):
    """A message left the house, as far as the channel's server said."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str = Field(description="The lead it belongs to.")
    turn: int = Field(ge=0, description="The turn that it answers.")
    purpose: EmailPurpose = Field(description="What it was for.")
    channel: Channel = Field(description="How it left.")
    external_id: str = Field(description="The channel's own id, such as the Message-ID.")
    sent_at: datetime = Field(description="When the server accepted it, UTC.")
    raw: BlobRef | None = Field(default=None, description="The message as it was sent.")


class MessageUncertain(Event):
    """Nobody can say whether a message left: a human must look; it is never repeated silently."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str = Field(description="The lead it belongs to.")
    turn: int = Field(ge=0, description="The turn that it answers.")
    purpose: EmailPurpose = Field(description="What it was for.")
    channel: Channel = Field(description="How it was to leave.")
    external_id: str = Field(description="The id that it would have.")
    reason: str = Field(description="What happened, for people.")


class MessageFailed(Event):
    """A message could not be sent, and will not be."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str = Field(description="The lead it belongs to.")
    turn: int = Field(ge=0, description="The turn that it answers.")
    purpose: EmailPurpose = Field(description="What it was for.")
    channel: Channel = Field(description="How it was to leave.")
    reason: str = Field(description="Why, for people.")
