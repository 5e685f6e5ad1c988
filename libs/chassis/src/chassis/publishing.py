"""Publishing in batches: many messages in one write to the socket, their confirms awaited together.

aiormq publishes one message at a time: a lock, a write and two waits each. What goes over the wire here is the same, and
the bookkeeping of confirms and returned messages is aiormq's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from pamqp import commands, frame
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

_PERSISTENT = 2


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way: to a queue directly when `exchange` is empty."""

    exchange: str
    routing_key: str
    headers: Mapping[str, str | int]
    body: bytes
    message_id: str


async def publish_batch(
    channel: Channel, batch: Sequence[Outgoing], *, seconds: float
) -> list[BaseException | None]:
    """Publish persistently and mandatorily; for each message None when it is confirmed, else what went wrong.

    Raises what the connection raises when nothing could be sent.
    """
    confirms: list[asyncio.Future[object]] = []
    async with channel.lock:
        payload = bytearray()
        for message in batch:
            payload += _frames(channel, message)
        for message in batch:
            channel.delivery_tag += 1
            confirm = channel.create_future()
            channel.confirmations[channel.delivery_tag] = confirm
            channel.message_id_delivery_tag[message.message_id] = channel.delivery_tag
            confirms.append(confirm)
        sent = channel.create_future()
        await channel.write_queue.put(ChannelFrame(bytes(payload), should_close=False, drain_future=sent))
    try:
        _, late = await asyncio.wait(confirms, timeout=seconds)
    finally:
        for message in batch:
            channel.message_id_delivery_tag.pop(message.message_id, None)
    for confirm in late:
        confirm.cancel()
    sent.cancel()
    return [_result(confirm) for confirm in confirms]


def _result(confirm: asyncio.Future[object]) -> BaseException | None:
    if confirm.cancelled() or not confirm.done():
        return TimeoutError("the broker did not confirm in time")
    return confirm.exception()


def _frames(channel: Channel, message: Outgoing) -> bytes:
    properties = commands.Basic.Properties(
        content_type="application/json",
        headers=dict(message.headers),
        delivery_mode=_PERSISTENT,
        message_id=message.message_id,
    )
    publish = commands.Basic.Publish(
        exchange=message.exchange, routing_key=message.routing_key, mandatory=True
    )
    body, size, number = message.body, channel.max_content_size, channel.number
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(
        (
            frame.marshal(publish, number),
            frame.marshal(ContentHeader(body_size=len(body), properties=properties), number),
            *(frame.marshal(ContentBody(part), number) for part in parts),
        )
    )
