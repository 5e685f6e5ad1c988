"""The lead as a row that expires: whoever is stopped, hangs or dies holds it no longer, whatever became of its connection."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from chassis.database import Database
from chassis.errors import OurOutage
from observer.application.ports import WatchOutage

_HOLD = text(
    """
    insert into watch_lead as held (one, holder, held_until) values (true, :holder, clock_timestamp() + :lasts)
    on conflict (one) do update set holder = excluded.holder, held_until = excluded.held_until
    where held.holder = :holder or held.held_until < clock_timestamp()
    returning holder
    """
)
_RELEASE = text("delete from watch_lead where holder = :holder")


class DatabaseLease:
    """The port `Lease`, by the database's own clock."""

    def __init__(self, database: Database, holder: str, *, seconds: float) -> None:
        self._database = database
        self._holder = holder
        self._lasts = timedelta(seconds=seconds)

    async def hold(self) -> bool:
        """Take the lead or keep it. Raises `WatchOutage`."""
        try:
            async with self._database.connection() as connection:
                found = await connection.execute(_HOLD, {"holder": self._holder, "lasts": self._lasts})
                return found.first() is not None
        except OurOutage as error:
            raise WatchOutage(str(error)) from error

    async def release(self) -> None:
        """Let it go, when it is held. Raises `WatchOutage`."""
        try:
            async with self._database.connection() as connection:
                await connection.execute(_RELEASE, {"holder": self._holder})
        except OurOutage as error:
            raise WatchOutage(str(error)) from error
