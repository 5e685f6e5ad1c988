"""The database server, seen through the Observer's own role (ADR 0035): connections, statements, dead rows.

What other roles do is told by two functions of the Observer's schema, which show neither parameters nor literals.
"""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from chassis.database import Database
from chassis.errors import OurOutage
from observer.application.ports import WatchOutage
from observer.domain.fleet import DatabaseSeen, SlowStatement, TableSeen

_CONNECTIONS = """
select coalesce(usename, 'none') as role, count(*) as connections from pg_stat_activity
where backend_type = 'client backend' group by 1 order by 1
"""
_DATABASE = """
select xact_commit as commits, xact_rollback as rollbacks, deadlocks,
    pg_database_size(datid) as size, current_setting('max_connections')::int as most
from pg_stat_database where datname = current_database()
"""
_SLOW = "select role, statement, seconds, waits_for from running_statements(:at_least) order by seconds desc limit 20"
_SLOW_OVER_TIME = (
    "select role, statement, seconds from slow_statements(:at_least) order by seconds desc limit 20"
)
_TABLES = """
select schemaname as schema, relname as table, n_live_tup as live, n_dead_tup as dead,
    pg_total_relation_size(relid) as size
from pg_stat_user_tables order by size desc limit 200
"""


class PostgresServer:
    """The port `Postgres`."""

    def __init__(self, database: Database, *, slow_seconds: float, seconds: float) -> None:
        self._database = database
        self._slow_seconds = slow_seconds
        self._seconds = seconds

    async def look(self) -> DatabaseSeen:
        """One look, on one connection. Raises `WatchOutage`."""
        try:
            async with asyncio.timeout(self._seconds), self._database.connection() as connection:
                roles = (await connection.execute(text(_CONNECTIONS))).all()
                database = (await connection.execute(text(_DATABASE))).one()
                least = {"at_least": self._slow_seconds}
                running = (await connection.execute(text(_SLOW), least)).all()
                over_time = (await connection.execute(text(_SLOW_OVER_TIME), least)).all()
                tables = (await connection.execute(text(_TABLES))).all()
        except (OurOutage, TimeoutError) as error:
            raise WatchOutage(f"the database does not answer ({type(error).__name__})") from error
        slow = [SlowStatement(row.role, row.statement, row.seconds, row.waits_for) for row in running]
        slow += [SlowStatement(row.role, row.statement, row.seconds) for row in over_time]
        return DatabaseSeen(
            connections=tuple((row.role, row.connections) for row in roles), most_connections=database.most,
            size_bytes=database.size, commits=database.commits, rollbacks=database.rollbacks,
            deadlocks=database.deadlocks, slow=tuple(slow),
            tables=tuple(TableSeen(row.schema, row.table, row.live, row.dead, row.size) for row in tables),
        )  # fmt: skip
