"""`/internal/dead-letters` of every service: what the observer asks for those who run the fleet.

Services alone may ask: a body may hold personal data, and the observer writes down who looked at it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from chassis.callers import service_only
from chassis.dead_letters import UnknownDeadLetter
from chassis.desk import AlreadySettled, Desk
from chassis.mending import BodyRefused
from chassis.problems import Problem
from contracts.dead_letters.http_v1 import (
    MOST_AT_ONCE,
    DropManyOrder,
    DropOrder,
    LetterCounts,
    LetterFilter,
    LetterPage,
    LetterShown,
    MendOrder,
    NoCursor,
    Progress,
    ReplayManyOrder,
    ReplayOrder,
    Settled,
    TakenBack,
)

Id = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]


class PageQuery(LetterFilter):
    """Which letters, and which page of them."""

    cursor: Annotated[str | None, Query(max_length=200)] = None
    limit: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)] = 100

    def filter(self) -> LetterFilter:
        """The filter alone."""
        return LetterFilter(**self.model_dump(exclude={"cursor", "limit"}))


def desk_router(desk: Desk) -> APIRouter:
    """The routes of one service's desk."""
    router = APIRouter(
        prefix="/internal/dead-letters", tags=["dead letters"], dependencies=[Depends(service_only)]
    )

    @router.get("", summary="Dead letters without their bodies, newest first")
    async def list_letters(query: Annotated[PageQuery, Query()]) -> LetterPage:
        with problems():
            return await desk.letters.page(query.filter(), cursor=query.cursor, limit=query.limit)

    @router.get("/counts", summary="How many there are of each type and kind of error")
    async def count_letters(query: Annotated[LetterFilter, Query()]) -> LetterCounts:
        return LetterCounts(counts=await desk.letters.counts(query))

    @router.post("/replay", summary="Send many to their hearers again, at a rate")
    async def replay_many(order: ReplayManyOrder) -> Settled:
        return await desk.replay_many(order)

    @router.post("/drop", summary="Give many up")
    async def drop_many(order: DropManyOrder) -> Settled:
        return await desk.drop_many(order)

    @router.get("/actions/{action}", summary="How far a deed has come")
    async def show_progress(action: Id) -> Progress:
        return await desk.progress(action)

    @router.post("/actions/{action}/take-back", summary="Take back what a replay has not sent yet")
    async def take_back(action: Id) -> TakenBack:
        return await desk.take_back(action)

    _one(router, desk)
    return router


def _one(router: APIRouter, desk: Desk) -> None:
    @router.get("/{letter_id}", summary="One dead letter with its body")
    async def show_letter(letter_id: Id) -> LetterShown:
        with problems():
            return await desk.letters.shown(letter_id)

    @router.post("/{letter_id}/mend", summary="Give it a new body")
    async def mend_letter(letter_id: Id, order: MendOrder) -> LetterShown:
        with problems():
            return await desk.mend(
                letter_id, order.body, by=order.by, reason=order.reason, force=order.force, after=order.after
            )

    @router.post("/{letter_id}/replay", summary="Send it to its hearer again")
    async def replay_letter(letter_id: Id, order: ReplayOrder) -> LetterShown:
        with problems():
            return await desk.replay(letter_id, by=order.by, action=order.action)

    @router.post("/{letter_id}/drop", summary="Give it up")
    async def drop_letter(letter_id: Id, order: DropOrder) -> LetterShown:
        with problems():
            return await desk.drop(letter_id, by=order.by, action=order.action, reason=order.reason)


@contextmanager
def problems() -> Iterator[None]:
    """The desk's refusals as answers."""
    try:
        yield
    except AlreadySettled as error:
        raise Problem(409, "Settled already", str(error)) from error
    except UnknownDeadLetter as error:
        raise Problem(404, "No such dead letter", str(error)) from error
    except BodyRefused as error:
        raise Problem(422, "The body does not fit", str(error)) from error
    except NoCursor as error:
        raise Problem(422, "Invalid cursor", str(error)) from error
