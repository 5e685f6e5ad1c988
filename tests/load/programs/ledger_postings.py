"""Records use as billing's handlers do, in groups of 64; then the very same rows by a plain INSERT per table and record, 64 records to a commit."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from time import perf_counter

import asyncpg
from pydantic import BaseModel
from talk import answer, asked

from billing.adapters.books import StoredBooks, room
from billing.adapters.plan_file import read_catalogue
from billing.app import create_service
from billing.application.record_usage import RecordUsage
from billing.application.take_on_company import TakeOnCompany
from billing.domain.subscription import Subscription
from billing.domain.usage import Fact
from chassis.migration import migrate
from contracts.envelope import new_id

GROUP = 64
TABLES = {
    "usage_records": "usage_id", "entries": "entry_id", "postings": "entry_id, position", "meter_events": "usage_id",
}  # fmt: skip
"""What a record of use is written into, and in which order its rows stand."""


class Asked(BaseModel):
    """What is wanted."""

    events: int
    begin: int


def now() -> datetime:
    return datetime.now(UTC)


async def main() -> None:
    wanted = asked(Asked)
    service = create_service()
    await migrate(service)
    books, catalogue = StoredBooks(service.units), read_catalogue()
    take_on = TakeOnCompany(books, catalogue, "EUR", now)
    record = RecordUsage(catalogue, take_on, now)
    tenant_id = f"bench-{wanted.begin}-{new_id()[-6:]}"
    async with books.of(tenant_id) as books_of:
        await take_on.known(books_of, tenant_id)
        await books_of.companies.keep_subscription(tenant_id, _subscription())
    began = perf_counter()
    for _ in range(wanted.events // GROUP):
        async with service.units.begin(tenant_id) as transaction:
            books_of = room(transaction.session, transaction.say)
            for _ in range(GROUP):
                fact = Fact("token", 1000, now(), lead_id="lead", cost=Decimal("0.004"), cost_currency="USD")
                await record(books_of, tenant_id, new_id(), [fact])
    seconds = perf_counter() - began
    owner = await asyncpg.connect(service.settings.database_url.get_secret_value())
    postings = await owner.fetchval("select count(*) from billing.postings where tenant_id = $1", tenant_id)
    bare = await _bare(owner, tenant_id, wanted.events // GROUP * GROUP)
    await owner.close()
    await service.database.close()
    answer(ledger=postings / seconds, bare=bare)


async def _bare(owner: asyncpg.Connection, tenant_id: str, records: int) -> float:
    """The same rows as the tenant's, record by record, into tables with the same keys and indexes and nothing else."""
    rows: dict[str, list[asyncpg.Record]] = {}
    for table, key in TABLES.items():
        await owner.execute(
            f"drop table if exists public.bare_{table}; create table public.bare_{table} (like billing.{table} including all)"
        )
        rows[table] = await owner.fetch(
            f"select * from billing.{table} where tenant_id = $1 order by {key}, 1", tenant_id
        )
    parts = {table: len(found) // records for table, found in rows.items()}
    inserts = {
        table: await owner.prepare(_insert(table, len(found[0]), parts[table]))
        for table, found in rows.items()
    }
    began = perf_counter()
    for start in range(0, records, GROUP):
        async with owner.transaction():
            for place in range(start, min(start + GROUP, records)):
                for table, insert in inserts.items():
                    size = parts[table]
                    given = rows[table][place * size : (place + 1) * size]
                    await insert.fetch(*(value for row in given for value in row))
    seconds = perf_counter() - began
    for table in TABLES:
        await owner.execute(f"drop table public.bare_{table}")
    return len(rows["postings"]) / seconds


def _insert(table: str, columns: int, rows: int) -> str:
    """One INSERT of so many rows."""
    places = (f"({', '.join(f'${row * columns + n + 1}' for n in range(columns))})" for row in range(rows))
    return f"insert into public.bare_{table} values {', '.join(places)}"


def _subscription() -> Subscription:
    at = now()
    month = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Subscription(
        "sub_1", "cus_1", "active", "team", "2026-01", "EUR", month, at.replace(year=at.year + 1), at
    )


asyncio.run(main())
