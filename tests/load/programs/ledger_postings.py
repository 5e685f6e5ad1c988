"""Records use as billing's handlers do, in groups of 64; then the same number of postings by bare inserts, 64 records to a commit."""

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
    bare = await _bare(owner, postings)
    await owner.close()
    await service.database.close()
    answer(ledger=postings / seconds, bare=bare)


async def _bare(owner: asyncpg.Connection, postings: int) -> float:
    await owner.execute(
        "drop table if exists public.bare_postings; create table public.bare_postings (like billing.postings)"
    )
    rows = [
        ("bench", f"usage:{place // 4}", place % 4, "unbilled:token", "EUR", Decimal("0.0125"))
        for place in range(postings)
    ]
    size = GROUP * 4
    began = perf_counter()
    for start in range(0, postings, size):
        async with owner.transaction():
            await owner.executemany(
                "insert into public.bare_postings values ($1, $2, $3, $4, $5, $6)", rows[start : start + size]
            )
    seconds = perf_counter() - began
    await owner.execute("drop table public.bare_postings")
    return postings / seconds


def _subscription() -> Subscription:
    at = now()
    month = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Subscription(
        "sub_1", "cus_1", "active", "team", "2026-01", "EUR", month, at.replace(year=at.year + 1), at
    )


asyncio.run(main())
