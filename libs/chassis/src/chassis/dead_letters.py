"""Dead letters: messages that could not be handled, each a row with its reason; mended, replayed or dropped by people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import Database
from chassis.outbox import Outbox, OutboxRow
from contracts.envelope import new_id

ERROR_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that died, and why."""

    id: str
    message_id: str
    routing_key: str
    queue: str
    tenant_id: str | None
    correlation_id: str | None
    headers: dict[str, str]
    body: bytes
    error_kind: str
    error: str
    attempts: int
    state: str = "dead"
    note: str | None = None
    died_at: datetime | None = None


class UnknownDeadLetter(LookupError):
    """No dead letter has that id, or it is settled already."""


class DeadLetters:
    """The dead letters of one service."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox
        self._table = database.tables.dead_letters

    async def bury(
        self, *, queue: str, routing_key: str, message_id: str, headers: dict[str, str], body: bytes,
        error: BaseException, attempts: int,
    ) -> None:  # fmt: skip
        """Keep a message that cannot be handled. The same message in the same queue is kept once. Raises `OurOutage`.

        Messages without an id are the same when their bodies are.
        """
        table = self._table
        async with self._database.connection() as connection:
            waiting = await connection.execute(
                select(table.c.id).where(
                    table.c.message_id == message_id,
                    table.c.queue == queue,
                    table.c.state == "dead",
                    *([] if message_id else [table.c.body == body]),
                )
            )
            if waiting.first() is not None:
                return
            await connection.execute(
                insert(table).values(
                    id=new_id(),
                    message_id=message_id,
                    routing_key=routing_key,
                    queue=queue,
                    tenant_id=headers.get("ce-tenantid"),
                    correlation_id=headers.get("ce-correlationid"),
                    headers=headers,
                    body=body,
                    error_kind=type(error).__name__,
                    error=_words(error),
                    attempts=attempts,
                )
            )

    async def listed(self, *, state: str = "dead", limit: int = 100) -> Sequence[DeadLetter]:
        """The newest dead letters. Raises `OurOutage`."""
        table = self._table
        async with self._database.connection() as connection:
            rows = await connection.execute(
                select(table).where(table.c.state == state).order_by(table.c.died_at.desc()).limit(limit)
            )
            return [_letter(row) for row in rows]

    async def waiting(self) -> dict[str, int]:
        """How many dead letters wait for somebody, by the kind of their error. Raises `OurOutage`."""
        table = self._table
        async with self._database.connection() as connection:
            rows = await connection.execute(
                select(table.c.error_kind, func.count())
                .where(table.c.state == "dead")
                .group_by(table.c.error_kind)
            )
            return {str(kind): int(letters) for kind, letters in rows}

    async def shown(self, letter_id: str) -> DeadLetter:
        """One dead letter. Raises `UnknownDeadLetter`, `OurOutage`."""
        async with self._database.connection() as connection:
            row = (await connection.execute(select(self._table).where(self._table.c.id == letter_id))).first()
        if row is None:
            raise UnknownDeadLetter(f"there is no dead letter {letter_id}")
        return _letter(row)

    async def mend(self, letter_id: str, body: JsonValue) -> None:
        """Replace a dead letter's body; it stays dead until it is replayed."""
        async with self._database.connection() as connection:
            await self._still_dead(connection, letter_id)
            await connection.execute(
                self._table.update()
                .where(self._table.c.id == letter_id)
                .values(body=json.dumps(body).encode(), note="mended")
            )

    async def replay(self, letter_id: str) -> None:
        """Send a dead letter to its hearer again, with all its attempts before it."""
        async with self._database.connection() as connection:
            letter = await self._still_dead(connection, letter_id)
            row = OutboxRow(
                letter.message_id,
                letter.routing_key,
                letter.headers,
                letter.body,
                letter.tenant_id or "",
                letter.queue,
            )
            await self._outbox.add(connection, [row])
            await connection.execute(
                self._outbox.table.update().where(self._outbox.table.c.id == row.id).values(leased_until=None)
            )
            await self._settle(connection, letter_id, "replayed", letter.note)

    async def drop(self, letter_id: str, reason: str) -> None:
        """Give a dead letter up, with the reason."""
        async with self._database.connection() as connection:
            await self._still_dead(connection, letter_id)
            await self._settle(connection, letter_id, "dropped", reason)

    async def _still_dead(self, connection: AsyncConnection, letter_id: str) -> DeadLetter:
        table = self._table
        found = await connection.execute(select(table).where(table.c.id == letter_id).with_for_update())
        row = found.first()
        if row is None or row.state != "dead":
            raise UnknownDeadLetter(f"there is no dead letter {letter_id} that waits")
        return _letter(row)

    async def _settle(
        self, connection: AsyncConnection, letter_id: str, state: str, note: str | None
    ) -> None:
        await connection.execute(
            self._table.update()
            .where(self._table.c.id == letter_id)
            .values(state=state, note=note, settled_at=func.now())
        )


def _letter(row: Row[tuple[object, ...]]) -> DeadLetter:
    return DeadLetter(
        id=row.id, message_id=row.message_id, routing_key=row.routing_key, queue=row.queue, tenant_id=row.tenant_id,
        correlation_id=row.correlation_id, headers=row.headers, body=row.body, error_kind=row.error_kind,
        error=row.error, attempts=row.attempts, state=row.state, note=row.note, died_at=row.died_at,
    )  # fmt: skip


def _words(error: BaseException) -> str:
    causes = [str(error) or type(error).__name__]
    if error.__cause__ is not None and str(error.__cause__) not in causes[0]:
        causes.append(f"because of {type(error.__cause__).__name__}: {error.__cause__}")
    return "; ".join(causes)[:ERROR_LENGTH]
