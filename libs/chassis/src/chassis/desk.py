"""The dead letters' desk of one service: mend, replay one or many at a rate, take back what has not left yet, drop.

A replay is an outbox row with its moment, so that a restart loses nothing. Each deed (an `action`) is known by an id: done
again, it changes nothing. Two people who settle one letter at the same time: one of them is told (`AlreadySettled`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue
from sqlalchemy import ColumnElement, String, and_, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import Database
from chassis.dead_letters import DeadLetter, DeadLetters, UnknownDeadLetter, fitting, letter_of, timer_key
from chassis.mending import check_body, known_class, written_body
from chassis.outbox import Outbox, OutboxRow
from contracts.dead_letters.http_v1 import (
    DropManyOrder,
    LetterShown,
    Progress,
    ReplayManyOrder,
    Settled,
    TakenBack,
)
from contracts.envelope import Message


class AlreadySettled(UnknownDeadLetter):
    """A dead letter does not wait any more: somebody replayed or dropped it, or mended it meanwhile."""


ClassOf = Callable[[DeadLetter], type[Message] | None]


def by_the_catalogue(letter: DeadLetter) -> type[Message] | None:
    """The class of a letter's message where the service itself is not put together; its timers are not known then."""
    return known_class(letter.routing_key)


class Desk:
    """What can be done about one service's dead letters."""

    def __init__(self, database: Database, outbox: Outbox, class_of: ClassOf = by_the_catalogue) -> None:
        self._database = database
        self._outbox = outbox
        self._class_of = class_of
        self._table = database.tables.dead_letters
        self._mends = database.tables.dead_letter_mends
        self.letters = DeadLetters(database)

    async def mend(
        self, letter_id: str, body: JsonValue, *, by: str, reason: str | None = None, force: bool = False,
        after: int | None = None,
    ) -> LetterShown:  # fmt: skip
        """Put a new body in the place of a dead letter's; it stays dead until it is replayed.

        `after` is how many mends there were when it was read. Raises `BodyRefused` with the places where the body does not
        fit its class, unless `force`; `UnknownDeadLetter`, `AlreadySettled`, `OurOutage`.
        """
        async with self._database.connection() as connection:
            letter = await self._waiting(connection, letter_id)
            written = written_body(body)
            if not force:
                check_body(self._class_of(letter), letter.routing_key, body, letter.body)
            mends = self._mends
            known = await connection.execute(select(func.count()).where(mends.c.letter_id == letter_id))
            number = known.scalar_one()
            if after is not None and after != number:
                raise AlreadySettled(f"dead letter {letter_id} was mended meanwhile: read it again")
            await connection.execute(
                insert(mends).values(
                    letter_id=letter_id,
                    number=number + 1,
                    body=written,
                    mended_by=by,
                    reason=reason,
                    forced=force,
                )
            )
            return await self._shown(connection, letter_id)

    async def replay(self, letter_id: str, *, by: str, action: str) -> LetterShown:
        """Send a dead letter to its hearer again, with all its attempts before it.

        Raises `UnknownDeadLetter`, `AlreadySettled`, `OurOutage`.
        """
        async with self._database.connection() as connection:
            if not await self._done_before(connection, letter_id, "replayed", action):
                await self._replay(
                    connection, [await self._waiting(connection, letter_id)], [datetime.now(UTC)], by, action
                )
            return await self._shown(connection, letter_id)

    async def drop(self, letter_id: str, *, by: str, action: str, reason: str) -> LetterShown:
        """Give a dead letter up: a message that is delivered again is not handled either.

        Raises `UnknownDeadLetter`, `AlreadySettled`, `OurOutage`.
        """
        async with self._database.connection() as connection:
            if not await self._done_before(connection, letter_id, "dropped", action):
                await self._drop(connection, [await self._waiting(connection, letter_id)], by, action, reason)
            return await self._shown(connection, letter_id)

    async def replay_many(self, order: ReplayManyOrder) -> Settled:
        """Send dead letters again, the oldest first, at most `rate` a second; what others settle now is left to them.

        Raises `OurOutage`.
        """
        begin = max(order.starts_at or datetime.now(UTC), datetime.now(UTC))
        async with self._database.connection() as connection:
            letters = await self._chosen(connection, order)
            moments = [begin + timedelta(seconds=place / order.rate) for place in range(len(letters) + 1)]
            await self._replay(connection, letters, moments, order.by, order.action)
        return Settled(letters=len(letters), more=_more(order, letters), next_at=moments[-1])

    async def drop_many(self, order: DropManyOrder) -> Settled:
        """Give dead letters up, the oldest first. Raises `OurOutage`."""
        async with self._database.connection() as connection:
            letters = await self._chosen(connection, order)
            await self._drop(connection, letters, order.by, order.action, order.reason)
        return Settled(letters=len(letters), more=_more(order, letters))

    async def progress(self, action: str) -> Progress:
        """How far a deed has come. Raises `OurOutage`."""
        table, outbox = self._table, self._outbox.table
        query = (
            select(
                func.count().filter(table.c.state == "replayed").label("replayed"),
                func.count(outbox.c.id).label("waiting"),
                func.count().filter(table.c.state == "dropped").label("dropped"),
                func.max(outbox.c.publish_at).label("last_at"),
            )
            .select_from(table.outerjoin(outbox, and_(table.c.state == "replayed", self._row_of_a_replay())))
            .where(table.c.settled_in == action)
        )
        async with self._database.connection() as connection:
            return Progress.model_validate({**(await connection.execute(query)).mappings().one()})

    async def take_back(self, action: str) -> TakenBack:
        """Let what a replay has not sent yet be dead again; a row that was ever on its way counts as left.

        Raises `OurOutage`.
        """
        table, outbox = self._table, self._outbox.table
        of_the_action = and_(table.c.settled_in == action, table.c.state == "replayed")
        async with self._database.connection() as connection:
            all_of_them = await connection.execute(select(func.count()).where(of_the_action))
            total = all_of_them.scalar_one()
            removed = (
                outbox.delete()
                .where(of_the_action, self._row_of_a_replay(), outbox.c.leased_until.is_(None))
                .returning(table.c.id)
            )
            back = [row.id for row in await connection.execute(removed)]
            await connection.execute(
                table.update()
                .where(table.c.id.in_(back))
                .values(state="dead", settled_at=None, settled_by=None, settled_in=None)
            )
        return TakenBack(taken_back=len(back), left=total - len(back))

    def _row_of_a_replay(self) -> ColumnElement[bool]:
        table, outbox = self._table, self._outbox.table
        return and_(
            outbox.c.tenant_id == func.coalesce(table.c.tenant_id, ""),
            outbox.c.timer_key == literal(timer_key(""), String).concat(table.c.id),
        )

    async def _shown(self, connection: AsyncConnection, letter_id: str) -> LetterShown:
        return await self.letters.shown_within(connection, letter_id)

    async def _waiting(self, connection: AsyncConnection, letter_id: str) -> DeadLetter:
        letter = await self._held(connection, letter_id)
        if letter.state != "dead":
            raise AlreadySettled(
                f"there is no dead letter {letter_id} that waits: it was {letter.state} "
                f"by {letter.settled_by or 'somebody'} at {letter.settled_at:%Y-%m-%d %H:%M:%S} UTC"
            )
        return letter

    async def _done_before(
        self, connection: AsyncConnection, letter_id: str, state: str, action: str
    ) -> bool:
        letter = await self._held(connection, letter_id)
        return letter.state == state and letter.settled_in == action

    async def _held(self, connection: AsyncConnection, letter_id: str) -> DeadLetter:
        table = self._table
        found = await connection.execute(select(table).where(table.c.id == letter_id).with_for_update())
        row = found.first()
        if row is None:
            raise UnknownDeadLetter(f"there is no dead letter {letter_id}")
        return letter_of(row)

    async def _chosen(
        self, connection: AsyncConnection, order: ReplayManyOrder | DropManyOrder
    ) -> list[DeadLetter]:
        table = self._table
        which = (
            fitting(table, order.filter) if order.filter is not None else [table.c.id.in_(order.ids or ())]
        )
        query = (
            select(table)
            .where(*which, table.c.state == "dead")
            .order_by(table.c.died_at, table.c.id)
            .limit(order.limit)
            .with_for_update(skip_locked=True)
        )
        return [letter_of(row) for row in await connection.execute(query)]

    async def _replay(
        self, connection: AsyncConnection, letters: Sequence[DeadLetter], moments: Sequence[datetime],
        by: str, action: str,
    ) -> None:  # fmt: skip
        mended = await self._last_bodies(connection, [letter.id for letter in letters])
        rows = [
            OutboxRow(
                letter.message_id, letter.routing_key, letter.headers, mended.get(letter.id, letter.body),
                letter.tenant_id or "", letter.queue, publish_at=moment, timer_key=timer_key(letter.id),
            )
            for letter, moment in zip(letters, moments, strict=False)
        ]  # fmt: skip
        await self._outbox.add(connection, rows)
        await self._settle(connection, letters, "replayed", by, action, None)

    async def _last_bodies(self, connection: AsyncConnection, letter_ids: Sequence[str]) -> dict[str, bytes]:
        mends = self._mends
        query = (
            select(mends.c.letter_id, mends.c.body)
            .where(mends.c.letter_id.in_(letter_ids))
            .order_by(mends.c.letter_id, mends.c.number.desc())
            .distinct(mends.c.letter_id)
        )
        return {row.letter_id: row.body for row in await connection.execute(query)}

    async def _drop(
        self, connection: AsyncConnection, letters: Sequence[DeadLetter], by: str, action: str, reason: str
    ) -> None:
        inbox = self._database.tables.inbox
        handled = [
            {"noun": noun, "message_id": letter.message_id}
            for letter in letters
            if letter.message_id and (noun := _noun(letter.queue))
        ]
        if handled:
            # The broker may deliver it once more: what was given up does not come again.
            await connection.execute(insert(inbox).on_conflict_do_nothing(), handled)
        await self._settle(connection, letters, "dropped", by, action, reason)

    async def _settle(
        self, connection: AsyncConnection, letters: Sequence[DeadLetter], state: str, by: str, action: str,
        note: str | None,
    ) -> None:  # fmt: skip
        table = self._table
        await connection.execute(
            table.update()
            .where(table.c.id.in_([letter.id for letter in letters]))
            .values(state=state, note=note, settled_at=func.now(), settled_by=by, settled_in=action)
        )


def _more(order: ReplayManyOrder | DropManyOrder, letters: Sequence[DeadLetter]) -> bool:
    return order.filter is not None and len(letters) == order.limit


def _noun(queue: str) -> str:
    """What the inbox knows the hearing of a queue by (`chassis.router.Hearing.noun`)."""
    heard = queue.partition(".")[2]
    return heard if heard == "journal" or heard.startswith("timer.") else heard.rpartition(".")[0]
