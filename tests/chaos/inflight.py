"""What is under way at a moment: messages at the broker, rows in the outboxes, effects claimed, requests unanswered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
import httpx
from house import House


@dataclass(frozen=True)
class InFlight:
    """What is under way in one service, or in all."""

    unacked: int
    ready: int
    outbox: int
    """Rows that are due."""
    waiting: int
    """Rows for later: timers and retries."""
    parked: int
    effects: int
    requests: int = 0

    @property
    def nothing(self) -> bool:
        """Whether a kill now would meet no work."""
        return not (self.unacked or self.ready or self.outbox or self.effects or self.requests)

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do, now or later; what is parked waits for a human."""
        return not (self.unacked or self.ready or self.outbox or self.waiting)

    def __str__(self) -> str:
        words = [
            f"{self.unacked} unacked", f"{self.ready} ready", f"{self.outbox} outbox rows due",
            f"{self.waiting} for later", f"{self.effects} effects claimed",
        ]  # fmt: skip
        words += [f"{self.requests} requests open"] if self.requests else []
        words += [f"{self.parked} parked"] if self.parked else []
        return ", ".join(words)


async def in_flight(house: House, services: Sequence[str] | None = None, requests: int = 0) -> InFlight:
    """What is under way in these services, in all unless told. Raises `OSError`, `httpx.HTTPError` or `PostgresError`."""
    names = list(services) if services is not None else list(house.services)
    unacked, ready = await _messages(house, names)
    outbox, waiting, parked, effects = await _rows(house, names)
    return InFlight(unacked, ready, outbox, waiting, parked, effects, requests)


async def _messages(house: House, services: Sequence[str]) -> tuple[int, int]:
    url = f"{house.stack.management_url}/api/queues/{house.vhost}"
    columns = {"columns": "name,messages_ready,messages_unacknowledged"}
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        answer = await http.get(url, params=columns)
    answer.raise_for_status()
    queues = [queue for queue in answer.json() if str(queue["name"]).partition(".")[0] in services]
    return (
        sum(int(queue.get("messages_unacknowledged", 0)) for queue in queues),
        sum(int(queue.get("messages_ready", 0)) for queue in queues),
    )


async def _rows(house: House, services: Sequence[str]) -> tuple[int, int, int, int]:
    each = " union all ".join(
        f"select (select count(*) from {schema}.outbox where parked_for is null and publish_at <= now()) as due, "
        f"(select count(*) from {schema}.outbox where parked_for is null and publish_at > now()) as later, "
        f"(select count(*) from {schema}.outbox where parked_for is not null) as parked, "
        f"(select count(*) from {schema}.effects where state = 'claimed') as effects"
        for schema in (name.replace("-", "_") for name in services)
    )
    connection = await asyncpg.connect(house.database_url, timeout=10)
    try:
        row = await connection.fetchrow(
            f"select sum(due), sum(later), sum(parked), sum(effects) from ({each}) as every_service"
        )
    finally:
        await connection.close()
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2]), int(row[3])
