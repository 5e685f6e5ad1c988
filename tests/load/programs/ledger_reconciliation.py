"""Compares many records of use with what the meters counted; Stripe is an answer in memory, so that only our work is measured."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from time import perf_counter

import asyncpg
from pydantic import BaseModel
from talk import answer, asked

from billing.adapters.books import StoredBooks
from billing.adapters.plan_file import read_catalogue
from billing.app import create_service
from billing.application.reconcile import Reconcile
from billing.application.take_on_company import TakeOnCompany
from billing.domain.subscription import Subscription
from chassis.migration import migrate
from contracts.envelope import new_id

FILL = """
insert into billing.meter_events (tenant_id, usage_id, unit, quantity, accounted_at, state, reported_at, sent_at)
select $1, 'u' || n, (array['message', 'document', 'page', 'token'])[1 + n % 4], 1 + n % 7, at, 'sent', at, now()
from (select n, now() - (n % 43200) * interval '1 minute' as at from generate_series(1, $2::int) n) x
"""
SUM = """
select unit, date_trunc('hour', reported_at), sum(quantity) from billing.meter_events where tenant_id = $1 group by 1, 2
"""


class Asked(BaseModel):
    """What is wanted."""

    records: int


class Agrees:
    """A Stripe that has counted exactly what it was told."""

    configured = True

    def __init__(self, counted: Mapping[tuple[str, datetime], int]) -> None:
        self._counted = counted

    async def customer_is_there(self, _: str) -> bool:
        return True

    async def subscriptions_of(self, _: str) -> list[Subscription]:
        return []

    async def invoices_of(self, _: str, *, since: datetime | None = None) -> AsyncIterator[object]:
        for each in ():
            yield each

    async def metered(self, _: str, unit: str, since: datetime, until: datetime) -> dict[datetime, int]:
        return {
            hour: count for (of, hour), count in self._counted.items() if of == unit and since <= hour < until
        }


async def main() -> None:
    wanted = asked(Asked)
    service = create_service()
    await migrate(service)
    books, tenant_id = StoredBooks(service.units), f"bench-{new_id()[-6:]}"
    take_on = TakeOnCompany(books, read_catalogue(), "EUR", lambda: datetime.now(UTC))
    async with books.of(tenant_id) as room:
        await take_on.known(room, tenant_id)
        await room.companies.keep_customer(tenant_id, "cus_1")
    owner = await asyncpg.connect(service.settings.database_url.get_secret_value())
    await owner.execute(FILL, tenant_id, wanted.records)
    await owner.execute("analyze billing.meter_events")
    began = perf_counter()
    rows = await owner.fetch(SUM, tenant_id)
    sum_seconds = perf_counter() - began
    counted = {(row[0], row[1].astimezone(UTC)): int(row[2]) for row in rows}
    reconcile = Reconcile(books, Agrees(counted), None, lambda: datetime.now(UTC))  # type: ignore[arg-type] — a stand-in
    began = perf_counter()
    found = await reconcile(tenant_id)
    seconds = perf_counter() - began
    await owner.close()
    await service.database.close()
    if found:
        raise AssertionError(f"they agree, and drift was found: {found[:3]}")
    answer(seconds=seconds, sum_seconds=sum_seconds)


asyncio.run(main())
