"""Names on the broker, computed from a message's class; no such string is written anywhere else."""

from __future__ import annotations

import re
from functools import lru_cache

from contracts.envelope import Command, Message

EXCHANGE = "frontdesk.events"
DEAD_LETTER_EXCHANGE = "frontdesk.dead"
_WORD = re.compile(r"[A-Z][a-z0-9]*")


def noun_of(message: type[Message]) -> str:
    """The business noun, in the singular: `DocumentAnalyzed` → document, `SendEmail` → email."""
    words = _words(message)
    return "_".join(words[1:]) if issubclass(message, Command) else words[0]


def version_of(message: type[Message]) -> int:
    """The version, from the module that holds the class: `contracts.documents.v1` → 1."""
    return int(message.__module__.rsplit(".v", 1)[1])


@lru_cache(maxsize=512)
def routing_key(message: type[Message]) -> str:
    """`DocumentAnalyzed` → document.analyzed.v1; `SendEmail` → email.send.v1."""
    words = _words(message)
    verb = words[0] if issubclass(message, Command) else "_".join(words[1:])
    return f"{noun_of(message)}.{verb}.v{version_of(message)}"


def queue_name(service: str, message: type[Message]) -> str:
    """The hearer's queue for a message: `ocr.document.received.v1`."""
    return f"{service}.{routing_key(message)}"


def hearer_noun(message: type[Message]) -> str:
    """The routing key without its version: what the inbox knows a hearing by, so that v1 and v2 act once."""
    return routing_key(message).rsplit(".", 1)[0]


def timer_queue(service: str, timer: str) -> str:
    """The queue of a service's own timer."""
    return f"{service}.timer.{timer}"


def dead_queue(service: str) -> str:
    """Where the broker puts what a service could not settle within the delivery limit."""
    return f"{service}.dead"


def _words(message: type[Message]) -> list[str]:
    words = [word.lower() for word in _WORD.findall(message.__name__)]
    if len(words) < 2:
        raise ValueError(f"{message.__name__} must be a noun and a participle, or a verb and a noun")
    return words
