"""The journal over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from chassis import Session, Units
from chassis.http import Problem, tenant_of
from reporting.application.ports import Entry, Journal

Tenant = Annotated[str, Depends(tenant_of)]


class JournalPage(BaseModel):
    """Entries in order; ask again with `after` = the last position."""

    entries: list[Entry]


def router(units: Units, journal_of: Callable[[Session], Journal]) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1/journal")

    @router.get("", summary="What was said, in order")
    async def list_entries(
        tenant_id: Tenant,
        correlation_id: str | None = None,
        subject: Annotated[str | None, Query(description="An aggregate, such as lead/0198….")] = None,
        type: Annotated[str | None, Query(description="A routing key.")] = None,  # noqa: A002 — the attribute's name in CloudEvents
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> JournalPage:
        async with units.reading(tenant_id) as session:
            entries = await journal_of(session).entries(
                correlation_id=correlation_id, subject=subject, kind=type, after=after, limit=limit
            )
        return JournalPage(entries=entries)

    @router.get("/stories/{reference:path}", summary="The whole story of a correlation id or of lead/ID")
    async def show_story(
        # The format tells the gateway that this part of the path may hold slashes.
        reference: Annotated[str, Path(json_schema_extra={"format": "path"})],
        tenant_id: Tenant,
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
    ) -> JournalPage:
        async with units.reading(tenant_id) as session:
            entries = await journal_of(session).story(reference, after=after, limit=limit)
        if not entries and not after:
            raise Problem(
                404, "No such story", f"the journal of tenant {tenant_id} knows nothing of {reference}"
            )
        return JournalPage(entries=entries)

    return router
