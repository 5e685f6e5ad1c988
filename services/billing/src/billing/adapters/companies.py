"""Companies as customers, and the directory of them that stands under the tenant `fleet`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256

from pydantic import TypeAdapter
from sqlalchemy import Text, bindparam, cast, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from billing.adapters.store import BUDGETS, COMPANIES, DIRECTORY, DRIFT, INVOICES, STRIPE_EVENTS
from billing.application.ports import FLEET, Company, TakenEvent
from billing.domain.drift import Drift
from billing.domain.invoice import Invoice
from billing.domain.licence import Licence
from billing.domain.subscription import Subscription
from chassis import Session
from chassis.statements import Row, Statement

# Read with every record of use: compiled once, past SQLAlchemy's way to the driver.
_COMPANY = select(
    *(column for column in COMPANIES.c if column is not COMPANIES.c.subscription),
    cast(COMPANIES.c.subscription, Text).label("subscription"),
    exists().where(BUDGETS.c.tenant_id == bindparam("tenant_id")).label("has_budgets"),
).where(COMPANIES.c.tenant_id == bindparam("tenant_id"))
_FOUND, _LOCKED = Statement(_COMPANY), Statement(_COMPANY.with_for_update(of=COMPANIES))

_SUBSCRIPTION = TypeAdapter(Subscription)
_INVOICE = TypeAdapter(Invoice)


class StoredCompanies:
    """The port `Companies` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def found(self, tenant_id: str, *, lock: bool = False) -> Company | None:
        """The company; with `lock` nobody else changes it until the end."""
        wanted = _LOCKED if lock else _FOUND
        rows = await wanted.within(await self._session.connection(), tenant_id=tenant_id)
        return _company(rows[0]) if rows else None

    async def take_on(self, company: Company) -> None:
        """Enter a company that is new."""
        values = {
            "tenant_id": company.tenant_id, "name": company.name, "currency": company.currency,
            "created_at": company.created_at, "trial_ends_at": company.trial_ends_at, "licence_version": 0,
        }  # fmt: skip
        await self._session.execute(insert(COMPANIES).values(values).on_conflict_do_nothing())

    async def keep_customer(self, tenant_id: str, customer_id: str) -> None:
        """Keep which of Stripe's customers it is."""
        await self._set(tenant_id, customer_id=customer_id)

    async def keep_subscription(self, tenant_id: str, subscription: Subscription) -> bool:
        """Keep a snapshot; False when a later one is known. An ended one does not replace another that goes on."""
        known = await self.found(tenant_id, lock=True)
        if known is None:
            return False
        before = known.subscription
        if before is not None:
            other = before.subscription_id != subscription.subscription_id
            if before.fetched_at > subscription.fetched_at or (
                other and subscription.is_over and not before.is_over
            ):
                return False
        await self._set(
            tenant_id, subscription=_SUBSCRIPTION.dump_python(subscription, mode="json"), fetched_at=subscription.fetched_at,
            customer_id=subscription.customer_id, currency=subscription.currency,
        )  # fmt: skip
        return True

    async def keep_licence(self, tenant_id: str, licence: Licence, version: int) -> None:
        """Keep the licence."""
        await self._set(
            tenant_id, licence_status=licence.status, licence_reason=licence.reason, licence_plan=licence.plan,
            licence_until=licence.valid_until, licence_version=version,
        )  # fmt: skip

    async def invoices(self, tenant_id: str, limit: int) -> list[Invoice]:
        """The newest invoices, newest first."""
        rows = await self._session.execute(
            select(INVOICES.c.document)
            .where(INVOICES.c.tenant_id == tenant_id)
            .order_by(INVOICES.c.created_at.desc(), INVOICES.c.invoice_id)
            .limit(limit)
        )
        return [_INVOICE.validate_python(document) for document in rows.scalars()]

    async def keep_invoice(self, tenant_id: str, invoice: Invoice, fetched_at: datetime) -> bool:
        """Keep a snapshot of an invoice; False when a later one is known."""
        values = {
            "number": invoice.number, "status": invoice.status, "currency": invoice.currency, "total": invoice.total,
            "amount_due": invoice.amount_due, "amount_paid": invoice.amount_paid, "created_at": invoice.created_at,
            "document": _INVOICE.dump_python(invoice, mode="json"), "fetched_at": fetched_at,
        }  # fmt: skip
        keep = insert(INVOICES).values(tenant_id=tenant_id, invoice_id=invoice.invoice_id, dunned=0, **values)
        kept = await self._session.execute(
            keep.on_conflict_do_update(
                index_elements=["tenant_id", "invoice_id"],
                set_=values,
                where=INVOICES.c.fetched_at <= fetched_at,
            ).returning(INVOICES.c.invoice_id)
        )
        return kept.first() is not None

    async def dun_once(self, tenant_id: str, invoice_id: str, attempts: int) -> bool:
        """Whether the failed attempts of an invoice so far are still to be told, from now on told."""
        told = await self._session.execute(
            update(INVOICES)
            .where(
                INVOICES.c.tenant_id == tenant_id,
                INVOICES.c.invoice_id == invoice_id,
                INVOICES.c.dunned < attempts,
            )
            .values(dunned=attempts)
            .returning(INVOICES.c.invoice_id)
        )
        return told.first() is not None

    async def keep_event(self, tenant_id: str, event: TakenEvent) -> bool:
        """Note an event; False when it is known."""
        return await _keep_event(self._session, tenant_id, event)

    async def _set(self, tenant_id: str, **values: object) -> None:
        await self._session.execute(
            update(COMPANIES).where(COMPANIES.c.tenant_id == tenant_id).values(**values)
        )


