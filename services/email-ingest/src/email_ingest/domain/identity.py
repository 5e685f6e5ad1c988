"""Which letter it is: the same by whatever way it came."""

from __future__ import annotations

import hashlib
import re
from email.message import Message

from email_ingest.domain.headers import Headers

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
