"""A connection that takes nothing any more holds up neither what is acknowledged nor what is published elsewhere."""

import asyncio
from typing import cast

from aiormq.abc import ChannelFrame
from aiormq.channel import Channel

from chassis.frames import Outgoing, acknowledged
from chassis.publishing import Acknowledgements, publish_batch


class Wire:
    """As much of a channel as is written to; its connection takes frames only while it is drained."""

    number = 1
    max_content_size = 1000

    def __init__(self, *, room: int) -> None:
        self.lock = asyncio.Lock()
        self.write_queue: asyncio.Queue[ChannelFrame] = asyncio.Queue(maxsize=room)
        self.is_closed = False
        self.delivery_tag = 0
        self.confirmations: dict[int, asyncio.Future[object]] = {}
        self.message_id_delivery_tag: dict[str, int] = {}

    @property
    def channel(self) -> Channel:
        return cast(Channel, self)

    def fill(self) -> None:
        """Leave no room, as a peer that does not read."""
        while not self.write_queue.full():
            self.write_queue.put_nowait(ChannelFrame(b"", should_close=False))

    def create_future(self) -> asyncio.Future[object]:
        return asyncio.get_running_loop().create_future()


async def test_a_connection_that_is_lost_while_it_takes_nothing_does_not_hold_up_the_next_ones_acknowledgements() -> (
    None
):
    lost, fresh = Wire(room=1), Wire(room=10)
    lost.fill()
    acknowledgements = Acknowledgements()
    acknowledgements.add(lost.channel, 7)
    await asyncio.sleep(0.05)
    acknowledgements.add(fresh.channel, 8)
    lost.is_closed = True

    async with asyncio.timeout(20):
        frame = await fresh.write_queue.get()

    assert frame.payload == acknowledged(8, channel=1)


async def test_an_acknowledgement_waits_for_a_connection_that_is_only_slow() -> None:
    slow = Wire(room=1)
    slow.fill()
    acknowledgements = Acknowledgements()
    acknowledgements.add(slow.channel, 7)
    await asyncio.sleep(1.5)
    await slow.write_queue.get()

    async with asyncio.timeout(20):
        frame = await slow.write_queue.get()

    assert frame.payload == acknowledged(7, channel=1)


async def test_a_batch_that_no_connection_takes_is_given_up_and_numbers_nothing() -> None:
    """The broker counts what it receives: a message that was numbered and never sent would shift every later confirm."""
    stuck = Wire(room=1)
    stuck.fill()
    message = Outgoing("", "ocr.document.received.v1", {"ce-id": "1"}, b"{}", "1")

    async with asyncio.timeout(20):
        [result] = await publish_batch(stuck.channel, [message], seconds=0.1)

    assert isinstance(result, TimeoutError)
    assert (stuck.delivery_tag, stuck.confirmations, stuck.message_id_delivery_tag) == (0, {}, {})
    assert not stuck.lock.locked()
