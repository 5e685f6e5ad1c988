"""The probe: hears DocumentReceived, keeps a note, says DocumentUnreadable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import ClassVar

from sqlmodel import Field, SQLModel, select

from chassis.database import Session
from chassis.router import Router
from chassis.service import Service
from chassis.settings import Settings
from chassis.unit import Outcome, UnitOfWork
from contracts.documents.v1 import DocumentReceived, DocumentUnreadable
from contracts.envelope import Following, Timer

Work = Callable[[DocumentReceived, UnitOfWork], Awaitable[None]]


class Note(SQLModel, table=True):
    """One note per handled message."""

    __tablename__ = "notes"  # pyright: ignore[reportAssignmentType] — as for the next
    __table_args__: ClassVar[dict[str, str]] = {"schema": "probe"}  # pyright: ignore[reportIncompatibleVariableOverride] — SQLAlchemy reads it from the class

    tenant_id: str = Field(primary_key=True)
    document_id: str = Field(primary_key=True)
    filename: str


class NoteDue(Timer):
    """The probe's own timer."""

    aggregate: ClassVar[str] = "document_id"

    document_id: str


class Probe:
    """What a test sees of the probe, and how it makes it fail."""

    def __init__(self) -> None:
        self.worked: Counter[str] = Counter()
        self.attempts: list[int] = []
        self.rung: list[str] = []
        self.work: Work | None = None
        self.follow: Callable[[DocumentReceived], list[Following]] = _unreadable
        self.fail_write: Callable[[DocumentReceived], None] = lambda _: None

    def router(self, *, grouped: bool) -> Router:
        """The probe's hearing."""
        router = Router()

        @router.on(DocumentReceived, grouped=grouped)
        async def on_document_received(event: DocumentReceived, unit: UnitOfWork) -> Outcome:
            self.worked[event.document_id] += 1
            self.attempts.append(unit.attempt)
            if self.work is not None:
                await self.work(event, unit)
            return await unit.write(self._keep, event, unit.tenant_id)

        @router.on_timer(NoteDue)
        async def on_note_due(timer: NoteDue, _: UnitOfWork) -> Outcome | None:
            self.rung.append(timer.document_id)
            return None

        return router

    async def _keep(self, session: Session, event: DocumentReceived, tenant_id: str) -> Iterable[Following]:
        # A keyed upsert: only the inbox keeps a second delivery from having a second effect.
        await session.merge(Note(tenant_id=tenant_id, document_id=event.document_id, filename=event.filename))
        self.fail_write(event)
        return self.follow(event)


def create_probe(probe: Probe, settings: Settings | None = None, *, grouped: bool = True) -> Service:
    """The probe as a service; its migrations lie beside it."""
    migrations = Path(__file__).parent / "migrations"
    service = Service("probe", settings or Settings(), migrations=migrations)  # pyright: ignore[reportCallIssue] — read from the environment
    service.hears(probe.router(grouped=grouped))
    return service


async def notes_of(service: Service, tenant_id: str) -> list[Note]:
    """The notes that a tenant sees."""
    async with service.units.reading(tenant_id) as session:
        return list(await session.exec(select(Note)))


def _unreadable(event: DocumentReceived) -> list[Following]:
    return [
        DocumentUnreadable(
            document_id=event.document_id,
            message_id=event.message_id,
            filename=event.filename,
            blob=event.blob,
            reason="empty",
            detail="the probe reads nothing",
        )
    ]
