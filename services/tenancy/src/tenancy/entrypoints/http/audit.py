"""Who changed what: a tenant's audit."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel

from chassis.http import scope
from tenancy.application.ports import AuditQuery, UnknownTenant
from tenancy.domain.permissions import FLEET
from tenancy.entrypoints.http.desk import Desk, TenantId, problems
from tenancy.entrypoints.http.documents import AuditLine, Document, Words


def _within_time(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is beyond the years 1 to 9999") from error


Moment = Annotated[AwareDatetime, AfterValidator(_within_time)]


class AuditPage(BaseModel):
    """Changes, newest first; ask again with `before` = `next`."""

    entries: list[AuditLine]
    next: str | None


class AuditParameters(Document):
    """Which changes are asked for; what is not given fits all."""

    actor: Words | None = None
    action: Words | None = None
    subject: Words | None = None
    since: Moment | None = None
    until: Moment | None = None
    before: Words | None = None
    limit: Annotated[int, Query(ge=1, le=1000)] = 100

    def query(self) -> AuditQuery:
        """The parameters in our own terms."""
        return AuditQuery(**self.model_dump(exclude={"limit"}))


def audit_router(desk: Desk) -> APIRouter:
    """A tenant's audit."""
    router = APIRouter(prefix="/api/v1/tenants/{tenant_id}/audit", tags=["audit"])

    @router.get("", summary="Who changed what, newest first", openapi_extra=scope("audit:read"))
    async def show_audit(tenant_id: TenantId, parameters: Annotated[AuditParameters, Query()]) -> AuditPage:
        with problems():
            async with desk.units.reading(tenant_id) as session:
                records = desk.records(session)
                if tenant_id != FLEET and await records.tenant(tenant_id) is None:
                    raise UnknownTenant(tenant_id)
                rows = await records.audit(tenant_id, parameters.limit, parameters.query())
        entries = [AuditLine.model_validate(asdict(row)) for row in rows]
        return AuditPage(entries=entries, next=entries[-1].id if len(rows) == parameters.limit else None)

    return router
