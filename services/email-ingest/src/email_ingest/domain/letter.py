"""A letter as it was understood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["enquiry", "auto_reply", "bounce", "newsletter", "spam", "own_answer"]
Authenticity = Literal["pass", "fail", "none"]
LARGEST = 25 * 1024 * 1024
"""Bytes of a letter that is read whole."""


@dataclass(frozen=True, slots=True)
class Company:
    """Whose mail is read: its own addresses, and the name of its server in Authentication-Results."""

    mailbox: str
    agent: str = ""
    authserv_id: str | None = None

    def owns(self, address: str) -> bool:
        """Whether an address is the company's mailbox."""
        return address.lower() == self.mailbox.lower()


@dataclass(frozen=True, slots=True)
class Document:
    """A file that came with a letter."""

    filename: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote: a name, ways to reach the person (kind, normal form), and where an answer goes."""

    name: str | None
    contact_points: tuple[tuple[Literal["email", "phone"], str], ...]
    reply_to: str


@dataclass(frozen=True, slots=True)
class Portal:
    """What a property portal said about an enquiry."""

    portal: str
    object_reference: str | None = None
    listing_id: str | None = None
    object_title: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """What was read from a letter.

    `external_id` is its Message-ID, or one made of its content. `content_hash` ignores what a transport changes.
    `addressees` are all To and Cc addresses; `named` tells whether it had a Message-ID of its own.
    """

    external_id: str
    content_hash: str
    kind: Kind
    automatic: bool
    sender: Person
    recipient: str
    subject: str
    text: str
    sent_at: datetime
    authenticity: Authenticity
    named: bool = True
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    addressees: tuple[str, ...] = ()
    portal: Portal | None = None
    documents: tuple[Document, ...] = ()
    problems: tuple[str, ...] = ()
