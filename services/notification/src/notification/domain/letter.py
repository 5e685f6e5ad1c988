"""A letter as it stands on the wire: stdlib `email`, nothing in it that names the software."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from html import escape

_MESSAGE_ID = re.compile(r"<[^<>\s@]+@[^<>\s@]+>")
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-][A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{0,63}@(?:[a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63}"
)
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")
_MOST_REFERENCES = 20
_THREADING = frozenset({"message-id", "in-reply-to", "references"})


class UnusableAddress(ValueError):
    """An address to which no mail can go."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be written, and to whom.

    `auto_submitted` is the value of the header of that name (RFC 3834), or None for what a person wrote.
    """

    display_name: str
    mailbox: str
    to: tuple[str, ...]
    subject: str
    text: str
    message_id: str
    date: datetime
    auto_submitted: str | None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()

    def as_bytes(self) -> bytes:
        """The letter with CRLF line ends: plain text, and the same as simple HTML. Raises `UnusableAddress`."""
        message = EmailMessage(_POLICY)
        message["From"] = Address(_line(self.display_name), addr_spec=address(self.mailbox))
        message["To"] = [Address(addr_spec=address(to)) for to in self.to]
        message["Subject"] = _line(self.subject)
        message["Date"] = format_datetime(self.date)
        message["Message-ID"] = self.message_id
        answered = _message_ids((self.in_reply_to or "",))
        if answered:
            message["In-Reply-To"] = answered[-1]
        references = _thread(_message_ids(self.references), answered)
        if references:
            message["References"] = " ".join(references)
        if self.auto_submitted is not None:
            message["Auto-Submitted"] = self.auto_submitted
        text = _lines(self.text)
        message.set_content(text, charset="utf-8", cte="quoted-printable")
        message.add_alternative(_html(text), subtype="html", charset="utf-8", cte="quoted-printable")
        return message.as_bytes()


def address(text: str) -> str:
    """An address as it is written in a header and an envelope: ASCII, the domain in its own encoding (IDNA).

    Raises `UnusableAddress`, whose words do not repeat the address.
    """
    local, _, domain = text.strip().rpartition("@")
    try:
        plain = f"{local}@{domain.encode('idna').decode('ascii').lower()}"
    except UnicodeError:
        plain = ""
    if not _ADDRESS.fullmatch(plain) or ".." in plain or len(plain) > 254:
        raise UnusableAddress("an address of the letter is not one that mail can be sent to")
    return plain


def domain_of(mailbox: str) -> str:
    """The domain of an address, for Message-IDs and the greeting of the server."""
    return address(mailbox).rpartition("@")[2]


class _Policy(EmailPolicy):
    """SMTP's policy, but Message-IDs are never cut or encoded: stdlib would, in lines beyond 78 characters."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in _THREADING:
            return f"{name}: {f'{self.linesep} '.join(str(value).split())}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep=SMTP.linesep, cte_type="7bit")


def _message_ids(texts: tuple[str, ...]) -> list[str]:
    return [
        found for text in texts for found in _MESSAGE_ID.findall(text) if found.isascii() and len(found) < 900
    ]


def _thread(references: list[str], answered: list[str]) -> list[str]:
    """The thread, oldest first, without repetition, at most twenty: the first one and the newest (RFC 5322, 3.6.4)."""
    thread = list(
        dict.fromkeys([reference for reference in references if reference not in answered] + answered)
    )
    return thread if len(thread) <= _MOST_REFERENCES else thread[:1] + thread[1 - _MOST_REFERENCES :]


def _line(text: str) -> str:
    """One line: what came from outside must not begin a header of its own."""
    return _BLANKS.sub(" ", text).strip()


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").rstrip("\n") + "\n"


def _html(text: str) -> str:
    paragraphs = [escape(part, quote=False) for part in re.split(r"\n{2,}", text.strip("\n"))]
    body = "\n".join(f"<p>{part.replace(chr(10), '<br>' + chr(10))}</p>" for part in paragraphs)
    return f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n{body}\n</body></html>\n'
