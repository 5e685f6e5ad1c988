"""The story a message belongs to, and the envelopes of what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.outbox import Outbox, OutboxRow
from chassis.telemetry import belongs, current_traceparent
from chassis.wire import timer_name
from contracts.envelope import Cancel, Envelope, Following, Later, Message, Timer, new_id
from contracts.routing import routing_key, timer_queue


@dataclass(frozen=True, slots=True)
class Story:
    """Who says something, for which tenant, because of what."""

    service: str
    tenant_id: str
    correlation_id: str
    causation_id: str | None
    traceparent: str | None

    @classmethod
    def begins(cls, service: str, tenant_id: str) -> Story:
        """A story that starts here: something came in, or a person acted."""
        correlation_id = new_id()
        belongs(correlation_id, tenant_id)
        return cls(service, tenant_id, correlation_id, None, current_traceparent())

    @classmethod
    def goes_on(cls, service: str, cause: Envelope) -> Story:
        """What follows from a message."""
        traceparent = current_traceparent() or cause.traceparent
        return cls(service, cause.tenant_id, cause.correlation_id, cause.id, traceparent)

    def row(self, message: Message, *, message_id: str | None = None, at: datetime | None = None,
            key: str | None = None) -> OutboxRow:  # fmt: skip
        """A message in its envelope, ready for the outbox."""
        kind = type(message)
        queue = timer_queue(self.service, timer_name(kind)) if isinstance(message, Timer) else None
        name = queue if queue is not None else routing_key(kind)
        message_id = message_id or new_id()
        envelope = Envelope(
            id=message_id,
            type=name,
            source=self.service,
            subject=message.ce_subject,
            time=datetime.now(UTC),
            tenant_id=self.tenant_id,
            correlation_id=self.correlation_id,
            causation_id=self.causation_id,
            traceparent=self.traceparent,
        )
        body = message.model_dump_json(exclude_none=True).encode()
        return OutboxRow(message_id, name, envelope.headers(), body, self.tenant_id, queue, 1, at, key)

    async def keep(
        self, outbox: Outbox, connection: AsyncConnection, following: Iterable[Following]
    ) -> Sequence[OutboxRow]:
        """Store what follows in the caller's transaction; returns the rows, for the relay."""
        rows: list[OutboxRow] = []
        for item in following:
            if isinstance(item, Cancel):
                await outbox.cancel(connection, self.tenant_id, item.key)
            elif isinstance(item, Later):
                rows.append(self.row(item.message, at=item.at, key=item.key))
            else:
                rows.append(self.row(item))
        return rows
