"""The AMQP 0-9-1 frames that every message costs, written directly: what is published, and what is acknowledged.

pamqp builds a header value by value, which costs as much as all else that publishing does. The bytes here are the same
as its own (a test compares them); what is rare is left to pamqp.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct

from pamqp import commands, encode, frame

_PERSISTENT = b"\x02"
_CONTENT_TYPE = b"\x10application/json"
_PROPERTIES = 0x8000 | 0x2000 | 0x1000 | 0x0080
"""Content type, headers, delivery mode, message id: the properties that are there (AMQP 0-9-1 §4.2.6.1)."""
_BASIC = 60
_ACK = 80
_FRAME = Struct(">BHI")
_CONTENT = Struct(">HHQH")
_ACKNOWLEDGEMENT = Struct(">BHIHHQBB")
_LONG = Struct(">I")
_END = b"\xce"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way: to a queue directly when `exchange` is empty."""

    exchange: str
    routing_key: str
    headers: Mapping[str, str | int]
    body: bytes
    message_id: str


def published(message: Outgoing, *, channel: int, content_size: int) -> bytes:
    """The frames of a persistent, mandatory publish; a body has frames of at most `content_size` bytes.

    Raises `ValueError` when the message id is too long for AMQP (255 bytes).
    """
    body = message.body
    table = b"".join([_field(name, value) for name, value in sorted(message.headers.items())])
    identity = message.message_id.encode()
    if len(identity) > 255:
        raise ValueError("a message id has at most 255 bytes")
    header = b"".join(
        (
            _CONTENT.pack(_BASIC, 0, len(body), _PROPERTIES), _CONTENT_TYPE, _LONG.pack(len(table)), table,
            _PERSISTENT, len(identity).to_bytes(), identity,
        )
    )  # fmt: skip
    parts = [
        _publish(message.exchange, message.routing_key, channel),
        _FRAME.pack(2, channel, len(header)),
        header,
        _END,
    ]
    for start in range(0, len(body), content_size):
        part = body[start : start + content_size]
        parts += (_FRAME.pack(3, channel, len(part)), part, _END)
    return b"".join(parts)


def acknowledged(delivery_tag: int, *, channel: int) -> bytes:
    """The frame that acknowledges one delivery."""
    return _ACKNOWLEDGEMENT.pack(1, channel, 13, _BASIC, _ACK, delivery_tag, 0, 0xCE)


@lru_cache(maxsize=1024)
def _publish(exchange: str, routing_key: str, channel: int) -> bytes:
    return frame.marshal(
        commands.Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=True), channel
    )


def _field(name: str, value: str | int) -> bytes:
    if isinstance(value, str):
        text = value.encode()
        return _name(name) + b"S" + _LONG.pack(len(text)) + text
    return _name(name) + encode.encode_table_value(value)


@lru_cache(maxsize=256)
def _name(name: str) -> bytes:
    return encode.short_string(name)
