"""What conversation answers over HTTP: the replies that it drafted for a lead."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from chassis import Session, Units
from chassis.http import tenant_of
from contracts.conversations.v1 import ReplyDrafted
from conversation.application.ports import Drafts


class DraftedReply(BaseModel):
    """A drafted reply, as it was said, and what was noticed while it was written."""

    reply: ReplyDrafted = Field(description="The reply.")
    observations: tuple[str, ...] = Field(description="What lowered the confidence.")
    tokens: int = Field(description="Tokens that it took.")
    drafted_at: datetime = Field(description="When it was written, UTC.")


def router(units: Units, drafts: Drafts[Session]) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1", tags=["replies"])

    @router.get("/replies")
    async def list_replies(lead_id: str, tenant_id: Annotated[str, Depends(tenant_of)]) -> list[DraftedReply]:
        """The replies drafted for a lead, newest turn first."""
        async with units.reading(tenant_id) as session:
            found = await drafts.of(session, tenant_id, lead_id)
        return [
            DraftedReply(
                reply=draft.reply,
                observations=draft.observations,
                tokens=draft.tokens,
                drafted_at=draft.drafted_at,
            )
            for draft in found
        ]

    return router
