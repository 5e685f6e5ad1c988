"""The record of outgoing mail, and of what was told: the only place for tables and queries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import Column, DateTime, Text, func, literal, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, SQLModel, col, select

from chassis import Session
from notification.application.ports import AlreadyHandedOver, HeldLetter, Record
from notification.domain.brake import HOUR

_SETTLED = ("sent", "uncertain", "failed")


class OutgoingRow(SQLModel, table=True):
    """One letter; `held` holds its text only while it waits."""

    __tablename__: ClassVar[str] = "outgoing"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = {"schema": "notification"}

    tenant_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    lead_id: str
    turn: int
    purpose: str
    recipients: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    subject: str
    message_id: str
    counted: bool
    state: str
    reason: str | None = Field(default=None, sa_type=Text)
    raw: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    held: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    created_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options
    handed_over_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]
    settled_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]


class ToldRow(SQLModel, table=True):
    """What the agent was told, so that it is told once."""

    __tablename__: ClassVar[str] = "told"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = {"schema": "notification"}

    tenant_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    told_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


class OutgoingRecords:
    """The tables of notification; every method works in the caller's transaction and its tenant."""

    async def put(self, session: Session, record: Record) -> None:
        """Keep what became of a letter; a letter that is settled is never shown as held again."""
        values = _values(record)
        values["held"] = dict(record.held) if record.held is not None else None
        values["settled_at"] = record.at if record.state in _SETTLED else None
        statement = insert(OutgoingRow).values(tenant_id=_tenant(), **values)
        kept = {name: statement.excluded[name] for name in ("state", "reason", "raw", "held", "settled_at")}
        where = col(OutgoingRow.state).not_in(_SETTLED) if record.state == "held" else None
        await session.execute(
            statement.on_conflict_do_update(index_elements=["tenant_id", "key"], set_=kept, where=where)
        )

    async def hand_over(self, session: Session, record: Record, *, cap: int) -> bool:
        """Note that a letter goes now, if the hour has room; counted letters of a tenant pass one at a time."""
        if record.counted:
            await session.execute(
                select(func.pg_advisory_xact_lock(func.hashtext(func.concat("brake:", _tenant()))))
            )
            if await self.handed_over_in_the_last_hour(session) >= cap:
                return False
        now = datetime.now(UTC)
        statement = insert(OutgoingRow).values(tenant_id=_tenant(), **_values(record), handed_over_at=now)
        noted = await session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "key"],
                set_={"state": "sending", "handed_over_at": now, "held": None, "reason": None},
                # The last guard against a second mail, should a claim's lease be over while its holder still works.
                where=col(OutgoingRow.handed_over_at).is_(None),
            ).returning(col(OutgoingRow.key))
        )
        if noted.first() is None:
            raise AlreadyHandedOver(f"letter {record.key} is being handed over, or was, by another process")
        return True

    async def take_back(self, session: Session, key: str) -> None:
        """The letter did not go after all."""
        await session.execute(
            update(OutgoingRow).where(col(OutgoingRow.key) == key).values(handed_over_at=None)
        )

    async def was_handed_over(self, session: Session, key: str) -> bool:
        """Whether a letter went, or may have gone, before."""
        found = await session.exec(select(OutgoingRow.handed_over_at).where(OutgoingRow.key == key))
        return found.first() is not None

    async def handed_over_in_the_last_hour(self, session: Session) -> int:
        """How many counted letters went within the last hour."""
        since = datetime.now(UTC) - HOUR
        counted = await session.exec(
            select(func.count())
            .select_from(OutgoingRow)
            .where(OutgoingRow.counted, col(OutgoingRow.handed_over_at) > since)
        )
        return counted.one()

    async def held(
        self, session: Session, *, limit: int, counted: bool | None = None, after: HeldLetter | None = None
    ) -> Sequence[HeldLetter]:
        """The letters that wait, oldest first; two of one moment in the order of their keys."""
        place = col(OutgoingRow.created_at), col(OutgoingRow.key)
        query = select(OutgoingRow).where(OutgoingRow.state == "held").order_by(*place).limit(limit)
        if counted is not None:
            query = query.where(col(OutgoingRow.counted).is_(counted))
        if after is not None:
            query = query.where(tuple_(*place) > tuple_(literal(after.at), literal(after.key)))
        return [HeldLetter(row.key, row.created_at, row.held or {}) for row in await session.exec(query)]

    async def release(self, session: Session, key: str) -> bool:
        """Let a held letter go; False when it no longer waits."""
        changed = await session.execute(
            update(OutgoingRow)
            .where(col(OutgoingRow.key) == key, col(OutgoingRow.state) == "held")
            .values(state="sending", held=None, reason=None)
            .returning(col(OutgoingRow.key))
        )
        return changed.first() is not None

    async def tell_once(self, session: Session, key: str) -> bool:
        """Whether this is the first time that something is told."""
        fresh = await session.execute(
            insert(ToldRow)
            .values(tenant_id=_tenant(), key=key, told_at=func.now())
            .on_conflict_do_nothing()
            .returning(col(ToldRow.key))
        )
        return fresh.first() is not None

    async def of_lead(self, session: Session, lead_id: str | None, *, limit: int) -> Sequence[OutgoingRow]:
        """The letters of a lead, or of all leads, newest first."""
        query = select(OutgoingRow).order_by(col(OutgoingRow.created_at).desc()).limit(limit)
        if lead_id is not None:
            query = query.where(OutgoingRow.lead_id == lead_id)
        return (await session.exec(query)).all()


def _tenant() -> Any:
    """The tenant that the transaction is bound to, so that a row can be no other's."""
    return func.current_setting("app.tenant_id")


def _values(record: Record) -> dict[str, Any]:
    return {
        "key": record.key,
        "lead_id": record.lead_id,
        "turn": record.turn,
        "purpose": record.purpose,
        "recipients": list(record.recipients),
        "subject": record.subject,
        "message_id": record.message_id,
        "counted": record.counted,
        "state": record.state,
        "reason": record.reason,
        "raw": record.raw.model_dump(mode="json") if record.raw is not None else None,
        "created_at": record.at,
    }
