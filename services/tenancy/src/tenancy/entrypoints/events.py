"""What tenancy hears: licences, from billing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chassis import Outcome, Router, Session, UnitOfWork
from chassis.errors import NeverRetry
from contracts.envelope import Event
from contracts.tenants.v1 import LicenceChanged
from tenancy.application.ports import TenantRecords, UnknownTenant
from tenancy.application.take_licence import take_licence
from tenancy.domain.licence import Licence


def router(records: Callable[[Session], TenantRecords]) -> Router:
    """The handlers; each locks its tenant, so none is grouped."""
    router = Router()

    @router.on(LicenceChanged)
    async def on_licence_changed(event: LicenceChanged, unit: UnitOfWork) -> Outcome:
        licence = Licence(
            event.version,
            event.status,
            event.plan,
            event.reason,
            event.features,
            event.limits,
            event.valid_until,
        )

        async def write(session: Session) -> Iterable[Event]:
            return await take_licence(records(session), unit.tenant_id, licence)

        try:
            return await unit.write(write)
        except UnknownTenant as error:
            raise NeverRetry(str(error)) from error

    return router
