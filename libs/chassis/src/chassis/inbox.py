"""The inbox: what a service has handled, so that nothing is handled twice.

A hearing is known by its noun (the routing key without its version) and the message's id. *Look* before the work is
batched over the messages of one moment; *enter* is part of the transaction that holds the effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy import ARRAY, Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import Database
from chassis.statements import Statement


class Inbox:
    """What one service has handled of one noun."""

    def __init__(self, database: Database, noun: str) -> None:
        self._database = database
        self._noun = noun
        self._asked: dict[str, asyncio.Future[bool]] = {}
        self._asking: asyncio.Task[None] | None = None
        table = database.tables.inbox
        ids = bindparam("ids", type_=ARRAY(Text))
        self._look = Statement(
            select(table.c.message_id).where(table.c.noun == noun, table.c.message_id == func.any(ids))
        )
        self._enter = Statement(
            insert(table)
            .from_select(
                ["noun", "message_id"], select(bindparam("noun", noun, type_=Text), func.unnest(ids))
            )
            .on_conflict_do_nothing()
            .returning(table.c.message_id)
        )

    async def knows(self, message_id: str) -> bool:
        """Whether the message was handled; the looks of one moment share one statement. Raises `OurOutage`."""
        future = self._asked.get(message_id)
        if future is None:
            future = asyncio.get_running_loop().create_future()
            self._asked[message_id] = future
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(future)

    async def enter(self, connection: AsyncConnection, message_ids: Sequence[str]) -> set[str]:
        """Enter messages as handled, within the caller's transaction; returns those that were not known before."""
        rows = await self._enter.within(connection, ids=list(message_ids))
        return {row["message_id"] for row in rows}

    async def _ask(self) -> None:
        await asyncio.sleep(0)  # let every message of this moment ask
        while self._asked:
            asked, self._asked = self._asked, {}
            try:
                async with self._database.alone() as connection:
                    rows = await self._look.alone(connection, ids=list(asked))
            except Exception as error:  # noqa: BLE001 — handed to every asker, who decides
                for future in asked.values():
                    if not future.done():
                        future.set_exception(error)
            else:
                known = {row["message_id"] for row in rows}
                for message_id, future in asked.items():
                    if not future.done():
                        future.set_result(message_id in known)


async def forget_old_entries(database: Database, *, days: int = 30) -> int:
    """Drop entries older than any redelivery can be; returns how many."""
    table = database.tables.inbox
    async with database.connection() as connection:
        result = await connection.execute(
            table.delete().where(table.c.handled_at < func.now() - text(f"interval '{days} days'"))
        )
        return result.rowcount
