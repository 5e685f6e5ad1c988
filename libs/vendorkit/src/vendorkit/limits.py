"""How long to wait, how much to read, and how many requests at once."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How long to wait (seconds), how much to read (bytes), how many requests to one host at once."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0
    response_bytes: int = 10 * 1024 * 1024
    per_host: int = 10


class HostGates:
    """Lets a limited number of requests through to each host; share one among the clients of one process."""

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._gates: dict[str, asyncio.Semaphore] = {}

    def of(self, host: str) -> asyncio.Semaphore:
        """The gate of a host, to be entered with `async with`."""
        return self._gates.setdefault(host, asyncio.Semaphore(self._per_host))
