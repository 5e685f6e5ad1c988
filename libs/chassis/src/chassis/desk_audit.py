"""Who did what at the dead letters' desk: the table `desk_audit` in the observer's schema.

The observer writes it, and so does the command line while the observer does not run: both through this module. A line is
written before the deed, and its result once; nothing else of it can be changed (a trigger of the observer's migration).
"""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Float, MetaData, Table, Text, func
from sqlalchemy import select as choose
from sqlalchemy.dialects.postgresql import JSONB, insert

from chassis.database import Database
from contracts.dead_letters.http_v1 import Deed, DeedPage

SCHEMA = "observer"
_audit = Table(
    "desk_audit",
    MetaData(schema=SCHEMA),
    Column("id", Text, primary_key=True),
    Column("verb", Text),
    Column("actor", Text),
    Column("way", Text),
    Column("service", Text),
    Column("letters", JSONB),
    Column("filter", JSONB(none_as_null=True)),
    Column("reason", Text),
    Column("rate", Float),
    Column("began_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("result", JSONB(none_as_null=True)),
)


class DeskAudit:
    """The audit of the desk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, deed: Deed) -> None:
        """Write down what is about to be done. Raises `OurOutage`."""
        row = deed.model_dump(mode="python", exclude={"filter"})
        row["filter"] = deed.filter.model_dump(mode="json", exclude_none=True) if deed.filter else None
        async with self._database.connection() as connection:
            await connection.execute(insert(_audit).values(row).on_conflict_do_nothing())

    async def end(self, deed_id: str, result: dict[str, object]) -> None:
        """Write down what became of it, once. Raises `OurOutage`."""
        async with self._database.connection() as connection:
            await connection.execute(
                _audit.update()
                .where(_audit.c.id == deed_id, _audit.c.ended_at.is_(None))
                .values(result=result, ended_at=func.clock_timestamp())
            )

    async def page(
        self,
        *,
        before: str | None = None,
        limit: int = 100,
        letter: str | None = None,
        actor: str | None = None,
    ) -> DeedPage:
        """What was done, newest first; only to a letter, only by somebody, when that is given. Raises `OurOutage`."""
        query = choose(_audit).order_by(_audit.c.id.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(_audit.c.id < before)
        if letter is not None:
            query = query.where(_audit.c.letters.contains([letter]))
        if actor is not None:
            query = query.where(_audit.c.actor == actor)
        async with self._database.connection() as connection:
            rows = (await connection.execute(query)).mappings()
            deeds = [Deed.model_validate({**row}) for row in rows]
        return DeedPage(deeds=deeds[:limit], next=deeds[limit - 1].id if len(deeds) > limit else None)
