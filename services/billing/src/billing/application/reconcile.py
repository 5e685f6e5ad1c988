"""Compare Stripe with the ledger, company by company: tell every difference in a sentence, and mend what is safe."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

from billing.application.ledger_ports import MeterEvent
from billing.application.mirror_stripe import Mirror
from billing.application.ports import Books, Clock, Company
from billing.application.stripe_ports import Payments
from billing.domain.drift import (
    Drift,
    DriftKind,
    HourlySums,
    compare_hours,
    invoice_differences,
    may_send_again,
    subscription_differences,
)
from billing.domain.invoice import Invoice
from billing.domain.subscription import Subscription
from billing.domain.units import UNITS, Unit

LOOKED_BACK = timedelta(days=35)
"""How far back meters and invoices are compared: what Stripe's meters still take."""


class Reconcile:
    """Safe is to fetch again what Stripe has, and to send again what a meter cannot have. The rest is told."""

    def __init__(self, books: Books, payments: Payments, mirror: Mirror, clock: Clock) -> None:
        self._books = books
        self._payments = payments
        self._mirror = mirror
        self._clock = clock

    async def __call__(self, company_id: str) -> list[Drift]:
        """Everything in which one company differs. Raises what Stripe's failures are."""
        async with self._books.of(company_id) as room:
            company = await room.companies.found(company_id)
            ours = await room.companies.invoices(company_id, 1000)
            unbalanced = await room.ledger.unbalanced(company_id)
            refused = (await room.meters.counts(company_id)).get("refused", 0)
        found = [
            Drift(company_id, "ledger_unbalanced", entry, f"entry {entry} does not sum to zero")
            for entry in unbalanced
        ]
        if refused:
            found.append(
                _drift(
                    company_id, "usage_refused", "meters", f"Stripe refused {refused} records of use for good"
                )
            )
        if company is not None and company.customer_id is not None:
            found += [each async for each in self._compared(company, company.customer_id, ours)]
        async with self._books.fleet() as directory:
            await directory.keep_drift(found, self._clock())
        return found

    async def _compared(
        self, company: Company, customer_id: str, ours: list[Invoice]
    ) -> AsyncIterator[Drift]:
        if not await self._payments.customer_is_there(customer_id):
            words = f"Stripe has no customer {customer_id} any more: its subscription and invoices cannot be looked at"
            yield _drift(company.tenant_id, "customer_missing", customer_id, words)
            return
        async for each in self._subscription(company, customer_id):
            yield each
        async for each in self._invoices(company, customer_id, ours):
            yield each
        async for each in self._usage(company, customer_id):
            yield each

    async def _subscription(self, company: Company, customer_id: str) -> AsyncIterator[Drift]:
        theirs = await self._payments.subscriptions_of(customer_id)
        going = [each for each in theirs if not each.is_over]
        for extra in going[1:]:
            words = f"Stripe bills a second subscription, {extra.subscription_id}, for the same company: cancel one of them"
            yield _drift(company.tenant_id, "subscription_unknown", extra.subscription_id, words)
        current = going[0] if going else theirs[0] if theirs else None
        different = subscription_differences(company.subscription, current)
        if different:
            await self._mirror.subscription(company.tenant_id, customer_id)
            about = _subject(company.subscription, current)
            words = f"the subscription {about} differs in {', '.join(different)}: it was fetched again"
            yield replace(_drift(company.tenant_id, "subscription_differs", about, words), mended=True)

    async def _invoices(
        self, company: Company, customer_id: str, ours: list[Invoice]
    ) -> AsyncIterator[Drift]:
        known = {each.invoice_id: each for each in ours}
        now = self._clock()
        seen: set[str] = set()
        async for theirs in self._payments.invoices_of(customer_id, since=None):
            seen.add(theirs.invoice_id)
            mine = known.get(theirs.invoice_id)
            kind, words = _invoice_drift(mine, theirs)
            if kind is None:
                continue
            await self._mirror.take_invoice(company.tenant_id, theirs, now)
            name = theirs.number or theirs.invoice_id
            yield replace(
                _drift(company.tenant_id, kind, theirs.invoice_id, f"invoice {name} {words}: it was fetched again"), mended=True
            )  # fmt: skip
        for gone in sorted(set(known) - seen):
            if known[gone].is_written:
                words = f"invoice {known[gone].number or gone} is in the ledger, and Stripe does not list it"
                yield _drift(company.tenant_id, "invoice_unknown", gone, words)

    async def _usage(self, company: Company, customer_id: str) -> AsyncIterator[Drift]:
        now = self._clock()
        until = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        since = until - LOOKED_BACK
        async with self._books.of(company.tenant_id) as room:
            ours = await room.meters.sums(company.tenant_id, since, until)
        theirs: HourlySums = {
            (unit, hour): count
            for unit in UNITS
            for hour, count in (await self._payments.metered(customer_id, unit, since, until)).items()
        }
        for unit, hour, told, counted in compare_hours(ours, theirs):
            when = f"{hour:%Y-%m-%d %H}:00"
            if counted > told:
                words = f"the meter of {unit} counted {counted} at {when}, the ledger has {told}: nobody here sent the rest"
                yield _drift(company.tenant_id, "usage_extra", f"{unit} {when}", words)
                continue
            async with self._books.of(company.tenant_id) as room:
                events = await room.meters.sent_in(company.tenant_id, unit, hour)
            safe = [
                event
                for event, sent_at in events
                if may_send_again(counted=counted, sent_at=sent_at, now=now)
            ]
            await self._send_again(customer_id, safe)
            yield _usage_drift(
                company.tenant_id, unit, when, told, counted, all_safe=len(safe) == len(events)
            )

    async def _send_again(self, customer_id: str, events: list[MeterEvent]) -> None:
        for event in events:
            await self._payments.report(event, customer_id=customer_id, at=event.accounted_at)


def _drift(company_id: str, kind: DriftKind, subject: str, sentence: str) -> Drift:
    return Drift(company_id, kind, subject, sentence)


def _invoice_drift(ours: Invoice | None, theirs: Invoice) -> tuple[DriftKind | None, str]:
    if ours is None:
        return ("invoice_missing", "was not in the ledger") if theirs.is_written else (None, "")
    different = invoice_differences(ours, theirs)
    return ("invoice_differs", f"differs in {', '.join(different)}") if different else (None, "")


def _usage_drift(company_id: str, unit: Unit, when: str, told: int, counted: int, *, all_safe: bool) -> Drift:
    said = f"the meter of {unit} counted {counted} at {when}, the ledger sent {told}"
    if all_safe:
        words = f"{said}: it was sent again under the same identifiers"
        return Drift(company_id, "usage_missing", f"{unit} {when}", words, mended=True)
    words = f"{said}, and some of it is too old to be sent again without counting twice: adjust it at Stripe"
    return Drift(company_id, "usage_uncertain", f"{unit} {when}", words)


def _subject(ours: Subscription | None, theirs: Subscription | None) -> str:
    known = theirs or ours
    return known.subscription_id if known is not None else "none"
