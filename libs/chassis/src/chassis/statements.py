"""Statements on the fleet's own tables, compiled once and run by the driver itself.

SQLAlchemy's way from a statement to the driver costs about 200 µs each time, and a transaction around a single statement
two more journeys to the server. The statements are SQLAlchemy's all the same: tables have one definition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import asyncpg
from sqlalchemy import ClauseElement, text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler

_DIALECT = PGDialect_asyncpg()
_NOTHING = text("select 1")


class Statement:
    """One statement, in the driver's words."""

    def __init__(self, statement: ClauseElement) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        assert isinstance(compiled, SQLCompiler)
        self._text = compiled.string
        self._order: Sequence[str] = compiled.positiontup or ()
        self._constants: Mapping[str, object] = compiled.params

    async def within(self, connection: AsyncConnection, **values: object) -> list[asyncpg.Record]:
        """Run it in the connection's transaction; returns its rows. Raises asyncpg's own errors."""
        driver = await _driver(connection)
        if not driver.is_in_transaction():
            # SQLAlchemy begins a transaction with its own first statement, not before.
            await connection.execute(_NOTHING)
        return await self._run(driver, values)

    async def alone(self, connection: AsyncConnection, **values: object) -> list[asyncpg.Record]:
        """Run it by itself on a connection without a transaction; it is committed at once. Raises asyncpg's errors."""
        return await self._run(await _driver(connection), values)

    async def _run(self, driver: asyncpg.Connection, values: Mapping[str, object]) -> list[asyncpg.Record]:
        given = {**self._constants, **values}
        rows: list[asyncpg.Record] = await driver.fetch(self._text, *(given[name] for name in self._order))
        return rows


async def _driver(connection: AsyncConnection) -> asyncpg.Connection:
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, asyncpg.Connection)
    return driver
