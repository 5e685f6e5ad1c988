"""What billing does by itself: looks at licences when they are due, tells the meters, compares with Stripe by night."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from billing.application.ports import Books, Clock, NotConfigured, Profiles, Room
from billing.application.reconcile import Reconcile
from billing.application.report_usage import ReportUsage
from billing.application.review_licence import LicenceDue, ReviewLicence
from billing.application.stripe_ports import Payments
from billing.application.take_on_company import TakeOnCompany
from chassis import Outcome, Router, Session, UnitOfWork
from chassis.errors import DeliveryError, OurOutage
from contracts.envelope import Following

_log = structlog.get_logger("billing.timers")


def router(room_of: Callable[[Session], Room], review: ReviewLicence) -> Router:
    """Durable notes of when a trial or a grace is over."""
    router = Router()

    @router.on_timer(LicenceDue)
    async def on_licence_due(due: LicenceDue, unit: UnitOfWork) -> Outcome:
        profile = await review.profile(due.tenant_id)

        async def write(session: Session) -> list[Following]:
            return await review(room_of(session), due.tenant_id, profile)

        return await unit.write(write)

    return router


@dataclass(slots=True)
class EveryCompany:
    """Goes over all companies; one that fails stops no other, and /health says which."""

    books: Books
    troubles: dict[str, str] = field(default_factory=dict[str, str])

    async def each(self, what: str, do: Callable[[str], Awaitable[object]]) -> None:
        """Do something for every company."""
        async with self.books.fleet() as directory:
            companies = await directory.companies()
        failed = ""
        for company_id in companies:
            try:
                await do(company_id)
            except (DeliveryError, OurOutage) as error:
                failed = str(error)
                _log.warning(what, tenant_id=company_id, error=failed)
        if failed:
            self.troubles[what] = failed
        else:
            self.troubles.pop(what, None)

    def notes(self) -> list[str]:
        """What did not go well in the last round."""
        return [f"{what}: {why}" for what, why in self.troubles.items()]


@dataclass(frozen=True, slots=True)
class TellMeters:
    """Tells the meters what waits, for ever; after an outage all of it."""

    every: EveryCompany
    report: ReportUsage
    payments: Payments
    seconds: float

    async def run(self) -> None:
        """Tell, and wait."""
        while True:
            if self.payments.configured:
                await self.every.each("the meters are not told", self.report)
            await asyncio.sleep(self.seconds)


@dataclass(frozen=True, slots=True)
class ByNight:
    """Takes on who was missed, and compares every company with Stripe."""

    every: EveryCompany
    take_on: TakeOnCompany
    profiles: Profiles
    reconcile: Reconcile
    clock: Clock
    hour: int

    async def run(self) -> None:
        """Once a night."""
        while True:
            await asyncio.sleep((self._next() - self.clock()).total_seconds())
            await self.once()

    async def once(self) -> None:
        """One night's work."""
        try:
            for tenant_id in await self.profiles.all():
                await self.take_on.enter(tenant_id)
            await self.every.each("Stripe is not compared with the ledger", self.reconcile)
        except (DeliveryError, OurOutage, NotConfigured) as error:
            _log.warning("the night's work ended early", error=str(error))

    def _next(self) -> datetime:
        now = self.clock()
        tonight = now.replace(hour=self.hour, minute=0, second=0, microsecond=0)
        return tonight if tonight > now else tonight + timedelta(days=1)
