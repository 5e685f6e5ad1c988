"""Header fields as they are meant: unfolded, encoded words decoded, whatever bytes they were made of."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from email_ingest.domain.characters import decode, one_line
from email_ingest.domain.contact import ADDRESS, normal_address

_WORD = re.compile(r"=\?([^?\s]{1,75})\?([bBqQ])\?([^?]*)\?=")
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_ID = re.compile(r"<\s*([^<>\s]{1,900})\s*>")


class Headers:
    """The header fields of a mail or of one of its parts, in their order."""

    def __init__(self, message: Message) -> None:
        self.fields: list[tuple[str, str]] = [
            (name.lower(), _FOLD.sub(" ", _characters(str(value))).strip())
            for name, value in message.raw_items()
        ]

    def all(self, name: str) -> list[str]:
        """Every field of a name, undecoded."""
        return [value for field, value in self.fields if field == name]

    def raw(self, name: str) -> str:
        """The first field of a name, undecoded; empty when there is none."""
        return next(iter(self.all(name)), "")

    def text(self, name: str) -> str:
        """The first field of a name, decoded, in one line."""
        return decoded(self.raw(name))

    def has(self, *names: str) -> bool:
        """Whether there is any field of these names."""
        return any(field in names for field, _ in self.fields)

    def addresses(self, *names: str) -> list[tuple[str, str]]:
        """The names and addresses in these fields; only what has the form of an address."""
        return [found for name in names for value in self.all(name) for found in _addresses(value)]

    def ids(self, name: str) -> list[str]:
        """The message ids in a field, in angle brackets."""
        found = [f"<{one_line(one)}>" for value in self.all(name) for one in _ID.findall(value)]
        if not found:
            found = [
                f"<{one_line(word)}>"
                for value in self.all(name)
                for word in value.split()
                if "@" in word and "<" not in word and ">" not in word and len(word) < 900
            ]
        return list(dict.fromkeys(found))

    def date(self) -> datetime | None:
        """When the mail says it was written, in UTC."""
        try:
            at = parsedate_to_datetime(self.raw("date"))
            return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            return None


def decoded(value: str) -> str:
    """A header's value with its encoded words decoded (RFC 2047, read generously), in one line."""
    return one_line("".join(_pieces(value)))


def _pieces(value: str) -> Iterable[str]:
    """The text between encoded words, and runs of words of one character set (they may split a character)."""
    at, charset, run = 0, "", b""
    for found in _WORD.finditer(value):
        between = value[at : found.start()]
        if run and (between.strip() or found[1].lower() != charset):
            yield decode(run, charset)[0]
            run = b""
        if between.strip() or at == 0:
            yield between
        charset = found[1].lower()
        run += _word_bytes(found[2].lower(), found[3])
        at = found.end()
    if run:
        yield decode(run, charset)[0]
    yield value[at:]


def _word_bytes(encoding: str, body: str) -> bytes:
    data = body.encode("utf-8", "replace")
    if encoding == "q":
        return quopri.decodestring(data, header=True)
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return data


def _addresses(value: str) -> list[tuple[str, str]]:
    try:
        pairs = getaddresses([value])
    except (ValueError, IndexError, TypeError, AttributeError, RecursionError):
        pairs = []
    found = [(decoded(name).strip("\"' "), address.strip()) for name, address in pairs]
    found = [(name, address) for name, address in found if normal_address(address)]
    return found or [("", address) for address in ADDRESS.findall(value[:10_000])]


def _characters(value: str) -> str:
    """A header as text: bytes beyond ASCII were smuggled through as surrogates."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return decode(value.encode("utf-8", "surrogateescape"), None)[0]
    return value
