"""Email-ingest over HTTP: the letters, the import of old mail, and how the watches are doing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from chassis import Blobs, Units
from chassis.errors import DeliveryError
from chassis.http import Problem, tenant_of
from email_ingest.application.import_history import ImportHistory, NoMailbox
from email_ingest.application.look import Desk, LetterView
from email_ingest.application.watch_tenants import WatchTenants

Tenant = Annotated[str, Depends(tenant_of)]


class LetterPage(BaseModel):
    """Letters, newest first; `next` continues as `cursor`."""

    messages: list[LetterView]
    next: str | None


class ImportOrder(BaseModel):
    """What of a mailbox's past is wanted."""

    since: AwareDatetime | None = Field(default=None, description="Nothing older than this.")
    below_uid: int | None = Field(default=None, ge=1, description="`next_uid` of the portion before.")
    limit: int = Field(default=100, ge=1, le=500, description="Letters in one portion.")


class ImportedPortion(BaseModel):
    """What became of one portion; `next_uid` continues as `below_uid`."""

    taken: int
    known: int
    next_uid: int | None


class WatchView(BaseModel):
    """How the watch of one folder is doing."""

    tenant_id: str
    folder: str
    watching: bool
    trouble: str | None
    since: datetime | None


class WatchList(BaseModel):
    """All watches of this process."""

    mailboxes: list[WatchView]


def router(
    units: Units, desk: Desk, blobs: Blobs, history: ImportHistory, watches: WatchTenants
) -> APIRouter:
    """The routes."""
    router = APIRouter()

    @router.get("/api/v1/messages", summary="Letters, newest first")
    async def list_messages(
        tenant_id: Tenant, cursor: str | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> LetterPage:
        before = _place(cursor) if cursor else None
        async with units.reading(tenant_id) as session:
            found = list(await desk.letters(session, before=before, limit=limit))
        return LetterPage(messages=found, next=_cursor(found[-1]) if len(found) == limit else None)

    @router.get("/api/v1/messages/{message_id}", summary="One letter with its documents")
    async def show_message(message_id: str, tenant_id: Tenant) -> LetterView:
        return await letter(tenant_id, message_id)

    @router.get("/api/v1/messages/{message_id}/raw", summary="A letter as it came", response_class=Response)
    async def show_raw(message_id: str, tenant_id: Tenant) -> Response:
        found = await letter(tenant_id, message_id)
        if found.message.raw is None:
            raise Problem(404, "Not kept", f"the letter {message_id} has no original")
        raw = await blobs.get(tenant_id, found.message.raw)
        # Never shown as a page: it is a stranger's content.
        headers = {
            "Content-Disposition": f'attachment; filename="{message_id}.eml"',
            "X-Content-Type-Options": "nosniff",
        }
        return Response(raw, media_type="message/rfc822", headers=headers)

    async def letter(tenant_id: str, message_id: str) -> LetterView:
        async with units.reading(tenant_id) as session:
            found = await desk.letter(session, message_id)
        if found is None:
            raise Problem(404, "No such letter", f"tenant {tenant_id} has no letter {message_id}")
        return found

    @router.post("/internal/import-history", summary="Take old mail in, never to be answered")
    async def import_history(order: ImportOrder, tenant_id: Tenant) -> ImportedPortion:
        try:
            done = await history(tenant_id, since=order.since, below_uid=order.below_uid, limit=order.limit)
        except NoMailbox as error:
            raise Problem(409, "No mailbox", str(error)) from error
        except DeliveryError as error:
            raise Problem(502, "The mailbox does not answer", str(error)) from error
        return ImportedPortion(taken=done.taken, known=done.known, next_uid=done.next_uid)

    @router.get("/internal/mailboxes", summary="How the watches of this process are doing")
    async def list_mailboxes() -> WatchList:
        return WatchList(
            mailboxes=[
                WatchView(
                    tenant_id=state.tenant_id, folder=state.folder, watching=state.watching,
                    trouble=state.trouble, since=state.since,
                )
                for state in watches.states
            ]
        )  # fmt: skip

    return router


def _cursor(letter: LetterView) -> str:
    return f"{letter.message.received_at.isoformat()}~{letter.message.message_id}"


def _place(cursor: str) -> tuple[datetime, str]:
    moment, _, message_id = cursor.partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError as error:
        raise Problem(422, "No cursor", "a cursor is the `next` of the page before") from error
    if at.tzinfo is None or not message_id:
        raise Problem(422, "No cursor", "a cursor is the `next` of the page before")
    return at, message_id
