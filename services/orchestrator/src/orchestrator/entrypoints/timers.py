"""The orchestrator's own timers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from chassis import Outcome, Router, Session, UnitOfWork
from contracts.envelope import Following
from orchestrator.application.await_turn import DraftOverdue, TurnClosing
from orchestrator.application.close_turn import close_turn, give_up_waiting
from orchestrator.application.ports import Clock, Profiles, Records


def router(
    records_of: Callable[[Session, str], Records],
    profiles: Profiles,
    clock: Clock,
    *,
    draft_deadline: timedelta,
) -> Router:
    """A turn's window, and a draft that does not come."""
    router = Router()

    @router.on_timer(TurnClosing)
    async def on_turn_closing(timer: TurnClosing, unit: UnitOfWork) -> Outcome:
        tenant = await profiles.profile(unit.tenant_id)

        async def write(session: Session) -> list[Following]:
            records = records_of(session, unit.tenant_id)
            return await close_turn(
                timer, records=records, tenant=tenant, now=clock(), draft_deadline=draft_deadline
            )

        return await unit.write(write)

    @router.on_timer(DraftOverdue)
    async def on_draft_overdue(timer: DraftOverdue, unit: UnitOfWork) -> Outcome:
        tenant = await profiles.profile(unit.tenant_id)

        async def write(session: Session) -> list[Following]:
            return await give_up_waiting(timer, records=records_of(session, unit.tenant_id), tenant=tenant)

        return await unit.write(write)

    return router
