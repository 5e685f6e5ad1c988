"""The product: the ocr service hears scanned documents and says what it read, with the open rules for a model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from pydantic import BaseModel
from talk import answer, asked

from chassis import Blobs
from chassis.migration import migrate
from chassis.telemetry import configure_logs
from contracts.documents.v1 import DocumentAnalyzed, DocumentReceived, DocumentUnreadable
from contracts.envelope import new_id
from ocr.app import create_service
from ocr.settings import Settings
from testkit.wire import Wire, tapped


class Asked(BaseModel):
    """What is wanted."""

    files: list[str]
    tenants: int


async def main() -> None:
    """Have every page read."""
    wanted = asked(Asked)
    configure_logs("WARNING")
    service = create_service(Settings())  # pyright: ignore[reportCallIssue] — read from the environment
    await migrate(service)
    await service.declare()
    await service.start()
    async with tapped(service.settings.amqp_url.get_secret_value()) as wire:
        await _read(service.blobs, wire, wanted.files[:1], wanted.tenants)
        began = time.monotonic()
        await _read(service.blobs, wire, wanted.files, wanted.tenants)
        took = time.monotonic() - began
    await service.stop()
    answer(rate=len(wanted.files) / took)


async def _read(blobs: Blobs, wire: Wire, files: Iterable[str], tenants: int) -> None:
    ids: list[str] = []
    for number, file in enumerate(files):
        tenant_id = f"tenant-{number % tenants:02d}"
        blob = await blobs.put(tenant_id, _fresh_copy(file), "application/pdf")
        ids.append(new_id())
        event = DocumentReceived(
            document_id=ids[-1], message_id=new_id(), filename=Path(file).name, blob=blob,
            received_at=datetime.now(UTC),
        )  # fmt: skip
        await wire.say(event, tenant_id=tenant_id)
    wanted = set(ids)
    async with asyncio.timeout(600):
        while wanted - {one.document_id for one in wire.all(DocumentAnalyzed)}:
            if bad := [one for one in wire.all(DocumentUnreadable) if one.document_id in wanted]:
                raise AssertionError(f"a page was not read: {bad[0]}")
            await asyncio.sleep(0.02)


def _fresh_copy(file: str) -> bytes:
    """The scan in bytes of its own: a content that was read before is not read again."""
    return Path(file).read_bytes() + f"\n% {new_id()}\n".encode()


if __name__ == "__main__":
    uvloop.run(main())