class StoredDirectory:
    """The port `Directory` in one transaction of the fleet."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def companies(self) -> list[str]:
        """The ids of all companies."""
        rows = await self._session.execute(select(DIRECTORY.c.company_id).order_by(DIRECTORY.c.company_id))
        return [str(company_id) for company_id in rows.scalars()]

    async def enter(self, company_id: str, customer_id: str | None) -> None:
        """Enter a company, or which customer it is."""
        enter = insert(DIRECTORY).values(tenant_id=FLEET, company_id=company_id, customer_id=customer_id)
        if customer_id is None:
            await self._session.execute(enter.on_conflict_do_nothing())
            return
        await self._session.execute(
            enter.on_conflict_do_update(
                index_elements=["tenant_id", "company_id"], set_={"customer_id": customer_id}
            )
        )

    async def company_of(self, customer_id: str) -> str | None:
        """Whose a customer is."""
        rows = await self._session.execute(
            select(DIRECTORY.c.company_id).where(DIRECTORY.c.customer_id == customer_id)
        )
        return rows.scalar_one_or_none()

    async def strays(self, limit: int) -> list[TakenEvent]:
        """Events of customers nobody knows, newest first."""
        rows = await self._session.execute(
            select(STRIPE_EVENTS)
            .where(STRIPE_EVENTS.c.tenant_id == FLEET)
            .order_by(STRIPE_EVENTS.c.heard_at.desc())
            .limit(limit)
        )
        names = TakenEvent.__dataclass_fields__
        return [TakenEvent(**{name: row[name] for name in names}) for row in rows.mappings()]

    async def keep_stray(self, event: TakenEvent) -> bool:
        """Keep one; False when it is known."""
        return await _keep_event(self._session, FLEET, event)

    async def keep_drift(self, found: Sequence[Drift], at: datetime) -> None:
        """Keep what was found; the same drift is one line, as it was found last."""
        for each in found:
            name = sha256(f"{each.company_id}\x1f{each.kind}\x1f{each.subject}".encode()).hexdigest()[:32]
            values = {**asdict(each), "found_at": at}
            keep = insert(DRIFT).values(tenant_id=FLEET, drift_id=name, **values)
            await self._session.execute(
                keep.on_conflict_do_update(index_elements=["tenant_id", "drift_id"], set_=values)
            )

    async def drift(self, limit: int) -> list[Drift]:
        """What was found, newest first."""
        rows = await self._session.execute(
            select(DRIFT).order_by(DRIFT.c.found_at.desc(), DRIFT.c.drift_id).limit(limit)
        )
        return [
            Drift(row["company_id"], row["kind"], row["subject"], row["sentence"], row["mended"])
            for row in rows.mappings()
        ]


async def _keep_event(session: Session, tenant_id: str, event: TakenEvent) -> bool:
    kept = await session.execute(
        insert(STRIPE_EVENTS)
        .values(tenant_id=tenant_id, **asdict(event))
        .on_conflict_do_nothing()
        .returning(STRIPE_EVENTS.c.event_id)
    )
    return kept.first() is not None


def _company(row: Row) -> Company:
    subscription = row["subscription"]
    licence = None
    if row["licence_status"] is not None:
        licence = Licence(
            row["licence_status"], row["licence_plan"], row["licence_reason"], row["licence_until"]
        )
    return Company(
        tenant_id=row["tenant_id"], name=row["name"], currency=row["currency"], created_at=row["created_at"],
        trial_ends_at=row["trial_ends_at"], customer_id=row["customer_id"],
        subscription=_SUBSCRIPTION.validate_json(subscription) if subscription is not None else None,
        licence=licence, licence_version=row["licence_version"],
        has_budgets=row["has_budgets"],
    )  # fmt: skip
