"""The gateway's intake: webhooks into the outbox, many requests sharing one commit; without Postgres, to the broker.

A group closes at 64 requests or 1 MiB; tenants take turns in it, so that one's flood does not stand before another's
webhook. A group that fails is committed one by one. A receipt, unique on the message's
id, is kept for 30 days, so that a delivery that comes again is known.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import structlog
from aio_pika.exceptions import AMQPError
from sqlalchemy import func, text

from chassis.broker import Broker
from chassis.database import Database
from chassis.errors import OurOutage
from chassis.frames import Outgoing
from chassis.outbox import Outbox, OutboxRow
from chassis.relay import Relay
from chassis.story import Story
from contracts.envelope import Message
from contracts.routing import EXCHANGE

GROUP = 64
GROUP_BYTES = 1024 * 1024
WORKERS = 2
"""Groups at a time: while one is being stored, the requests that come meanwhile are the next."""
PATIENCE = 3.0
"""Seconds after which a database that hangs is taken for down, well under a sender's own time limit."""
Accepted = Literal["new", "known"]
_log = structlog.get_logger("chassis.intake")


class IntakeUnavailable(Exception):
    """Neither the database nor the broker takes anything: the sender must come again."""


@dataclass(slots=True)
class _Waiting:
    row: OutboxRow
    done: asyncio.Future[Accepted] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def settle(self, accepted: Accepted) -> None:
        """Tell the request, unless its sender hung up meanwhile."""
        if not self.done.done():
            self.done.set_result(accepted)

    def refuse(self, error: Exception) -> None:
        """Tell the request that it is not kept, unless its sender hung up meanwhile."""
        if not self.done.done():
            self.done.set_exception(error)


class Intake:
    """Accepts messages from outside under ids minted outside."""

    def __init__(
        self, service: str, database: Database, outbox: Outbox, relay: Relay, broker: Broker
    ) -> None:
        self._service = service
        self._database = database
        self._outbox = outbox
        self._relay = relay
        self._broker = broker
        self._queues: dict[str, deque[_Waiting]] = {}
        """What waits, by tenant; the next one is whose turn it is."""
        self._workers: set[asyncio.Task[None]] = set()

    async def accept(self, tenant_id: str, message: Message, message_id: str) -> Accepted:
        """Keep a message durably; returns whether it is new or was accepted before.

        With the database down it is published at once, confirmed and routed. Raises `IntakeUnavailable` when neither
        takes it.
        """
        row = Story.begins(self._service, tenant_id).row(message, message_id=message_id)
        waiting = _Waiting(row)
        self._queues.setdefault(tenant_id, deque()).append(waiting)
        if len(self._workers) < WORKERS:
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return await waiting.done

    async def forget_old_receipts(self, *, days: int = 30) -> int:
        """Drop receipts older than any sender repeats; returns how many. Raises `OurOutage`."""
        table = self._database.tables.receipts
        async with self._database.connection() as connection:
            result = await connection.execute(
                table.delete().where(table.c.received_at < func.now() - text(f"interval '{days} days'"))
            )
            return result.rowcount

    async def _work(self) -> None:
        await asyncio.sleep(0)  # let the requests of this moment join
        while self._queues:
            await self._accept_group(self._next_group())

    def _next_group(self) -> list[_Waiting]:
        group, size = list[_Waiting](), 0
        while self._queues and len(group) < GROUP and size < GROUP_BYTES:
            tenant_id = next(iter(self._queues))
            queue = self._queues.pop(tenant_id)
            group.append(queue.popleft())
            size += len(group[-1].row.body)
            if queue:
                self._queues[tenant_id] = queue
        return group

    async def _accept_group(self, group: list[_Waiting]) -> None:
        try:
            await self._store(group)
        except (OurOutage, TimeoutError):
            await self._publish(group)
        except Exception as error:  # noqa: BLE001 — each alone, so that one bad request harms no other
            if len(group) == 1:
                group[0].refuse(error)
                return
            for waiting in group:
                await self._accept_group([waiting])

    async def _store(self, group: list[_Waiting]) -> None:
        first: dict[str, _Waiting] = {}
        for waiting in group:
            first.setdefault(waiting.row.message_id, waiting)
        async with asyncio.timeout(PATIENCE):
            rows = await self._outbox.add_unknown([first[message_id].row for message_id in sorted(first)])
        fresh = {row.message_id for row in rows}
        self._relay.submit(rows)
        for waiting in group:
            is_new = waiting.row.message_id in fresh and first[waiting.row.message_id] is waiting
            waiting.settle("new" if is_new else "known")

    async def _publish(self, group: Sequence[_Waiting]) -> None:
        batch = [
            Outgoing(EXCHANGE, row.routing_key, row.headers, row.body, row.message_id)
            for row in (waiting.row for waiting in group)
        ]
        try:
            results = await self._broker.publish_all(batch)
        except (AMQPError, ConnectionError, TimeoutError, RuntimeError) as error:
            results = [error] * len(batch)
        for waiting, error in zip(group, results, strict=True):
            if error is None:
                waiting.settle("new")
            else:
                _log.error("neither the database nor the broker takes a webhook", error=type(error).__name__)
                waiting.refuse(IntakeUnavailable("neither the database nor the broker answers"))
