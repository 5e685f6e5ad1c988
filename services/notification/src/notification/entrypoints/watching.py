"""The dead-man's switch: what it hears, and its timer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from chassis import Outcome, Router, UnitOfWork, Units
from contracts.operations.v1 import FLEET, WatchKept
from notification.application.alert_ports import Queue
from notification.application.keep_watch import KeepWatch, WatchLapsed


def router(watch: KeepWatch, queue: Queue) -> Router:
    """The handlers."""
    router = Router()

    @router.on(WatchKept, prefetch=4)
    async def on_watch_kept(event: WatchKept, unit: UnitOfWork) -> Outcome:
        return await unit.write(watch.kept, event)

    @router.on_timer(WatchLapsed, prefetch=1)
    async def on_watch_lapsed(due: WatchLapsed, unit: UnitOfWork) -> Outcome:
        return await unit.write(watch.lapsed, due, await queue.waiting())

    return router


def armed(units: Units, watch: KeepWatch, expected: timedelta | None) -> Callable[[], Awaitable[None]]:
    """At each start the switch is armed anew: a timer that was lost with a dead letter would never go off."""

    async def run() -> None:
        async with units.begin(FLEET) as transaction:
            transaction.say(*await watch.begin(transaction.session, expected))
        await asyncio.Event().wait()

    return run
