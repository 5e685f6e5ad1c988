"""The ledger of one company: use is recorded in a single statement, entries are posted once, nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import RowMapping, and_, func, select, text
from sqlalchemy.dialects.postgresql import insert

from billing.adapters.store import ENTRIES, LEAD_SUBJECTS, METER_EVENTS, POSTINGS, TOTALS, USAGE
from billing.application.ledger_ports import LeadLine, MonthLine
from billing.domain.invoice import Invoice
from billing.domain.ledger import Entry, Posting, usage_entry
from billing.domain.units import Unit
from billing.domain.usage import Usage
from chassis import Session
from chassis.statements import Statement

_RECORD = Statement(
    text("""
with given as (
    select * from jsonb_to_recordset(cast(cast(:usage as text) as jsonb)) as x(
        usage_id text, event_id text, unit text, quantity bigint, occurred_at timestamptz, accounted_at timestamptz,
        month text, lead_id text, message_id text, document_id text, model text, currency text, price numeric,
        value numeric, cost numeric, cost_currency text, billable boolean, note text, postings jsonb)
), fresh as (
    insert into billing.usage_records (tenant_id, usage_id, event_id, unit, quantity, occurred_at, accounted_at, month, lead_id,
        message_id, document_id, model, currency, price, value, cost, cost_currency, billable, note)
    select cast(:tenant_id as text), usage_id, event_id, unit, quantity, occurred_at, accounted_at, month, lead_id, message_id,
        document_id, model, currency, price, value, cost, cost_currency, billable, note from given
    on conflict do nothing returning usage_id
), entered as (
    insert into billing.entries (tenant_id, entry_id, at)
    select cast(:tenant_id as text), 'usage:' || usage_id, accounted_at from given join fresh using (usage_id)
    where postings is not null
), posted as (
    insert into billing.postings (tenant_id, entry_id, position, account, currency, amount)
    select cast(:tenant_id as text), 'usage:' || usage_id, p.position, p.account, p.currency, p.amount
    from given join fresh using (usage_id),
        jsonb_to_recordset(postings) as p(position smallint, account text, currency text, amount numeric)
    where postings is not null
), metered as (
    insert into billing.meter_events (tenant_id, usage_id, unit, quantity, accounted_at, state)
    select cast(:tenant_id as text), usage_id, unit, quantity, accounted_at, 'waiting' from given join fresh using (usage_id)
    where billable and quantity > 0
), counted as (
    insert into billing.usage_totals as t (tenant_id, month, unit, currency, quantity, value, cost)
    select cast(:tenant_id as text), month, unit, currency, sum(quantity), sum(value), sum(cost) from (
        select month, unit, currency, quantity, value, 0 as cost from given join fresh using (usage_id)
        union all
        select month, unit, cost_currency, 0, 0, cost from given join fresh using (usage_id) where cost <> 0
    ) as parts group by month, unit, currency order by month, unit, currency
    on conflict (tenant_id, month, unit, currency) do update
    set quantity = t.quantity + excluded.quantity, value = t.value + excluded.value, cost = t.cost + excluded.cost
)
select usage_id from fresh
""")
)

_TAKE_PLACES = text("""
with given as (
    select * from unnest(cast(:ids as text[]), cast(:units as text[]), cast(:quantities as bigint[])) as x(usage_id, unit, quantity)
), fresh as (
    select unit, quantity from given where not exists (
        select 1 from billing.usage_records u where u.tenant_id = :tenant_id and u.usage_id = given.usage_id)
)
insert into billing.period_quantities as p (tenant_id, period_start, unit, quantity)
select :tenant_id, :period_start, unit, quantity from fresh order by unit
on conflict (tenant_id, period_start, unit) do update set quantity = p.quantity + excluded.quantity
returning unit, quantity
""")

_LEADS = text("""
with found as (
    select coalesce(u.lead_id, m.lead_id, d.lead_id) as lead, u.unit, u.currency, u.quantity, u.value, u.cost, u.cost_currency
    from billing.usage_records u
    left join billing.entries r on r.tenant_id = u.tenant_id and r.reverses = 'usage:' || u.usage_id
    left join billing.lead_subjects m on m.tenant_id = u.tenant_id and m.subject = 'message/' || u.message_id
    left join billing.lead_subjects d on d.tenant_id = u.tenant_id and d.subject = 'document/' || u.document_id
    where u.tenant_id = :tenant_id and r.entry_id is null and (cast(:month as text) is null or u.month = :month)
), parts as (
    select lead, unit, currency, quantity, value, 0 as cost from found
    union all
    select lead, unit, cost_currency, 0, 0, cost from found where cost <> 0
)
select lead as lead_id, unit, currency, cast(sum(quantity) as bigint) as quantity, sum(value) as value, sum(cost) as cost
from parts where cast(:lead_id as text) is null or lead = :lead_id
group by lead, unit, currency order by sum(value) + sum(cost) desc, lead, unit, currency limit :limit
""")


_DISCOUNT = text("""
update billing.usage_totals t set
    quantity = t.quantity - case when t.currency = u.currency then u.quantity else 0 end,
    value = t.value - case when t.currency = u.currency then u.value else 0 end,
    cost = t.cost - case when t.currency = u.cost_currency then u.cost else 0 end
