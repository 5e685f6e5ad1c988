"""Many messages in one write to the socket: what is published in a batch, and what is acknowledged at one moment.

aiormq sends one message at a time: a lock, a write and two waits each. What goes over the wire here is the same, and
the bookkeeping of confirms and returned messages is aiormq's own.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from aiormq.abc import ChannelFrame
from aiormq.channel import Channel

from chassis.frames import Outgoing, acknowledged, published

LOOK_SECONDS = 1.0
"""How often who waits for a full connection looks whether it is still there."""


async def publish_batch(
    channel: Channel, batch: Sequence[Outgoing], *, seconds: float
) -> list[BaseException | None]:
    """Publish persistently and mandatorily; for each message None when it is confirmed, else what went wrong.

    A message that cannot be put into frames has its error as its result and keeps no other from leaving. Raises what the
    connection raises when nothing could be sent.
    """
    results: list[BaseException | None] = [None] * len(batch)
    confirms: dict[int, asyncio.Future[object]] = {}
    payload = bytearray()
    places: list[int] = []
    for place, message in enumerate(batch):
        try:
            payload += published(message, channel=channel.number, content_size=channel.max_content_size)
        except (ValueError, TypeError) as error:
            results[place] = error
        else:
            places.append(place)
    if not places:
        return results
    async with channel.lock:
        try:
            async with asyncio.timeout(seconds):
                await channel.write_queue.put(ChannelFrame(bytes(payload), should_close=False))
        except TimeoutError:
            for place in places:
                results[place] = TimeoutError("the connection to the broker takes nothing")
            return results
        # The broker counts what it receives: only what is on its way may have a number.
        for place in places:
            channel.delivery_tag += 1
            confirm = channel.create_future()
            channel.confirmations[channel.delivery_tag] = confirm
            channel.message_id_delivery_tag[batch[place].message_id] = channel.delivery_tag
            confirms[place] = confirm
    try:
        _, late = await asyncio.wait(confirms.values(), timeout=seconds)
    finally:
        for message in batch:
            channel.message_id_delivery_tag.pop(message.message_id, None)
    for confirm in late:
        confirm.cancel()
    for place, confirm in confirms.items():
        results[place] = _result(confirm)
    return results


class Acknowledgements:
    """Acknowledges what is settled at one moment together, as a group's units are.

    Nobody waits for it: a delivery whose acknowledgement is lost comes again, and the inbox knows it.
    """

    def __init__(self) -> None:
        self._settled: defaultdict[Channel, list[int]] = defaultdict(list)
        self._sending: asyncio.Task[None] | None = None

    def add(self, channel: Channel, delivery_tag: int) -> None:
        """Acknowledge a delivery, with all others of this moment."""
        self._settled[channel].append(delivery_tag)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def drain(self) -> None:
        """Wait until what was added is on its way."""
        if self._sending is not None:
            await self._sending

    async def _send(self) -> None:
        while self._settled:
            settled, self._settled = self._settled, defaultdict(list)
            for channel, delivery_tags in settled.items():
                payload = b"".join([acknowledged(tag, channel=channel.number) for tag in delivery_tags])
                await _put(channel, ChannelFrame(payload, should_close=False))


async def _put(channel: Channel, frame: ChannelFrame) -> None:
    """Hand frames to the connection's writer, however slow it is; drop them when the channel is closed meanwhile."""
    while not channel.is_closed:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await channel.write_queue.put(frame)
        except TimeoutError:
            continue  # a connection that is lost leaves its queue full for ever, and wakes nobody
        return


def _result(confirm: asyncio.Future[object]) -> BaseException | None:
    if confirm.cancelled() or not confirm.done():
        return TimeoutError("the broker did not confirm in time")
    return confirm.exception()
