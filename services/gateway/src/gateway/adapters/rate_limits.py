"""Counting of requests, by the library `limits`: in this process, or in Redis, where several replicas share it."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from gateway.domain.rate_limits import Policy, Standing

PATIENCE = 0.25
"""A Redis that takes longer is as good as none."""
AWAY_SECONDS = 10.0
_log = structlog.get_logger("gateway.limits")


class SlidingWindows:
    """The port `Counter`. With Redis down each replica counts for itself, and says so: a limit is no lock."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared: SlidingWindowCounterRateLimiter | None = None
        if url != "memory://":
            storage = RedisStorage(
                f"async+{url}", implementation="redispy",
                socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE,
            )  # fmt: skip
            self._shared = SlidingWindowCounterRateLimiter(storage)
        self._away_until: float | None = None

    async def take(self, policy: Policy, who: str) -> Standing:
        """Count one request; `Standing.allowed` says whether there was room for it."""
        item = RateLimitItemPerSecond(policy.amount, policy.seconds, namespace=f"frontdesk-{policy.name}")
        if self._shared is not None and (self._away_until is None or self._clock() >= self._away_until):
            try:
                standing = await _take(self._shared, item, policy, who)
            except (RedisError, OSError) as error:
                self._went_away(error)
            else:
                self._came_back()
                return standing
        return await _take(self._own, item, policy, who)

    def notes(self) -> list[str]:
        """What /health should say."""
        if self._away_until is None:
            return []
        return [
            "Redis does not answer: each replica counts requests for itself, so limits are wider than they say"
        ]

    def _went_away(self, error: Exception) -> None:
        if self._away_until is None:
            _log.warning(
                "Redis does not answer; requests are counted in this process", error=type(error).__name__
            )
        self._away_until = self._clock() + AWAY_SECONDS

    def _came_back(self) -> None:
        if self._away_until is not None:
            _log.info("Redis answers again; requests are counted there")
        self._away_until = None


async def _take(
    limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, policy: Policy, who: str
) -> Standing:
    allowed = await limiter.hit(item, who)
    stats = await limiter.get_window_stats(item, who)
    return Standing(policy, allowed, max(0, stats.remaining), max(0.0, stats.reset_time - time.time()))
