"""Conversations, version 1."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from contracts.documents.v1 import DocumentCategory
from contracts.envelope import Command, Event
from contracts.values import Cost, Evidence, Language, NamedValue, Tokens, Value

Intent = Literal[
    "viewing",
    "price",
    "availability",
    "documents",
    "appointment",
    "application",
    "complaint",
    "general",
    "other",
]
Sentiment = Literal["positive", "neutral", "negative"]


class Letter(Value):
    """One message of the turn, as the person wrote it."""

    message_id: str = Field(description="Our id of the message.")
    sent_at: datetime = Field(description="When it was written, UTC.")
    subject: str = Field(default="", description="Its subject.")
    text: str = Field(description="What the person wrote.")


class DocumentSummary(Value):
    """What is known of a document that the person sent."""

    filename: str = Field(description="Its name.")
    category: DocumentCategory | None = Field(
        default=None, description="What it is; absent when it could not be read."
    )
    summary: str = Field(default="", description="What it says.")
    fields: tuple[Evidence, ...] = Field(default=(), description="What was read.")
    unreadable: str | None = Field(default=None, description="Why it could not be read, for people.")


class Exchange(Value):
    """Something said earlier in the conversation."""

    who: Literal["person", "company"] = Field(description="Who said it.")
    at: datetime = Field(description="When, UTC.")
    text: str = Field(description="What.")


class DraftReply(Command):
    """Draft one reply that covers all letters of a turn."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str = Field(description="The lead.")
    turn: int = Field(ge=0, description="The turn to answer.")
    company: str = Field(description="The company's name as its customers know it.")
    time_zone: str = Field(description="The tenant's IANA time zone, such as Europe/Vienna.")
    person: str | None = Field(default=None, description="The person's name.")
    object_reference: str | None = Field(default=None, description="The object's number.")
    object_title: str | None = Field(default=None, description="The object's name.")
    letters: tuple[Letter, ...] = Field(min_length=1, description="The letters of the turn, oldest first.")
    documents: tuple[DocumentSummary, ...] = Field(
        default=(), description="The documents that came with them."
    )
    history: tuple[Exchange, ...] = Field(default=(), description="What was said before, oldest first.")


class ReplyDrafted(Event):
    """A reply is ready to be decided upon."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str = Field(description="The lead.")
    turn: int = Field(ge=0, description="The turn that it answers.")
    text: str = Field(description="Greeting and body, without signature.")
    language: Language = Field(description="The language it is written in.")
    intent: Intent = Field(description="What the person wants.")
    sentiment: Sentiment = Field(description="How the person sounds.")
    confidence: float = Field(ge=0, le=1, description="How sure the model is.")
    entities: tuple[NamedValue, ...] = Field(
        default=(), description="Dates, amounts, objects found in the letters."
    )
    facts_used: tuple[str, ...] = Field(default=(), description="The facts that the reply rests on.")
    model: str = Field(description="The model that wrote it.")
    offline: bool = Field(
        default=False, description="No model could be used: this is a template and says so."
    )
    cost: Cost | None = Field(default=None, description="What it cost, when it is known.")
    tokens: Tokens | None = Field(
        default=None, description="The tokens that the model took, when it is known."
    )


class ReplyReviewed(Event):
    """A human kept, changed or refused a drafted reply."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str = Field(description="The lead.")
    turn: int = Field(ge=0, description="The turn.")
    verdict: Literal["kept", "changed", "refused"] = Field(description="What the human did.")
    by: str = Field(description="Who: an address, or the name of a command's user.")
