"""The Observer's own loops: the watch, its sign of life; advice and reports."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import structlog

from observer.application.advise_scaling import AdviseScaling
from observer.application.ports import Clock, WatchOutage
from observer.application.report_bottlenecks import ReportBottlenecks
from observer.domain.findings import Report, ReportKind

_log = structlog.get_logger("observer.advice")


def regularly(work: Callable[[], Awaitable[object]], *, seconds: float) -> Callable[[], Awaitable[None]]:
    """Do it for ever, every `seconds`; what takes longer begins anew at once, and never twice at a time."""

    async def run() -> None:
        while True:
            began = monotonic()
            await work()
            await asyncio.sleep(max(seconds - (monotonic() - began), 0.0))

    return run


@dataclass(frozen=True, slots=True)
class AdviseAlways:
    """Judges all services, and checks old advice."""

    advise: AdviseScaling

    async def turn(self) -> None:
        """Advise and check; an outage of what is read costs a turn and no more."""
        try:
            await self.once()
        except WatchOutage as outage:
            _log.warning("no advice this time: what was measured cannot be read", error=str(outage))

    async def once(self) -> None:
        """Advise and check once."""
        for advice in await self.advise.all():
            _log.info(
                "advice",
                service=advice.service,
                verdict=advice.verdict,
                replicas=advice.replicas,
                why=advice.reason.en,
            )
        for advice in await self.advise.check():
            outcome = advice.outcome
            assert outcome is not None
            _log.info(
                "advice was checked", service=advice.service, p95_predicted=advice.p95_predicted, p95_measured=outcome.p95,
                error_percent=round(outcome.error, 1), model_error_percent=outcome.model_error,
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReportOnTime:
    """Makes the daily and the weekly report at their hour (UTC), and follows findings up in between.

    Whether one is due is told by the last one that is kept: a restart makes none twice and leaves none out.
    """

    reports: ReportBottlenecks
    clock: Clock
    hour: int
    every: Sequence[ReportKind] = ("daily", "weekly")

    async def turn(self) -> None:
        """Report what is due; an outage of what is read costs a turn and no more."""
        try:
            await self.once()
        except WatchOutage as outage:
            _log.warning("no report this time: what was measured cannot be read", error=str(outage))

    async def once(self) -> list[Report]:
        """Make what is due."""
        now, made = self.clock(), list[Report]()
        for kind in self.every:
            if await self.reports.is_due(kind, due_at(kind, now, self.hour)):
                made.append(await self.reports.make(kind))
                _log.info("report published", report_id=made[-1].report_id, summary=made[-1].summary.en)
        if now.minute % 5 == 0:
            for finding in await self.reports.follow_up():
                _log.info("finding followed up", finding_id=finding.finding_id, state=finding.state)
        return made


def due_at(kind: ReportKind, now: datetime, hour: int) -> datetime:
    """The last moment at which such a report was due: every day at that hour, every Monday at that hour."""
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    last = today if today <= now else today - timedelta(days=1)
    return last if kind == "daily" else last - timedelta(days=last.weekday())
