"""The outbox: the one mechanism for publishing, retry, timers and parking.

Rows are written in the transaction that holds the effect; `chassis.relay` publishes them. Rows never expire.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic_core import to_json
from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Integer,
    LargeBinary,
    Text,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import Database
from chassis.statements import Statement

OWN_SECONDS = 5.0
_LEASE = timedelta(seconds=15)
DUE = "x-due"
"""The header that says since when a message is due, when that is not the moment at which it was said (ISO 8601)."""


@dataclass(slots=True)
class OutboxRow:
    """A message on its way out; `id` is set when it is stored."""

    message_id: str
    routing_key: str
    headers: dict[str, str]
    body: bytes
    tenant_id: str
    queue: str | None = None
    attempt: int = 1
    publish_at: datetime | None = None
    timer_key: str | None = None
    parked_for: str | None = None
    id: int = field(default=0)

    @property
    def at_once(self) -> bool:
        """Whether the process that stored the row publishes it itself, right after the commit."""
        return self.publish_at is None and self.parked_for is None


class Outbox:
    """The rows of one service's schema."""

    def __init__(self, database: Database) -> None:
        self.database = database
        table = self.table = database.tables.outbox
        types = {
            "message_id": Text, "routing_key": Text, "queue": Text, "headers": Text, "body": LargeBinary,
            "tenant_id": Text, "attempt": Integer, "publish_at": DateTime(timezone=True),
            "leased_until": DateTime(timezone=True), "timer_key": Text, "parked_for": Text,
        }  # fmt: skip
        values = (
            func.unnest(*(bindparam(name, type_=ARRAY(kind)) for name, kind in types.items()))
            .table_valued(*types, with_ordinality="place")
            .render_derived(name="new")
        )
        chosen = select(
            *(
                cast(values.c[name], JSONB) if name == "headers" else values.c[name].label(name)
                for name in types
            )
        ).order_by(values.c["place"])
        statement = insert(table).from_select(list(types), chosen)
        changed = {name: statement.excluded[name] for name in types if name != "timer_key"}
        self._insert = Statement(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "timer_key"],
                index_where=table.c.timer_key.isnot(None),
                set_=changed,
            ).returning(table.c.id)
        )
        receipts = database.tables.receipts
        received = (
            insert(receipts)
            .from_select(
                ["message_id"], select(func.unnest(bindparam("message_id", type_=ARRAY(types["message_id"]))))
            )
            .on_conflict_do_nothing()
            .returning(receipts.c.message_id)
            .cte("received")
        )
        unknown = chosen.where(values.c["message_id"].in_(select(received.c.message_id)))
        self._insert_unknown = Statement(
            insert(table).from_select(list(types), unknown).returning(table.c.id, table.c.message_id)
        )
        # A removal that a crash of the database undoes is published once more, which hearers know: it need not wait
        # for the disk.
        unhurried = select(func.set_config("synchronous_commit", "off", true())).scalar_subquery()
        self._remove = Statement(
            table.delete().where(
                unhurried == "off",
                table.c.id == func.any(bindparam("ids", type_=ARRAY(BigInteger))),
                table.c.message_id == func.any(bindparam("message_ids", type_=ARRAY(Text))),
            )
        )

    async def add(self, connection: AsyncConnection, rows: Sequence[OutboxRow]) -> None:
        """Store rows in the caller's transaction, and set their ids (in order, so that `sequence` rises)."""
        if not rows:
            return
        stored = await self._insert.within(connection, **_columns(rows))
        for row, record in zip(rows, stored, strict=True):
            row.id = record["id"]

    async def add_unknown(self, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
        """Store those rows whose message ids have no receipt yet, and their receipts, in one statement; returns them.

        Each id may stand there once. Raises `OurOutage`.
        """
        async with self.database.alone() as connection:
            stored = await self._insert_unknown.alone(connection, **_columns(rows))
        known = {row.message_id: row for row in rows}
        found: list[OutboxRow] = []
        for record in stored:
            row = known[record["message_id"]]
            row.id = record["id"]
            found.append(row)
        return found

    async def cancel(self, connection: AsyncConnection, tenant_id: str, key: str) -> None:
        """Take back a timer that still waits."""
        await connection.execute(
            self.table.delete().where(self.table.c.tenant_id == tenant_id, self.table.c.timer_key == key)
        )

    async def release(self, tenant_id: str, credential: str) -> int:
        """Let go on what is parked for a tenant's credential; returns how many. Raises `OurOutage`."""
        table = self.table
        async with self.database.connection() as connection:
            result = await connection.execute(
                table.update()
                .where(table.c.tenant_id == tenant_id, table.c.parked_for == credential)
                .values(parked_for=None, publish_at=func.now(), leased_until=None)
            )
            return result.rowcount

    async def lease_due(self, limit: int = 200) -> list[OutboxRow]:
        """Take rows that are due and that nobody holds, for a while. Raises `OurOutage`."""
        table = self.table
        due = (
            select(table.c.id)
            .where(
                table.c.publish_at <= func.now(),
                or_(table.c.leased_until.is_(None), table.c.leased_until < func.now()),
            )
            .order_by(table.c.publish_at, table.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self.database.connection() as connection:
            found = await connection.execute(
                table.update()
                .where(table.c.id.in_(due))
                .values(leased_until=func.now() + _LEASE)
                .returning(
                    table.c.id, table.c.message_id, table.c.routing_key, table.c.queue, table.c.headers,
                    table.c.body, table.c.tenant_id, table.c.attempt, table.c.publish_at,
                )
            )  # fmt: skip
            rows = [
                OutboxRow(
                    message_id=row.message_id, routing_key=row.routing_key, headers=row.headers, body=row.body,
                    tenant_id=row.tenant_id, queue=row.queue, attempt=row.attempt,
                    publish_at=row.publish_at, id=row.id,
                )
                for row in found
            ]  # fmt: skip
        return sorted(rows, key=lambda row: row.id)

    async def remove(self, rows: Sequence[OutboxRow]) -> None:
        """Delete published rows in one statement. Raises `OurOutage`.

        A timer that was set anew while the old one was on its way has taken the row's place: it stays.
        """
        async with self.database.alone() as connection:
            await self._remove.alone(
                connection, ids=[row.id for row in rows], message_ids=[row.message_id for row in rows]
            )

    async def state(self) -> tuple[int, float]:
        """How many rows are due and unpublished, and how many seconds the oldest of them waits."""
        table = self.table
        async with self.database.connection() as connection:
            row = (
                await connection.execute(
                    select(
                        func.count(),
                        func.coalesce(func.extract("epoch", func.now() - func.min(table.c.publish_at)), 0.0),
                    ).where(and_(table.c.parked_for.is_(None), table.c.publish_at <= func.now()))
                )
            ).one()
        return int(row[0]), float(row[1])


def _columns(rows: Sequence[OutboxRow]) -> dict[str, list[object]]:
    """The rows as the columns of the statements that store them."""
    now = datetime.now(UTC)
    own = now + timedelta(seconds=OWN_SECONDS)
    return {
        "message_id": [row.message_id for row in rows],
        "routing_key": [row.routing_key for row in rows],
        "queue": [row.queue for row in rows],
        "headers": [to_json(row.headers).decode() for row in rows],
        "body": [row.body for row in rows],
        "tenant_id": [row.tenant_id for row in rows],
        "attempt": [row.attempt for row in rows],
        "publish_at": [row.publish_at or now for row in rows],
        "leased_until": [own if row.at_once else None for row in rows],
        "timer_key": [row.timer_key for row in rows],
        "parked_for": [row.parked_for for row in rows],
    }
