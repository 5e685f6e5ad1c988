"""The relay: takes the outbox's rows to the broker.

After the commit the process publishes its own rows at once, in batches whose confirms are awaited together, and deletes
them in one statement. What a crash left behind is taken by a sweeper, by a lease column; rows younger than
`chassis.outbox.OWN_SECONDS` are left to their owner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from aio_pika.exceptions import AMQPError
from aiormq.exceptions import PublishError

from chassis.broker import Broker
from chassis.errors import OurOutage
from chassis.frames import Outgoing
from chassis.metrics import Metrics
from chassis.outbox import DUE, Outbox, OutboxRow
from contracts.routing import EXCHANGE

_BATCH = 500
_log = structlog.get_logger("chassis.relay")


class Relay:
    """Publishes rows: the process's own right after their commit, and by the sweeper what is due or was left."""

    def __init__(self, outbox: Outbox, broker: Broker, metrics: Metrics) -> None:
        self._outbox = outbox
        self._broker = broker
        self._metrics = metrics
        self._waiting: list[tuple[OutboxRow, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self.last_failure: str | None = None

    def submit(self, rows: Sequence[OutboxRow]) -> list[asyncio.Future[None]]:
        """Hand over rows that were just committed; each future ends when its row is confirmed or left to the sweeper."""
        loop = asyncio.get_running_loop()
        mine = [(row, loop.create_future()) for row in rows if row.at_once]
        if mine:
            self._waiting.extend(mine)
            self._wake.set()
        return [future for _, future in mine]

    async def run_own(self) -> None:
        """Publish what `submit` hands over, for ever."""
        while True:
            if not self._waiting:  # after a fault rows may still wait
                await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
                try:
                    await self._publish([row for row, _ in batch])
                finally:
                    for _, future in batch:
                        if not future.done():
                            future.set_result(None)

    async def run_sweeper(self, *, every: float = 0.5) -> None:
        """Publish what is due and unheld, for ever."""
        while True:
            try:
                rows = await self._outbox.lease_due()
                if rows:
                    await self._publish(rows)
            except OurOutage:
                rows = []
            if len(rows) < 200:
                await asyncio.sleep(every)

    async def drain(self) -> None:
        """Wait until everything that was handed over is published or left to the sweeper."""
        while self._waiting:  # noqa: ASYNC110 — once, at shutdown
            await asyncio.sleep(0.01)

    async def _publish(self, rows: Sequence[OutboxRow]) -> None:
        try:
            results = await self._broker.publish_all([_outgoing(row) for row in rows])
        except (AMQPError, ConnectionError, TimeoutError, RuntimeError) as error:
            self.last_failure = type(error).__name__
            _log.warning(
                "rows were not published and stay in the outbox", rows=len(rows), error=self.last_failure
            )
            return
        done: list[OutboxRow] = []
        for row, result in zip(rows, results, strict=True):
            if result is None:
                done.append(row)
                self._metrics.published(row.routing_key)
            else:
                self._failed(row, result)
        if done:
            try:
                await self._outbox.remove(done)
            except OurOutage:
                # They are published and stay stored: they will be published again, and the hearers know them.
                _log.warning("published rows could not be removed", rows=len(done))

    def _failed(self, row: OutboxRow, error: BaseException) -> None:
        self.last_failure = type(error).__name__
        if isinstance(error, PublishError):
            _log.error(
                "nobody hears this message: no queue is bound; run 'frontdesk migrate'",
                routing_key=row.routing_key, queue=row.queue, message_id=row.message_id, tenant_id=row.tenant_id,
            )  # fmt: skip
        else:
            _log.warning("a row was not published and stays in the outbox", error=type(error).__name__,
                         routing_key=row.routing_key, message_id=row.message_id)  # fmt: skip


def _outgoing(row: OutboxRow) -> Outgoing:
    headers: dict[str, str | int] = {**row.headers, "ce-sequence": str(row.id)}
    if row.attempt > 1:
        headers["x-attempt"] = row.attempt
    if row.publish_at is not None and DUE not in headers:
        headers[DUE] = row.publish_at.isoformat()
    exchange = EXCHANGE if row.queue is None else ""
    return Outgoing(exchange, row.queue or row.routing_key, headers, row.body, row.message_id)
