"""Whether every service's schema is as new as its code."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

import asyncpg
from alembic.config import Config
from alembic.script import ScriptDirectory

from chassis import Service
from chassis.migration import fleet_head
from frontdesk.diagnosis.finding import Finding
from frontdesk.fleet.roster import GROUP


@dataclass(frozen=True)
class MigrationState:
    """One service's schema: the revision the database has, the one the code has, and why one is not known."""

    service: str
    current: str | None = None
    head: str | None = None
    problem: str | None = None
    fleet: str | None = None
    """The form that the fleet's own tables have in the schema (ADR 0027)."""

    @property
    def up_to_date(self) -> bool:
        """Whether the database has what the code wants."""
        return self.problem is None and self.current == self.head and self.fleet == fleet_head()

    def as_finding(self) -> Finding:
        """The state as a line of the doctor's report."""
        if self.problem:
            found, advice = self.problem, "mend this first, then frontdesk migrate"
        elif self.up_to_date:
            found, advice = self.head or "has no tables", ""
        else:
            has, wants = (
                (self.current, self.head) if self.current != self.head else (self.fleet, fleet_head())
            )
            found, advice = f"{has or 'nothing'} instead of {wants}", "frontdesk migrate"
        return Finding("Migrated", self.service, self.up_to_date, found, advice)


def migrations_state(database_url: str) -> list[MigrationState]:
    """The state of every installed service, found through its entry point; the database is only read."""
    services = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    try:
        current = asyncio.run(_current_revisions(database_url, [_schema(point) for point in services]))
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        return [
            MigrationState(point.name, problem=f"the database does not answer: {error}") for point in services
        ]
    return [_state(point, *current[_schema(point)]) for point in services]


def _state(point: EntryPoint, current: str | None, fleet: str | None) -> MigrationState:
    try:
        create_service: Callable[[], Service] = point.load()
        folder = create_service().migrations
    except Exception as error:  # noqa: BLE001 (whatever keeps a service from being made is the finding)
        return MigrationState(point.name, current, problem=f"the service cannot be made: {error}")
    config = Config()
    config.set_main_option("script_location", str(folder))
    head = ScriptDirectory.from_config(config).get_current_head()
    return MigrationState(point.name, current, head, fleet=fleet)


async def _current_revisions(database_url: str, schemas: list[str]) -> dict[str, list[str | None]]:
    """Of each schema the revision of the service's own tables, and that of the fleet's."""
    connection = await asyncpg.connect(database_url, timeout=10)
    histories = ("alembic_version", "fleet_version")
    try:
        return {
            schema: [await _current_revision(connection, schema, history) for history in histories]
            for schema in schemas
        }
    finally:
        await connection.close()


async def _current_revision(connection: asyncpg.Connection, schema: str, history: str) -> str | None:
    if await connection.fetchval("select to_regclass($1)", f'"{schema}".{history}') is None:
        return None
    revision: str | None = await connection.fetchval(
        f'select version_num from "{schema}".{history}'  # noqa: S608 (names of our own)
    )
    return revision


def _schema(point: EntryPoint) -> str:
    """A service's schema has its package's name."""
    return point.module.partition(".")[0]
