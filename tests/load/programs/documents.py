"""The events that are measured with: documents of many tenants, some delivered twice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import aio_pika
from aio_pika.abc import AbstractExchange

from contracts.documents.v1 import DocumentReceived
from contracts.envelope import Envelope, new_id
from contracts.routing import queue_name, routing_key
from contracts.values import BlobRef

QUEUE = queue_name("probe", DocumentReceived)
IN_FLIGHT = 500


@dataclass(frozen=True, slots=True)
class Ready:
    """A message, encoded."""

    message_id: str
    tenant_id: str
    headers: dict[str, str]
    body: bytes

    def message(self) -> aio_pika.Message:
        """The message as the chassis sends it."""
        return aio_pika.Message(
            self.body,
            headers=dict(self.headers),
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=self.message_id,
        )


def tenant(number: int, tenants: int) -> str:
    """The tenants take turns."""
    return f"tenant-{number % tenants:02d}"


def document(number: int) -> DocumentReceived:
    """A document that nobody sent."""
    return DocumentReceived(
        document_id=new_id(),
        message_id=new_id(),
        filename=f"Gehaltsabrechnung Jördis Müller-Löwe {number}.pdf",
        blob=BlobRef(key=f"tenant/{number:064x}", size=48_211, media_type="application/pdf"),
        received_at=datetime.now(UTC),
    )


def encoded(event: DocumentReceived, tenant_id: str) -> Ready:
    """An event in its envelope."""
    message_id = new_id()
    envelope = Envelope(
        id=message_id,
        type=routing_key(DocumentReceived),
        source="bench",
        subject=event.ce_subject,
        time=datetime.now(UTC),
        tenant_id=tenant_id,
        correlation_id=new_id(),
        causation_id=new_id(),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        sequence=1,
    )
    return Ready(message_id, tenant_id, envelope.headers(), event.model_dump_json().encode())


def deliveries(count: int, *, tenants: int, duplicates: float) -> list[Ready]:
    """Deliveries of documents; the given share of them has come shortly before."""
    made: list[Ready] = []
    every = round(1 / duplicates) if duplicates else count + 1
    for number in range(count):
        if number % every == every - 1:
            made.append(made[-10 if len(made) > 10 else -1])
        else:
            made.append(encoded(document(number), tenant(number, tenants)))
    return made


async def publish(exchange: AbstractExchange, key: str, messages: list[Ready]) -> None:
    """Publish with confirms, many awaited together."""
    for first in range(0, len(messages), IN_FLIGHT):
        await asyncio.gather(
            *(exchange.publish(one.message(), routing_key=key) for one in messages[first : first + IN_FLIGHT])
        )
