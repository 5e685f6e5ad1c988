"""The orchestrator over HTTP: leads, and the drafts that wait for a human."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from chassis import Session, Units
from chassis.http import Caller, Problem, caller_of, tenant_of
from orchestrator.application.look import Desk, DraftView, LeadDetail, LeadView, Place
from orchestrator.application.ports import Profiles, Records
from orchestrator.application.review_draft import NothingToReview, review

Tenant = Annotated[str, Depends(tenant_of)]
SUPERSEDED = {"Deprecation": "@1795132800", "Link": '</api/v2/leads>; rel="successor-version"'}
"""Version 1 of the list goes on as it is; who builds anew takes version 2 (RFC 9745, since 20 November 2026)."""


class Verdict(BaseModel):
    """What a human decides upon a draft."""

    verdict: Literal["send", "drop", "edit"]
    text: str = Field(default="", max_length=20_000, description="For edit: the text that is sent instead.")


class LeadPage(BaseModel):
    """Leads, newest first; ask again with `before` = `next`."""

    leads: list[LeadView]
    next: str | None


class Leads(BaseModel):
    """Version 2 of a page of leads, newest first: ask again with `after` = `next`, until there is none."""

    items: list[LeadView]
    next: str | None = Field(description="Where the next page begins; to be handed back as it is.")


class DraftList(BaseModel):
    """Drafts that wait, oldest first."""

    drafts: list[DraftView]


def router(
    units: Units,
    records_of: Callable[[Session, str], Records],
    desk_of: Callable[[Session], Desk],
    profiles: Profiles,
) -> APIRouter:
    """The routes, of both versions of the API."""
    both = APIRouter()
    both.include_router(_second(units, desk_of))
    router = APIRouter(prefix="/api/v1")

    @router.get("/leads", summary="Leads, newest first", deprecated=True)
    async def list_leads(
        response: Response,
        tenant_id: Tenant,
        state: str | None = None,
        before: Annotated[str | None, Query(description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> LeadPage:
        response.headers.update(SUPERSEDED)
        place = _place(before, "before") if before is not None else None
        async with units.reading(tenant_id) as session:
            leads = await desk_of(session).leads(state=state, before=place, limit=limit)
        return LeadPage(leads=leads, next=_cursor(leads[-1]) if len(leads) == limit else None)

    @router.get("/leads/{lead_id}", summary="One lead with its history, letters, turns and documents")
    async def show_lead(lead_id: str, tenant_id: Tenant) -> LeadDetail:
        async with units.reading(tenant_id) as session:
            found = await desk_of(session).lead(lead_id)
        if found is None:
            raise Problem(404, "No such lead", f"tenant {tenant_id} has no lead {lead_id}")
        return found

    @router.get("/drafts", summary="Drafts and hand-overs that wait for a human")
    async def list_drafts(tenant_id: Tenant) -> DraftList:
        async with units.reading(tenant_id) as session:
            return DraftList(drafts=await desk_of(session).drafts())

    @router.post("/drafts/{lead_id}", status_code=202, summary="Send, change or drop a draft")
    async def decide(
        lead_id: str, verdict: Verdict, tenant_id: Tenant, caller: Annotated[Caller, Depends(caller_of)]
    ) -> dict[str, str]:
        if verdict.verdict == "edit" and not verdict.text.strip():
            raise Problem(422, "No text", "an edit needs the text that is to be sent")
        tenant = await profiles.profile(tenant_id)
        try:
            async with units.begin(tenant_id) as transaction:
                records = records_of(transaction.session, tenant_id)
                following = await review(
                    lead_id,
                    None,
                    verdict.verdict,
                    verdict.text,
                    by=caller.actor,
                    records=records,
                    tenant=tenant,
                )
                transaction.say(*following)
        except NothingToReview as error:
            raise Problem(409, "Nothing to review", str(error)) from error
        return {"lead_id": lead_id, "verdict": verdict.verdict}

    both.include_router(router)
    return both


def _second(units: Units, desk_of: Callable[[Session], Desk]) -> APIRouter:
    """What version 2 of the API has that is other than in version 1."""
    router = APIRouter(prefix="/api/v2")

    @router.get("/leads", summary="Leads, newest first, in pages")
    async def page_leads(
        tenant_id: Tenant,
        state: str | None = None,
        after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Leads:
        place = _place(after, "after") if after is not None else None
        async with units.reading(tenant_id) as session:
            # One more than is shown tells whether there is a next page.
            leads = await desk_of(session).leads(state=state, before=place, limit=limit + 1)
        more = len(leads) > limit
        return Leads(items=leads[:limit], next=_cursor(leads[limit - 1]) if more else None)

    return router


def _cursor(last: LeadView) -> str:
    return f"{last.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}~{last.lead_id}"


def _place(cursor: str, name: str) -> Place:
    """Raises `Problem` 422."""
    moment, _, lead_id = cursor.partition("~")
    try:
        return Place(datetime.fromisoformat(moment).astimezone(UTC), lead_id)
    except ValueError as error:
        raise Problem(422, "Invalid request", f"{name}: not the `next` of a page of leads") from error
