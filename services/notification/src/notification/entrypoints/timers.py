"""Notification's notes to itself, and its regular look at held letters."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from chassis import Router, UnitOfWork
from chassis.errors import DeliveryError, EffectUncertain
from notification.application.release_held import ReleaseHeld
from notification.application.tell_agent import NoticeDue, TellAgent

_log = structlog.get_logger("notification.timers")


def router(tell: TellAgent) -> Router:
    """The handlers of notes."""
    router = Router()

    @router.on_timer(NoticeDue)
    async def on_notice_due(due: NoticeDue, unit: UnitOfWork) -> None:
        try:
            carried = await tell(due, unit)
        except EffectUncertain:
            _log.warning("whether a notice reached the agent is not known", kind=due.kind)
            return
        if not carried:
            _log.error(
                "the agent could not be told: no mail server takes the notice; set NOTIFICATION_FLEET_SMTP_HOST",
                kind=due.kind,
            )

    return router


def sweep(
    all_tenants: Callable[[], Awaitable[list[str]]], release: ReleaseHeld, *, seconds: float
) -> Callable[[], Awaitable[None]]:
    """The regular look: a pause of the fleet ends, or an hour passes, without an event."""

    async def run() -> None:
        while True:
            for tenant_id in await all_tenants():
                try:
                    await release(tenant_id)
                except DeliveryError as error:
                    _log.warning(
                        "held letters could not be looked at", tenant_id=tenant_id, error=type(error).__name__
                    )
            await asyncio.sleep(seconds)

    return run
