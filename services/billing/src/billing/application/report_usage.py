"""Tell Stripe's meters what was used: each record once, however long Stripe was away.

A record waits in the books until the meter has taken it, and goes under its own id: what was sent and not noted, because
something broke in between, is sent again and counts once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from billing.application.ledger_ports import MeterEvent
from billing.application.ports import Books, Clock, Company
from billing.application.stripe_ports import Payments
from billing.domain.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of a company's waiting records."""

    sent: int = 0
    refused: int = 0


class ReportUsage:
    """`batch` records are sent at a time, some of them at once; the first that Stripe cannot take now ends the round."""

    def __init__(
        self, books: Books, payments: Payments, clock: Clock, *, refused: type[Exception], batch: int = 100, at_once: int = 8
    ) -> None:  # fmt: skip
        self._books = books
        self._payments = payments
        self._clock = clock
        self._refused = refused
        self._batch = batch
        self._at_once = at_once

    async def __call__(self, tenant_id: str) -> Reported:
        """Send all that waits. Raises what Stripe's failures are; what was taken before is noted."""
        total = Reported()
        while True:
            async with self._books.of(tenant_id) as room:
                company = await room.companies.found(tenant_id)
                waiting = await room.meters.waiting(tenant_id, self._batch)
            if company is None or company.subscription is None or not waiting:
                return total
            round_ = await self._send(company, company.subscription, waiting)
            total = Reported(total.sent + round_.sent, total.refused + round_.refused)

    async def _send(
        self, company: Company, subscription: Subscription, waiting: Sequence[MeterEvent]
    ) -> Reported:
        now = self._clock()
        open_from = subscription.open_since(now)
        gate = asyncio.Semaphore(self._at_once)
        taken: list[MeterEvent] = []
        refused: list[tuple[MeterEvent, str]] = []

        async def send(event: MeterEvent) -> None:
            async with gate:
                try:
                    await self._payments.report(
                        event, customer_id=subscription.customer_id, at=max(event.accounted_at, open_from)
                    )
                except self._refused as error:
                    refused.append((event, str(error)))
                else:
                    taken.append(event)

        outcomes = await asyncio.gather(*(send(each) for each in waiting), return_exceptions=True)
        async with self._books.of(company.tenant_id) as room:
            if taken:
                await room.meters.sent(company.tenant_id, taken, open_from=open_from, at=now)
            for event, reason in refused:
                await room.meters.refused(company.tenant_id, event.usage_id, reason)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return Reported(len(taken), len(refused))
