"""Notification's notes to itself, its regular look at held letters, and the switch that is armed at the start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from chassis import Outcome, Router, UnitOfWork, Units
from chassis.errors import DeliveryError, EffectUncertain, NeedsTenant, RetryLater
from contracts.operations.v1 import FLEET
from notification.application.alert_ports import Queue
from notification.application.carry_notice import CarryNotice
from notification.application.hear_alerts import IncidentDue
from notification.application.keep_watch import KeepWatch, WatchLapsed
from notification.application.release_held import ReleaseHeld
from notification.application.tell_agent import NoticeDue, TellAgent
from notification.application.tell_staff import StaffMailDue, StaffPushDue, TellStaff

_log = structlog.get_logger("notification.timers")


def of_companies(tell: TellAgent) -> Router:
    """Notes about what an agent must know."""
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


def of_the_fleet(tell: TellStaff, carry: CarryNotice, watch: KeepWatch, queue: Queue) -> Router:
    """Notes about what staff must know."""
    router = Router()

    @router.on_timer(IncidentDue, prefetch=8)
    async def on_incident_due(due: IncidentDue, unit: UnitOfWork) -> Outcome:
        return await unit.write(tell.look, due.incident_id)

    @router.on_timer(StaffMailDue, prefetch=16)
    async def on_staff_mail_due(due: StaffMailDue, unit: UnitOfWork) -> Outcome | None:
        try:
            delivery = await carry.mail(due, unit)
        except EffectUncertain as error:
            _log.error("whether a notice reached a member of staff is not known", notice_id=due.notice_id)
            delivery = await carry.uncertain(due, str(error))
        except NeedsTenant as error:
            # The account is the operator's own: nobody says when it was mended.
            raise RetryLater(f"the fleet's own mail server cannot be used: {error}") from error
        return None if delivery is None else await unit.write(carry.keep, delivery)

    @router.on_timer(StaffPushDue, prefetch=16)
    async def on_staff_push_due(due: StaffPushDue, unit: UnitOfWork) -> Outcome | None:
        delivery = await carry.push(due, unit)
        return None if delivery is None else await unit.write(carry.keep, delivery)

    @router.on_timer(WatchLapsed, prefetch=1)
    async def on_watch_lapsed(due: WatchLapsed, unit: UnitOfWork) -> Outcome:
        return await unit.write(watch.lapsed, due, await queue.waiting())

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


def armed(units: Units, watch: KeepWatch, expected: timedelta | None) -> Callable[[], Awaitable[None]]:
    """At each start the switch is armed anew: a timer that was lost with a dead letter would never go off."""

    async def run() -> None:
        async with units.begin(FLEET) as transaction:
            transaction.say(*await watch.begin(transaction.session, expected))
        await asyncio.Event().wait()

    return run
