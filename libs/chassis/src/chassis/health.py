"""`/health` (application/health+json), `/livez`, `/readyz` and `/metrics` of every service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Literal

import psutil
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from chassis.broker import Broker
from chassis.database import Database
from chassis.dead_letters import DeadLetters
from chassis.errors import OurOutage
from chassis.hearing import Ear
from chassis.metrics import PROCESS, Metrics
from chassis.outbox import Outbox

Status = Literal["pass", "warn", "fail"]
OLD_SECONDS = 60.0
"""A due outbox row older than this is a warning."""
LOOK_SECONDS = 5.0
"""After how long a look at the database is given up: whoever asks for health has a time limit of his own."""
SHORTEST_SECONDS = 0.5
"""Over less than this a share of the processor says nothing: who asks again sooner is told the same."""


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


class DeadLettersCheck(BaseModel):
    """Messages that could not be handled and wait for somebody; None when the database does not answer."""

    waiting: int | None


class Checks(BaseModel):
    """The single checks."""

    cpu: CpuCheck
    memory: MemoryCheck
    database: DatabaseCheck
    broker: BrokerCheck
    outbox: OutboxCheck
    dead_letters: DeadLettersCheck


class HealthReport(BaseModel):
    """The one form of health of every service."""

    status: Status
    service: str
    version: str
    process: str
    time: datetime
    uptime_s: float
    checks: Checks
    notes: list[str]


@dataclass(frozen=True, slots=True)
class _Stored:
    """What a look at the database found."""

    latency: float
    pending: int
    oldest: float
    dead: Mapping[str, int]


class ProcessorShare:
    """How much of a processor this process took since the last look; 200 % are two processors."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._looked = monotonic()
        self._worked = self._seconds()
        self._percent = 0.0

    def percent(self) -> float:
        """The share in percent since the last look, or since the process began to be looked at."""
        now, worked = monotonic(), self._seconds()
        if now - self._looked >= SHORTEST_SECONDS:
            self._percent = 100 * (worked - self._worked) / (now - self._looked)
            self._looked, self._worked = now, worked
        return round(self._percent, 1)

    def memory(self) -> MemoryCheck:
        """The memory of the process."""
        percent = round(self._process.memory_percent(), 2)
        return MemoryCheck(rss_bytes=self._process.memory_info().rss, percent=percent)

    def _seconds(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system


@dataclass(slots=True)
class Health:
    """Looks at what a service stands on."""

    service: str
    version: str
    database: Database
    broker: Broker
    outbox: Outbox
    dead_letters: DeadLetters
    metrics: Metrics
    ears: Callable[[], Sequence[Ear]]
    notes: Callable[[], Sequence[str]]
    began: float
    processor: ProcessorShare = field(default_factory=ProcessorShare)

    async def report(self) -> HealthReport:
        """Look at everything; takes no longer than the slowest time limit."""
        stored = await self._look()
        ears = self.ears()
        listening = sum(ear.listening for ear in ears)
        connected = await self.broker.connected()
        notes = list(self.notes())
        if stored is None:
            notes.append("the database does not answer")
        if not connected:
            notes.append("the broker does not answer")
        elif listening < len(ears):
            notes.append("not heard: " + ", ".join(ear.queue for ear in ears if not ear.listening))
        if stored is not None and stored.oldest > OLD_SECONDS:
            notes.append(f"the oldest due outbox row waits for {stored.oldest:.0f} s")
        status: Status = "pass"
        if notes:
            status = "warn"
        if stored is None or not connected:
            status = "fail"
        return HealthReport(
            status=status,
            service=self.service,
            version=self.version,
            process=PROCESS,
            time=datetime.now(UTC),
            uptime_s=round(monotonic() - self.began, 1),
            checks=Checks(
                cpu=CpuCheck(percent=self.processor.percent()),
                memory=self.processor.memory(),
                database=DatabaseCheck(
                    latency_ms=round(stored.latency * 1000, 2) if stored else None,
                    pool_in_use=self.database.in_use,
                    pool_size=self.database.pool_size,
                ),
                broker=BrokerCheck(connected=connected, consumers=listening, expected=len(ears)),
                outbox=OutboxCheck(
                    pending=stored.pending if stored else None,
                    oldest_s=round(stored.oldest, 1) if stored else None,
                ),
                dead_letters=DeadLettersCheck(waiting=sum(stored.dead.values()) if stored else None),
            ),
            notes=notes,
        )

    async def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """What Prometheus reads and its media type, after a look of its own: nobody need have asked for the health."""
        await self._look()
        self.metrics.pool(self.database.in_use, self.database.pool_size)
        return self.metrics.accepted(accept)

    async def _look(self) -> _Stored | None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                latency = await self.database.latency()
                pending, oldest = await self.outbox.state()
                dead = await self.dead_letters.waiting()
        except (OurOutage, TimeoutError):
            self.metrics.stored_unknown()
            return None
        self.metrics.stored(seconds=latency, pending=pending, oldest=oldest, dead=dead)
        return _Stored(latency, pending, oldest, dead)

    def router(self) -> APIRouter:
        """The public routes; they ask for no token."""
        router = APIRouter(tags=["operations"])

        @router.get("/health", response_model=HealthReport, summary="How the service is")
        async def health() -> Response:
            report = await self.report()
            status = 503 if report.status == "fail" else 200
            return JSONResponse(report.model_dump(mode="json"), status, media_type="application/health+json")

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
        async def metrics(request: Request) -> Response:
            content, media_type = await self.exposition(request.headers.get("accept", ""))
            return Response(content, headers={"Content-Type": media_type})

        return router
