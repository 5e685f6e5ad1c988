"""One look at a replica over HTTP: `/health`, and `/metrics`; within a time limit, of a body within bounds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Literal

import httpx
from pydantic import AwareDatetime, BaseModel, ValidationError

from observer.adapters.clients import TooLarge, client, read
from observer.adapters.exposition import Garbled, samples_of
from observer.domain.fleet import Address, HealthSeen, Look

HEALTH_BYTES = 256 * 1024
METRICS_BYTES = 8 * 1024 * 1024


class _Cpu(BaseModel):
    percent: float | None = None


class _Memory(BaseModel):
    rss_bytes: float | None = None


class _Database(BaseModel):
    latency_ms: float | None = None
    pool_in_use: int | None = None
    pool_size: int | None = None


class _Broker(BaseModel):
    connected: bool | None = None
    consumers: int | None = None
    expected: int | None = None


class _Outbox(BaseModel):
    pending: int | None = None
    oldest_s: float | None = None


class _DeadLetters(BaseModel):
    waiting: int | None = None


class _Checks(BaseModel):
    cpu: _Cpu = _Cpu()
    memory: _Memory = _Memory()
    database: _Database = _Database()
    broker: _Broker = _Broker()
    outbox: _Outbox = _Outbox()
    dead_letters: _DeadLetters | int | None = None


class _Health(BaseModel):
    """What of the one form of health is read; a replica of another version may say less, or more."""

    status: Literal["pass", "warn", "fail"]
    version: str = ""
    uptime_s: float = 0.0
    notes: list[str] = []
    process: str | None = None
    time: AwareDatetime | None = None
    checks: _Checks = _Checks()


class HttpReplicas:
    """The port `Replicas`."""

    def __init__(self, *, seconds: float, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._seconds = seconds
        self._clock = clock
        self._http = client(seconds=seconds, connections=256)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def look(self, address: Address, *, metrics: bool) -> Look:
        """Ask one replica. Whatever it does is part of the look."""
        began = monotonic()
        try:
            _, body = await read(
                self._http, f"{address.url}/health", seconds=self._seconds, most=HEALTH_BYTES
            )
        except (httpx.HTTPError, TimeoutError, TooLarge) as error:
            failing = "garbled" if isinstance(error, TooLarge | httpx.DecodingError) else "silent"
            return Look(address, self._clock(), monotonic() - began, failing=failing, failure=_words(error))
        seconds, at = monotonic() - began, self._clock()
        try:
            health = _seen(_Health.model_validate_json(body))
        except (ValidationError, UnicodeDecodeError):
            return Look(address, at, seconds, failing="garbled", failure="/health is not of our form")
        if not metrics:
            return Look(address, at, seconds, health)
        return await self._with_metrics(address, at, seconds, health)

    async def _with_metrics(self, address: Address, at: datetime, seconds: float, health: HealthSeen) -> Look:
        try:
            status, body = await read(
                self._http, f"{address.url}/metrics", seconds=self._seconds, most=METRICS_BYTES
            )
            if status != 200:
                raise Garbled(f"/metrics answers {status}")
            process = health.process or address.instance
            samples = samples_of(body.decode(), at, instance=address.instance, process=process)
        except (httpx.HTTPError, TimeoutError) as error:
            return Look(address, at, seconds, health, failing="silent", failure=f"/metrics: {_words(error)}")
        except (Garbled, TooLarge, UnicodeDecodeError) as error:
            return Look(address, at, seconds, health, failing="garbled", failure=str(error)[:200])
        return Look(address, at, seconds, health, tuple(samples))


def _seen(health: _Health) -> HealthSeen:
    checks = health.checks
    letters = checks.dead_letters
    return HealthSeen(
        status=health.status, version=health.version, uptime_seconds=health.uptime_s,
        notes=tuple(note[:300] for note in health.notes[:20]), process=health.process, time=health.time,
        cpu_percent=checks.cpu.percent, memory_bytes=checks.memory.rss_bytes,
        database_ms=checks.database.latency_ms, pool_in_use=checks.database.pool_in_use,
        pool_size=checks.database.pool_size, broker_connected=checks.broker.connected,
        consumers=checks.broker.consumers, consumers_expected=checks.broker.expected,
        outbox_pending=checks.outbox.pending, outbox_oldest_seconds=checks.outbox.oldest_s,
        dead_letters=letters.waiting if isinstance(letters, _DeadLetters) else letters,
    )  # fmt: skip


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpx.ConnectError):
        return "nobody listens there"
    if isinstance(error, TooLarge):
        return f"answers {error}"
    return f"the connection broke ({type(error).__name__})"
