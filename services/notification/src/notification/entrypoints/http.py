"""What people and services can ask notification."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from chassis import Session, Units
from chassis.http import tenant_of


class OutgoingEmail(BaseModel):
    """One letter, as far as notification knows; its text is in the blob store."""

    model_config = ConfigDict(from_attributes=True)

    lead_id: str
    turn: int
    purpose: str
    recipients: list[str]
    subject: str
    message_id: str
    state: str = Field(description="held, sending, sent, uncertain or failed.")
    reason: str | None
    raw: dict[str, Any] | None = Field(description="Where the letter is kept as it was sent.")
    created_at: datetime
    handed_over_at: datetime | None
    settled_at: datetime | None


class Letters(Protocol):
    """Where the letters are found."""

    async def of_lead(self, session: Session, lead_id: str | None, *, limit: int) -> Sequence[object]: ...


def router(units: Units, letters: Letters) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["outgoing mail"])

    @router.get("/outgoing", summary="The letters of a lead, newest first; without a lead, of all")
    async def outgoing(
        tenant_id: Annotated[str, Depends(tenant_of)],
        lead_id: Annotated[str | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> list[OutgoingEmail]:
        async with units.reading(tenant_id) as session:
            found = await letters.of_lead(session, lead_id, limit=limit)
            return [OutgoingEmail.model_validate(letter) for letter in found]

    return router
