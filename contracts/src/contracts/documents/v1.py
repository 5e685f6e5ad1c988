"""Documents, version 1."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field

from contracts.envelope import Command, Event
from contracts.values import BlobRef, Cost, Evidence, Language, Tokens

DocumentCategory = Literal[
    "identity_document", "income_proof", "invoice", "order", "contract", "enquiry", "other"
]
UnreadableReason = Literal[
    "empty",
    "encrypted",
    "too_many_pages",
    "too_large",
    "too_slow",
    "damaged",
    "unsupported",
    "macros",
    "no_text",
]


class DocumentReceived(Event):
    """A document came in with a message."""

    aggregate: ClassVar[str] = "document_id"

    document_id: str = Field(description="Our id of the document (UUID).")
    message_id: str = Field(description="The message that it came with.")
    filename: str = Field(description="Its name as given, made safe.")
    blob: BlobRef = Field(description="Its bytes.")
    received_at: datetime = Field(description="When it came, UTC.")


class DocumentAnalyzed(Event):
    """A document was read and understood."""

    aggregate: ClassVar[str] = "document_id"

    document_id: str = Field(description="The document.")
    message_id: str = Field(description="The message that it came with.")
    filename: str = Field(description="Its name.")
    blob: BlobRef = Field(description="Its bytes.")
    category: DocumentCategory = Field(description="What it is.")
    summary: str = Field(description="What it says, in one or two sentences.")
    language: Language = Field(description="Its language.")
    confidence: float = Field(ge=0, le=1, description="How sure the analysis is.")
    fields: tuple[Evidence, ...] = Field(default=(), description="What was read, each with its place.")
    pages: int = Field(ge=1, description="How many pages were read.")
    method: Literal["text", "ocr"] = Field(
        description="Whether it carried text or was recognised from an image."
    )
    text: BlobRef | None = Field(default=None, description="The whole text.")
    model: str = Field(description="The model that analysed it.")
    offline: bool = Field(default=False, description="No model could be reached: rules of our own were used.")
    cost: Cost | None = Field(default=None, description="What the analysis cost, when it is known.")
    tokens: Tokens | None = Field(
        default=None, description="The tokens that the model took, when it is known."
    )


class DocumentUnreadable(Event):
    """A document could not be read; it is kept, and the reason is said."""

    aggregate: ClassVar[str] = "document_id"

    document_id: str = Field(description="The document.")
    message_id: str = Field(description="The message that it came with.")
    filename: str = Field(description="Its name.")
    blob: BlobRef = Field(description="Its bytes.")
    reason: UnreadableReason = Field(description="Why, as a word.")
    detail: str = Field(description="Why, for people.")


class FileDocument(Command):
    """File a document where the company keeps its documents."""

    aggregate: ClassVar[str] = "document_id"

    document_id: str = Field(description="The document.")
    lead_id: str = Field(description="The lead it belongs to.")
    person: str = Field(description="The person's name, or address when no name is known.")
    object_reference: str | None = Field(default=None, description="The object it is about.")
    filename: str = Field(description="Its name as received.")
    category: DocumentCategory = Field(description="What it is.")
    received_on: date = Field(description="The day it came, in the tenant's time zone.")
    blob: BlobRef = Field(description="Its bytes.")


class DocumentFiled(Event):
    """A document is where the company keeps its documents."""

    aggregate: ClassVar[str] = "document_id"

    document_id: str = Field(description="The document.")
    lead_id: str = Field(description="The lead it belongs to.")
    store: Literal["onedrive", "local"] = Field(description="Where.")
    path: str = Field(description="Folder and name there.")
    external_id: str = Field(description="The store's own id.")
    url: str | None = Field(default=None, description="Where people can open it.")
