"""A replica of our own form that does as it is told: `/health` and `/metrics` that are well, ill, late or nonsense."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chassis.metrics import Metrics

Mood = Literal["well", "failing", "hanging", "garbage", "huge", "garbage metrics"]


@dataclass
class FakeReplica:
    """One replica; change it as the test goes on."""

    service: str
    process: str
    mood: Mood = "well"
    notes: list[str] = field(default_factory=list[str])
    ahead: timedelta = timedelta(0)
    """By how much its clock is ahead."""
    uptime: float = 1000.0
    looks: int = 0

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.service)
        self.own = CollectorRegistry()
        self.cpu = Counter("process_cpu_seconds_total", "CPU.", registry=self.own)
        self.memory = Gauge("process_resident_memory_bytes", "Memory.", registry=self.own)
        self.memory.set(100 * 1024 * 1024)
        self.other = Counter("somebody_elses_total", "Not kept.", registry=self.own)

    def routes(self, prefix: str = "") -> list[Route]:
        """What it answers."""
        return [Route(f"{prefix}/health", self._health), Route(f"{prefix}/metrics", self._metrics)]

    async def _health(self, _: Request) -> Response:
        self.looks += 1
        match self.mood:
            case "hanging":
                await asyncio.sleep(30)
            case "garbage":
                return Response("<html>Wartungsarbeiten</html>", media_type="text/html")
            case "huge":
                return Response(b"x" * 10_000_000)
            case "well" | "failing" | "garbage metrics":
                pass
        status = "fail" if self.mood == "failing" else "pass"
        report = {
            "status": status, "service": self.service, "version": "1", "uptime_s": self.uptime, "notes": self.notes,
            "process": self.process, "time": (datetime.now(UTC) + self.ahead).isoformat(),
            "checks": {"database": {"latency_ms": 1.5}, "outbox": {"pending": 0, "oldest_s": 0.0}},
        }  # fmt: skip
        return JSONResponse(report, 503 if status == "fail" else 200)

    async def _metrics(self, request: Request) -> Response:
        if self.mood == "garbage metrics":
            return Response('frontdesk_requests{service="ocr" 1\n')
        content, media_type = self.metrics.accepted(request.headers.get("accept", ""))
        if content.endswith(b"# EOF\n"):
            content = content.removesuffix(b"# EOF\n") + openmetrics.generate_latest(self.own)
        else:
            content += generate_latest(self.own)
        return Response(content, headers={"Content-Type": media_type})
