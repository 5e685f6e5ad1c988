"""`/health` (application/health+json), `/livez`, `/readyz` and `/metrics` of every service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Literal

import psutil
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from chassis.broker import Broker
from chassis.database import Database
from chassis.errors import OurOutage
from chassis.hearing import Ear
from chassis.metrics import Metrics
from chassis.outbox import Outbox

Status = Literal["pass", "warn", "fail"]
OLD_SECONDS = 60.0
"""A due outbox row older than this is a warning."""


class CpuCheck(BaseModel):
    """Load of the process."""

    percent: float


class MemoryCheck(BaseModel):
    """Memory of the process."""

    rss_bytes: int
    percent: float


class DatabaseCheck(BaseModel):
    """The database, as this process sees it; no latency when it does not answer."""

    latency_ms: float | None
    pool_in_use: int
    pool_size: int


class BrokerCheck(BaseModel):
    """The broker, and how many of the declared consumers are live."""

    connected: bool
    consumers: int
    expected: int


class OutboxCheck(BaseModel):
    """What waits to be published."""

    pending: int | None
    oldest_s: float | None


class Checks(BaseModel):
    """The single checks."""

    cpu: CpuCheck
    memory: MemoryCheck
    database: DatabaseCheck
    broker: BrokerCheck
    outbox: OutboxCheck


class HealthReport(BaseModel):
    """The one form of health of every service."""

    status: Status
    service: str
    version: str
    uptime_s: float
    checks: Checks
    notes: list[str]


@dataclass(slots=True)
class Health:
    """Looks at what a service stands on."""

    service: str
    version: str
    database: Database
    broker: Broker
    outbox: Outbox
    metrics: Metrics
    ears: Callable[[], Sequence[Ear]]
    notes: Callable[[], Sequence[str]]
    began: float

    async def report(self) -> HealthReport:
        """Look at everything; takes no longer than the slowest time limit."""
        process = psutil.Process()
        latency: float | None = None
        pending: int | None = None
        oldest: float | None = None
        try:
            latency = await self.database.latency() * 1000
            pending, oldest = await self.outbox.state()
            self.metrics.outbox_pending(pending)
        except OurOutage:
            latency = None
        ears = self.ears()
        listening = sum(ear.listening for ear in ears)
        connected = await self.broker.connected()
        notes = list(self.notes())
        if latency is None:
            notes.append("the database does not answer")
        if not connected:
            notes.append("the broker does not answer")
        elif listening < len(ears):
            notes.append("not heard: " + ", ".join(ear.queue for ear in ears if not ear.listening))
        if oldest is not None and oldest > OLD_SECONDS:
            notes.append(f"the oldest due outbox row waits for {oldest:.0f} s")
        status: Status = "pass"
        if notes:
            status = "warn"
        if latency is None or not connected:
            status = "fail"
        return HealthReport(
            status=status,
            service=self.service,
            version=self.version,
            uptime_s=round(monotonic() - self.began, 1),
            checks=Checks(
                cpu=CpuCheck(percent=process.cpu_percent()),
                memory=MemoryCheck(
                    rss_bytes=process.memory_info().rss, percent=round(process.memory_percent(), 2)
                ),
                database=DatabaseCheck(
                    latency_ms=round(latency, 2) if latency is not None else None,
                    pool_in_use=self.database.in_use,
                    pool_size=self.database.pool_size,
                ),
                broker=BrokerCheck(connected=connected, consumers=listening, expected=len(ears)),
                outbox=OutboxCheck(
                    pending=pending, oldest_s=round(oldest, 1) if oldest is not None else None
                ),
            ),
            notes=notes,
        )

    def router(self) -> APIRouter:
        """The public routes; they ask for no token."""
        router = APIRouter(tags=["operations"])

        @router.get("/health", response_model=HealthReport, summary="How the service is")
        async def health() -> Response:
            report = await self.report()
            status = 503 if report.status == "fail" else 200
            return JSONResponse(report.model_dump(), status, media_type="application/health+json")

        @router.get("/livez", summary="The process runs")
        async def livez() -> dict[str, str]:
            return {"status": "pass"}

        @router.get("/readyz", summary="Every declared consumer is there, broker and database answer")
        async def readyz() -> Response:
            report = await self.report()
            ready = (
                report.status != "fail" and report.checks.broker.consumers == report.checks.broker.expected
            )
            return JSONResponse({"ready": ready, "notes": report.notes}, 200 if ready else 503)

        @router.get("/metrics", summary="For Prometheus")
        async def metrics() -> Response:
            return Response(self.metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")

        return router
