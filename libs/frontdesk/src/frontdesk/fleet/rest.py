"""Whether a fleet in this process is at rest: nothing that was said is still to be handled, and nothing waits to be said."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import asyncpg

from chassis import Service

REST_SECONDS = 30.0
_HANDLED = "frontdesk_messages_handled_total"
_PUBLISHED = "frontdesk_messages_published_total"
_SETTLED = {"done", "duplicate", "dead"}


async def until_at_rest(services: Sequence[Service], *, within: float = REST_SECONDS) -> None:
    """Wait until every message that a service said was settled by each of its hearers and every outbox is empty.

    An outbox holds what is to be published, retries and timers, so nothing can follow but from outside. Timers that are
    due later than `within` seconds from now are left out: a watch that may lapse, a licence that may end. The services
    must have begun with an empty broker and an empty database. Raises `TimeoutError` that says what is under way.
    """
    database = await asyncpg.connect(services[0].settings.database_url.get_secret_value())
    try:
        async with asyncio.timeout(within):
            while await _waiting(database, services, within) or under_way(services):
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        waiting = await _waiting(database, services, within)
        raise TimeoutError(
            f"the house is not at rest after {within:.0f} s: under way {under_way(services)}, in outboxes {waiting}"
        ) from error
    finally:
        await database.close()


def under_way(services: Sequence[Service]) -> dict[str, int]:
    """How many deliveries of each message are still to be settled, where there are any."""
    said, settled, put_back = Counter[str](), Counter[str](), Counter[str]()
    for service in services:
        for metric in service.metrics.registry.collect():
            for sample in metric.samples:
                message = sample.labels.get("message", "")
                if sample.name == _PUBLISHED:
                    said[message] += int(sample.value)
                elif sample.name == _HANDLED:
                    final = sample.labels["outcome"] in _SETTLED
                    (settled if final else put_back)[message] += int(sample.value)
    # What was put back (to be retried, parked, yielded) was said once more, to one hearer alone.
    owed = {
        key: (count - put_back[key]) * hearers(services, key) - settled[key] for key, count in said.items()
    }
    return {key: count for key, count in owed.items() if count > 0}


def hearers(services: Sequence[Service], key: str) -> int:
    """How many hearings take a message; a timer's routing key is the name of its one queue."""
    hearings = [(service.name, hearing) for service in services for hearing in service.router.hearings]
    if any(hearing.queue(name) == key for name, hearing in hearings):
        return 1
    return sum(hearing.binding in (key, "#") for _, hearing in hearings)


async def _waiting(
    database: asyncpg.Connection, services: Sequence[Service], within: float
) -> dict[str, list[str]]:
    """What the outboxes hold, by service; no timers that are due later than in so many seconds."""
    found: dict[str, list[str]] = {}
    for service in services:
        rows = await database.fetch(
            f'select routing_key from "{service.schema}".outbox '  # noqa: S608 (our own schema)
            f"where routing_key not like '%.timer.%' or publish_at < now() + $1 * interval '1 second'",
            within,
        )
        if rows:
            found[service.name] = [str(row["routing_key"]) for row in rows]
    return found
