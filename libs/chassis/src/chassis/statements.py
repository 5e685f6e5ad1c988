"""Statements on the fleet's own tables, compiled once and run by the driver itself.

SQLAlchemy's way from a statement to the driver costs about 200 µs each time, and a transaction around a single statement
two more journeys to the server. The statements are SQLAlchemy's all the same: tables have one definition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import asyncpg
from sqlalchemy import ClauseElement, Executable
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler

_DIALECT = PGDialect_asyncpg()


class Row(Protocol):
    """A row of a result; its values by the names of their columns."""

    def __getitem__(self, name: str, /) -> Any: ...


class Statement:
    """One statement, in the driver's words."""

    def __init__(self, statement: ClauseElement) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        assert isinstance(compiled, SQLCompiler)
        assert isinstance(statement, Executable)
        self._statement = statement
        self._text = compiled.string
        self._order: Sequence[str] = compiled.positiontup or ()
        self._constants: Mapping[str, object] = compiled.params

    async def within(self, connection: AsyncConnection, **values: object) -> Sequence[Row]:
        """Run it in the connection's transaction; returns its rows. Raises the driver's errors or SQLAlchemy's."""
        driver = await _driver(connection)
        if not driver.is_in_transaction():
            # SQLAlchemy begins a transaction with its own first statement, not before: let this be it.
            return (await connection.execute(self._statement, values)).mappings().all()
        return await self._run(driver, values)

    async def alone(self, connection: AsyncConnection, **values: object) -> Sequence[Row]:
        """Run it by itself on a connection without a transaction; it is committed at once. Raises asyncpg's errors."""
        return await self._run(await _driver(connection), values)

    async def _run(self, driver: asyncpg.Connection, values: Mapping[str, object]) -> Sequence[Row]:
        given = {**self._constants, **values}
        return await driver.fetch(self._text, *(given[name] for name in self._order))


async def _driver(connection: AsyncConnection) -> asyncpg.Connection:
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, asyncpg.Connection)
    return driver
