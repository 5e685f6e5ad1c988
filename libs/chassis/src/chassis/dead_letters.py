"""Dead letters: messages that could not be handled, each a row with its reason. What people do about them: `chassis.desk`.

A letter's first body is never changed; each mend is a row beside it, and the last one is what a replay sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, RowMapping, Select, Table, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import Database
from contracts.dead_letters.http_v1 import (
    LetterCount,
    LetterFilter,
    LetterLine,
    LetterPage,
    LetterShown,
    Mend,
    cursor_of,
    place_of,
    shown_body,
)
from contracts.envelope import new_id

ERROR_LENGTH = 2000
EARLIER = 20
"""How many deaths of a message before this one are shown."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that died, and why. `body` is as it died."""

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
    settled_at: datetime | None = None
    settled_by: str | None = None
    settled_in: str | None = None


class UnknownDeadLetter(LookupError):
    """No dead letter has that id."""


class DeadLetters:
    """The dead letters of one service, as they are kept and read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.service = database.schema.replace("_", "-")
        self._table = database.tables.dead_letters
        self._mends = database.tables.dead_letter_mends
        self._outbox = database.tables.outbox

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
        """The newest dead letters with their first bodies. Raises `OurOutage`."""
        table = self._table
        async with self._database.connection() as connection:
            rows = await connection.execute(
                select(table).where(table.c.state == state).order_by(table.c.died_at.desc()).limit(limit)
            )
            return [letter_of(row) for row in rows]

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

    async def page(self, wanted: LetterFilter, *, cursor: str | None = None, limit: int = 100) -> LetterPage:
        """Dead letters without their bodies, newest first. Raises `NoCursor`, `OurOutage`."""
        table = self._table
        place = tuple_(table.c.died_at, table.c.id)
        query = self._lines().where(*fitting(table, wanted)).order_by(place.desc()).limit(limit + 1)
        if cursor is not None:
            query = query.where(place < tuple_(*place_of(cursor)))
        async with self._database.connection() as connection:
            rows = (await connection.execute(query)).mappings()
            lines = [self._line(row) for row in rows]
        return page_of(lines, limit)

    async def counts(self, wanted: LetterFilter) -> list[LetterCount]:
        """How many there are of each type and kind of error, the most first. Raises `OurOutage`."""
        table = self._table
        query = (
            select(
                table.c.routing_key, table.c.error_kind, func.count().label("letters"),
                func.min(table.c.died_at).label("oldest"), func.max(table.c.died_at).label("newest"),
            )
            .where(*fitting(table, wanted))
            .group_by(table.c.routing_key, table.c.error_kind)
            .order_by(func.count().desc(), table.c.routing_key, table.c.error_kind)
        )  # fmt: skip
        async with self._database.connection() as connection:
            rows = (await connection.execute(query)).mappings()
            return [LetterCount.model_validate({**row, "service": self.service}) for row in rows]

    async def shown(self, letter_id: str) -> LetterShown:
        """One dead letter with all there is of it. Raises `UnknownDeadLetter`, `OurOutage`."""
        async with self._database.connection() as connection:
            return await self.shown_within(connection, letter_id)

    async def shown_within(self, connection: AsyncConnection, letter_id: str) -> LetterShown:
        """The same within a transaction of the caller's."""
        table, mends = self._table, self._mends
        lines = self._lines().add_columns(table.c.headers, table.c.body)
        row = (await connection.execute(lines.where(table.c.id == letter_id))).mappings().first()
        if row is None:
            raise UnknownDeadLetter(f"there is no dead letter {letter_id}")
        mended = await connection.execute(
            select(mends).where(mends.c.letter_id == letter_id).order_by(mends.c.number)
        )
        earlier = await connection.execute(
            self._lines()
            .where(
                table.c.message_id == row["message_id"], table.c.queue == row["queue"], row["message_id"] != "",
                tuple_(table.c.died_at, table.c.id) < tuple_(row["died_at"], row["id"]),
            )
            .order_by(table.c.died_at.desc())
            .limit(EARLIER)
        )  # fmt: skip
        leaving = await connection.execute(
            select(self._outbox.c.publish_at).where(
                self._outbox.c.tenant_id == (row["tenant_id"] or ""),
                self._outbox.c.timer_key == timer_key(letter_id),
            )
        )
        body, encoding = shown_body(row["body"])
        return LetterShown(
            **self._line(row).model_dump(), headers=row["headers"], body=body, encoding=encoding,
            mended=[_mend(one) for one in mended], leaves_at=leaving.scalar(),
            earlier=[self._line(one) for one in earlier.mappings()],
        )  # fmt: skip

    def _lines(self) -> Select[tuple[object, ...]]:
        table, mends = self._table, self._mends
        mended = select(func.count()).where(mends.c.letter_id == table.c.id).scalar_subquery()
        named = [table.c[name] for name in LetterLine.model_fields if name not in ("service", "mends")]
        return select(*named, mended.label("mends"))

    def _line(self, row: RowMapping) -> LetterLine:
        return LetterLine.model_validate({**row, "service": self.service})


def fitting(table: Table, wanted: LetterFilter) -> list[ColumnElement[bool]]:
    """The conditions of a filter."""
    same = ("routing_key", "error_kind", "tenant_id", "correlation_id", "message_id")
    given = wanted.model_dump(exclude_none=True)
    found: list[ColumnElement[bool]] = [table.c[name] == given[name] for name in same if name in given]
    if wanted.state != "any":
        found.append(table.c.state == wanted.state)
    if wanted.letter_id is not None:
        found.append(table.c.id == wanted.letter_id)
    if wanted.error is not None:
        found.append(table.c.error.icontains(wanted.error, autoescape=True))
    if wanted.died_after is not None:
        found.append(table.c.died_at >= wanted.died_after)
    if wanted.died_before is not None:
        found.append(table.c.died_at < wanted.died_before)
    return found


def page_of(lines: Sequence[LetterLine], limit: int) -> LetterPage:
    """A page of lines of which there may be more than it shows."""
    shown = list(lines[:limit])
    return LetterPage(letters=shown, next=cursor_of(shown[-1]) if len(lines) > limit else None)


def timer_key(letter_id: str) -> str:
    """What the outbox row of a replay is known by, until it has left."""
    return f"dead-letter/{letter_id}"


def letter_of(row: Row[tuple[object, ...]]) -> DeadLetter:
    """A row as a value."""
    return DeadLetter(
        id=row.id, message_id=row.message_id, routing_key=row.routing_key, queue=row.queue, tenant_id=row.tenant_id,
        correlation_id=row.correlation_id, headers=row.headers, body=row.body, error_kind=row.error_kind,
        error=row.error, attempts=row.attempts, state=row.state, note=row.note, died_at=row.died_at,
        settled_at=row.settled_at, settled_by=row.settled_by, settled_in=row.settled_in,
    )  # fmt: skip


def _mend(row: Row[tuple[object, ...]]) -> Mend:
    return Mend(
        number=row.number, mended_by=row.mended_by, mended_at=row.mended_at, reason=row.reason, forced=row.forced,
        body=shown_body(row.body)[0],
    )  # fmt: skip


def _words(error: BaseException) -> str:
    causes = [str(error) or type(error).__name__]
    if error.__cause__ is not None and str(error.__cause__) not in causes[0]:
        causes.append(f"because of {type(error.__cause__).__name__}: {error.__cause__}")
    return "; ".join(causes)[:ERROR_LENGTH]
