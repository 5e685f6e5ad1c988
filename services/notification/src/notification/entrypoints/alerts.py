"""What notification hears of alerts, and its own notes about telling staff."""

from __future__ import annotations

import structlog

from chassis import Outcome, Router, UnitOfWork
from chassis.errors import EffectUncertain, NeedsTenant, RetryLater
from contracts.operations.v1 import ThresholdExceeded, ThresholdRecovered
from notification.application.carry_notice import CarryNotice
from notification.application.hear_alerts import HearAlerts, IncidentDue
from notification.application.tell_staff import StaffMailDue, StaffPushDue, TellStaff

_log = structlog.get_logger("notification.alerts")


def router(hear: HearAlerts, tell: TellStaff, carry: CarryNotice) -> Router:
    """The handlers."""
    router = Router()

    @router.on(ThresholdExceeded, prefetch=16)
    async def on_threshold_exceeded(event: ThresholdExceeded, unit: UnitOfWork) -> Outcome:
        return await unit.write(hear.exceeded, event, unit.envelope.time)

    @router.on(ThresholdRecovered, prefetch=16)
    async def on_threshold_recovered(event: ThresholdRecovered, unit: UnitOfWork) -> Outcome:
        return await unit.write(hear.recovered, event, unit.envelope.time)

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

    return router
