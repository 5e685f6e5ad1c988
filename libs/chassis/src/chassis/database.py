"""The database of one service: its own role, its own schema, one tenant per transaction."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import TypeVar

import asyncpg
from sqlalchemy import Text, bindparam, event, func, select, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession as Session

from chassis.errors import OurOutage
from chassis.settings import Settings
from chassis.statements import Statement
from chassis.tables import FleetTables, fleet_tables

__all__ = ["HOLD_SECONDS", "Database", "Session"]

HOLD_SECONDS = 20 * 60.0
"""How long work is held through our own outage; the broker's own limit for a message is 30 minutes."""
_AGAIN_SECONDS = 0.5
"""Pause after an outage, so that what only looks like one does not repeat its work without a breath."""

_BIND_TENANT = Statement(select(func.set_config("app.tenant_id", bindparam("tenant_id", type_=Text), True)))
_CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)
_Result = TypeVar("_Result")
_DRIVER = ("asyncpg.", "sqlalchemy.dialects.postgresql.asyncpg")


class Database:
    """Connections of one service.

    Every failure to reach the database, wherever in a transaction it shows, is raised as `OurOutage`.
    """

    def __init__(self, schema: str, settings: Settings) -> None:
        self.schema = schema
        self.tables: FleetTables = fleet_tables(schema)
        self.engine: AsyncEngine = create_async_engine(
            settings.service_database_url(schema),
            pool_size=settings.database_pool,
            max_overflow=4,
            pool_timeout=30,
            pool_recycle=1800,
            connect_args={"timeout": 10, "command_timeout": 60},
            hide_parameters=True,  # an error tells its statement, not the personal data in it
        )
        self.pool_size = settings.database_pool
        self.in_use = 0
        event.listen(self.engine.sync_engine, "checkout", self._checked_out)
        event.listen(self.engine.sync_engine, "checkin", self._checked_in)

    @asynccontextmanager
    async def transaction(self, tenant_id: str | None) -> AsyncIterator[Session]:
        """A session in one transaction, bound to a tenant; committed at the end, rolled back on an exception.

        Without a tenant no row of a tenant-owned table can be seen. Raises `OurOutage`.
        """
        with _our_outage():
            async with Session(self.engine, expire_on_commit=False) as session, session.begin():
                if tenant_id is not None:
                    await _BIND_TENANT.within(await session.connection(), tenant_id=tenant_id)
                yield session

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """A connection in one transaction, for the fleet's own tables. Raises `OurOutage`."""
        with _our_outage():
            async with self.engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[SharedTransaction]:
        """One transaction for several tenants, one after the other: group commit. Raises `OurOutage`."""
        async with (
            self.connection() as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            yield SharedTransaction(connection, session)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[AsyncConnection]:
        """A connection without a transaction, for a single statement. Raises `OurOutage`."""
        with _our_outage():
            async with self.engine.connect() as connection:
                yield connection

    async def latency(self) -> float:
        """Seconds that the smallest question takes. Raises `OurOutage`."""
        began = monotonic()
        async with self.connection() as connection:
            await connection.execute(text("select 1"))
        return monotonic() - began

    async def wait_until_back(self, *, longest: float) -> bool:
        """Wait, asking with back-off, until the database answers; False when it did not within `longest` seconds."""
        deadline, pause = monotonic() + longest, 0.2
        while monotonic() < deadline:
            try:
                await self.latency()
            except OurOutage:
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
            else:
                return True
        return False

    async def outlasting(
        self, work: Callable[[], Awaitable[_Result]], *, longest: float = HOLD_SECONDS
    ) -> _Result:
        """What `work` returns, done again whenever an outage of ours ended it and the database is back.

        Raises `OurOutage` when that takes more than `longest` seconds.
        """
        deadline = monotonic() + longest
        while True:
            try:
                return await work()
            except OurOutage:
                if not await self.wait_until_back(longest=deadline - monotonic()):
                    raise
            await asyncio.sleep(_AGAIN_SECONDS)

    async def close(self) -> None:
        """Give the connections back."""
        await self.engine.dispose()

    def _checked_out(self, *_: object) -> None:
        self.in_use += 1

    def _checked_in(self, *_: object) -> None:
        self.in_use -= 1


class SharedTransaction:
    """A transaction in which one tenant after the other has its part; each sees its own rows alone."""

    def __init__(self, connection: AsyncConnection, session: Session) -> None:
        self.connection = connection
        self._session = session

    @asynccontextmanager
    async def part_of(self, tenant_id: str) -> AsyncIterator[Session]:
        """The session, bound to a tenant; what it holds is written at the end of the block and committed with the rest."""
        await _BIND_TENANT.within(self.connection, tenant_id=tenant_id)
        yield self._session
        await self._session.flush()
        # The next tenant's part begins with nothing in its hands.
        self._session.expunge_all()


class _our_outage:  # noqa: N801 — reads as the context manager that it is
    """Turns a lost or refused connection to the database into `OurOutage`."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None and _is_lost(error):
            raise OurOutage(f"the database does not answer: {type(error).__name__}") from error


def _is_lost(error: BaseException) -> bool:
    if isinstance(error, PoolTimeout):
        return True
    if isinstance(error, TimeoutError | OSError):
        # The same kinds may come from what the caller does between its statements; that is no outage of ours.
        return _is_from_the_driver(error)
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, InterfaceError):
            return True
        cause = error.orig.__cause__ if error.orig is not None else None
        if isinstance(cause, _CONNECTION_LOST):
            return True
        return isinstance(error, OperationalError) and not isinstance(cause, asyncpg.PostgresError)
    return isinstance(error, _CONNECTION_LOST)


def cannot_be_kept(error: BaseException) -> bool:
    """Whether the database refused a value for what it is: NUL in a text, half of a surrogate pair, a number too large."""
    return (
        isinstance(error, DBAPIError)
        and error.orig is not None
        and isinstance(error.orig.__cause__, asyncpg.DataError)
    )


def _is_from_the_driver(error: BaseException) -> bool:
    return any(
        str(frame.f_globals.get("__name__", "")).startswith(_DRIVER)
        for frame, _ in traceback.walk_tb(error.__traceback__)
    )