from billing.usage_records u
where u.tenant_id = :tenant_id and u.usage_id = :usage_id and t.tenant_id = u.tenant_id and t.month = u.month
    and t.unit = u.unit and t.currency in (u.currency, u.cost_currency)
""")

_SAME_RECORD = and_(
    USAGE.c.tenant_id == METER_EVENTS.c.tenant_id, USAGE.c.usage_id == METER_EVENTS.c.usage_id
)


class StoredLedger:
    """The port `Ledger` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def record(self, tenant_id: str, usage: Sequence[Usage]) -> list[str]:
        """Record use with its entries, totals and meter events, in one statement."""
        given = json.dumps([_document(each) for each in usage])
        rows = await _RECORD.within(await self._session.connection(), tenant_id=tenant_id, usage=given)
        return [str(row["usage_id"]) for row in rows]

    async def take_places(
        self, tenant_id: str, period_start: datetime, usage: Sequence[Usage]
    ) -> Mapping[str, int]:
        """Count records of one event that are new into their period; who counts next waits until the end."""
        given = {
            "tenant_id": tenant_id, "period_start": period_start, "ids": [each.usage_id for each in usage],
            "units": [each.fact.unit for each in usage], "quantities": [each.fact.quantity for each in usage],
        }  # fmt: skip
        counted: dict[str, int] = {row[0]: row[1] for row in await self._session.execute(_TAKE_PLACES, given)}
        return {
            each.usage_id: counted[each.fact.unit] - each.fact.quantity
            for each in usage
            if each.fact.unit in counted
        }

    async def post(self, tenant_id: str, entries: Sequence[Entry]) -> list[str]:
        """Post entries; one that was posted is left as it is."""
        fresh: list[str] = []
        for entry in entries:
            kept = await self._session.execute(
                insert(ENTRIES)
                .values(tenant_id=tenant_id, entry_id=entry.entry_id, at=entry.at, reverses=entry.reverses, reason=entry.reason)
                .on_conflict_do_nothing()
                .returning(ENTRIES.c.entry_id)
            )  # fmt: skip
            if kept.first() is None:
                continue
            fresh.append(entry.entry_id)
            rows = [
                {"tenant_id": tenant_id, "entry_id": entry.entry_id, "position": position, "account": each.account,
                 "currency": each.currency, "amount": each.amount}
                for position, each in enumerate(entry.postings)
            ]  # fmt: skip
            if rows:
                await self._session.execute(insert(POSTINGS).values(rows))
        return fresh

    async def entry(self, tenant_id: str, entry_id: str) -> Entry | None:
        """One entry with its postings."""
        mine = and_(ENTRIES.c.tenant_id == tenant_id, ENTRIES.c.entry_id == entry_id)
        head = (await self._session.execute(select(ENTRIES).where(mine))).mappings().first()
        if head is None:
            return None
        rows = await self._session.execute(
            select(POSTINGS.c.account, POSTINGS.c.currency, POSTINGS.c.amount)
            .where(POSTINGS.c.tenant_id == tenant_id, POSTINGS.c.entry_id == entry_id)
            .order_by(POSTINGS.c.position)
        )
        postings = tuple(Posting(row[0], row[1], row[2]) for row in rows)
        return Entry(entry_id, head["at"], postings, head["reverses"], head["reason"])

    async def discount(self, tenant_id: str, usage_id: str) -> None:
        """Take a reversed record out of the sums."""
        await self._session.execute(_DISCOUNT, {"tenant_id": tenant_id, "usage_id": usage_id})

    async def balances(self, tenant_id: str) -> Mapping[tuple[str, str], Decimal]:
        """The sum of each account, by account and currency."""
        rows = await self._session.execute(
            select(POSTINGS.c.account, POSTINGS.c.currency, func.sum(POSTINGS.c.amount))
            .where(POSTINGS.c.tenant_id == tenant_id)
            .group_by(POSTINGS.c.account, POSTINGS.c.currency)
        )
        return {(row[0], row[1]): row[2] for row in rows}

    async def accrued(self, tenant_id: str, invoice: Invoice) -> Mapping[Unit, Decimal]:
        """What use of an invoice's metered lines was accrued: by the time under which the meters took it."""
        found: dict[Unit, Decimal] = {}
        # Each tier is a line of its own, of the same unit and time.
        billed: set[tuple[Unit | None, datetime, datetime]] = {
            (line.unit, line.period_start, line.period_end) for line in invoice.lines
        }
        for unit, since, until in billed:
            if unit is None:
                continue
            rows = await self._session.execute(
                select(func.coalesce(func.sum(USAGE.c.value), 0))
                .join_from(USAGE, METER_EVENTS, _SAME_RECORD)
                .where(
                    USAGE.c.tenant_id == tenant_id, USAGE.c.unit == unit, USAGE.c.currency == invoice.currency,
                    METER_EVENTS.c.state == "sent", METER_EVENTS.c.reported_at >= since,
                    METER_EVENTS.c.reported_at < until,
                )
            )  # fmt: skip
            found[unit] = found.get(unit, Decimal(0)) + Decimal(rows.scalar_one())
        return found

    async def attribute(self, tenant_id: str, subjects: Mapping[str, str]) -> None:
        """Keep which lead messages and documents belong to."""
        rows = [
            {"tenant_id": tenant_id, "subject": subject, "lead_id": lead_id}
            for subject, lead_id in sorted(subjects.items())
        ]
        await self._session.execute(insert(LEAD_SUBJECTS).values(rows).on_conflict_do_nothing())

    async def months(self, tenant_id: str, since: str) -> list[MonthLine]:
        """Use by month, unit and currency, from a month on."""
        rows = await self._session.execute(
            select(TOTALS)
            .where(TOTALS.c.tenant_id == tenant_id, TOTALS.c.month >= since)
            .order_by(TOTALS.c.month, TOTALS.c.unit, TOTALS.c.currency)
        )
        return [
            MonthLine(row["month"], row["unit"], row["currency"], row["quantity"], row["value"], row["cost"])
            for row in rows.mappings()
        ]

    async def leads(
        self, tenant_id: str, month: str | None, lead_id: str | None, limit: int
    ) -> list[LeadLine]:
        """Cost and value per lead; the costliest first."""
        given = {"tenant_id": tenant_id, "month": month, "lead_id": lead_id, "limit": limit}
        rows = await self._session.execute(_LEADS, given)
        return [_lead_line(row) for row in rows.mappings()]

    async def unbalanced(self, tenant_id: str) -> list[str]:
        """Entries that do not sum to zero."""
        rows = await self._session.execute(
            select(POSTINGS.c.entry_id)
            .where(POSTINGS.c.tenant_id == tenant_id)
            .group_by(POSTINGS.c.entry_id, POSTINGS.c.currency)
            .having(func.sum(POSTINGS.c.amount) != 0)
        )
        return sorted({str(entry_id) for entry_id in rows.scalars()})


def _document(usage: Usage) -> dict[str, object]:
    fact, entry = usage.fact, usage_entry(usage)
    postings = None
    if entry is not None:
        postings = [
            {
                "position": place,
                "account": each.account,
                "currency": each.currency,
                "amount": f"{each.amount:f}",
            }
            for place, each in enumerate(entry.postings)
        ]
    return {
        "usage_id": usage.usage_id, "event_id": usage.event_id, "unit": fact.unit, "quantity": fact.quantity,
        "occurred_at": _iso(fact.occurred_at), "accounted_at": _iso(usage.accounted_at),
        "month": usage.month, "lead_id": fact.lead_id, "message_id": fact.message_id, "document_id": fact.document_id,
        "model": fact.model, "currency": usage.currency, "price": f"{usage.price:f}", "value": f"{usage.value:f}",
        "cost": f"{usage.cost:f}", "cost_currency": usage.cost_currency, "billable": usage.billable, "note": usage.note,
        "postings": postings,
    }  # fmt: skip


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _lead_line(row: RowMapping) -> LeadLine:
    return LeadLine(row["lead_id"], row["unit"], row["currency"], row["quantity"], row["value"], row["cost"])
