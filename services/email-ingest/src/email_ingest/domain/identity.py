"""Which letter it is: the same by whatever way it came."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.message import Message

from email_ingest.domain.headers import Headers
from email_ingest.domain.letter import Letter

_BETWEEN = b"\x1f"


def content_hash(message: Message, headers: Headers) -> str:
    """SHA-256 over author, subject, date and the decoded parts.

    Line breaks, transfer encodings and all that a server writes on top (Received, Authentication-Results, marks of
    filters) do not count, so that the same letter by IMAP and by webhook is the same.
    """
    digest = hashlib.sha256()
    author = ",".join(address.lower() for _, address in headers.addresses("from"))
    for text in (author, headers.text("subject"), re.sub(r"\s+", " ", headers.raw("date"))):
        digest.update(text.encode("utf-8", "replace") + _BETWEEN)
    for part in message.walk():
        if not part.is_multipart():
            digest.update(_content(part) + _BETWEEN)
    return digest.hexdigest()


def enquiry_key(letter: Letter, received_at: datetime) -> str | None:
    """What a portal's enquiry is known by when the portal sends it again under a new Message-ID; None for other letters.

    The same person, through the same portal, about the same object, in the same words and with the same files, on one
    day (UTC). Of letters that people write themselves, two that are equal are two.
    """
    portal = letter.portal
    if portal is None or letter.kind != "enquiry" or not letter.sender.contact_points:
        return None
    if letter.authenticity == "fail":  # a forgery must not stand in the way of the enquiry that it copies
        return None
    digest = hashlib.sha256()
    for text in (
        portal.portal, portal.object_reference or "", portal.listing_id or "", portal.object_title or "",
        *(f"{kind}:{value}" for kind, value in sorted(letter.sender.contact_points)),
        " ".join(letter.text.split()),
        *(hashlib.sha256(document.data).hexdigest() for document in letter.documents),
    ):  # fmt: skip
        digest.update(text.encode("utf-8", "replace") + _BETWEEN)
    return f"{received_at.astimezone(UTC):%Y-%m-%d} {digest.hexdigest()}"


def made_up_id(content: str) -> str:
    """The id of a letter that has no Message-ID."""
    return f"<{content[:40]}@no-message-id.invalid>"


def _content(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    if part.get_content_maintype() != "text":
        return hashlib.sha256(data).digest()
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return b"\n".join(line.rstrip(b" \t") for line in lines).strip()
