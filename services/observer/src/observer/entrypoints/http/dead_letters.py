"""`/api/v1/fleet/dead-letters`: the desk for those who run the fleet (scopes `fleet:read` and `fleet:write`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Query, Response, status
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from chassis.http import Caller, Problem, caller_of
from contracts.dead_letters.http_v1 import (
    MOST_AT_ONCE,
    DeedPage,
    LetterFilter,
    LetterShown,
    NoCursor,
    Rate,
    Reason,
)
from observer.application.desk_ports import (
    Audit,
    FleetCounts,
    FleetPage,
    Job,
    JobEnded,
    Jobs,
    LetterWithStory,
    Refused,
    ServiceAway,
    UnknownJob,
    UnknownService,
)
from observer.application.read_dead_letters import ReadDeadLetters
from observer.application.settle_dead_letter import SettleDeadLetter
from observer.application.settle_many import DEFAULT_RATE, SettleMany

_NO_STORE = {"Cache-Control": "no-store"}


def _actor(caller: Annotated[Caller, Depends(caller_of)]) -> str:
    """Who asks."""
    return caller.actor


Actor = Annotated[str, Depends(_actor)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CountQuery(LetterFilter):
    """Which letters, of which service."""

    service: Annotated[str | None, Query(max_length=63)] = None

    def filter(self) -> LetterFilter:
        """What every service is asked."""
        return LetterFilter.model_validate(self.model_dump(include=set(LetterFilter.model_fields)))


class PageQuery(CountQuery):
    """Which letters, and which page of them."""

    cursor: Annotated[str | None, Query(max_length=200)] = None
    limit: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)] = 100


class NewBody(_Document):
    """What a letter's message shall be instead."""

    body: JsonValue
    reason: Reason | None = None
    force: bool = Field(default=False, description="Take it although it does not fit its message's class.")
    after: int | None = Field(
        default=None, ge=0, description="How many mends you have seen; 409 when there are others."
    )


class Dropping(_Document):
    """Why it is given up."""

    reason: Reason


class LetterName(_Document):
    """Names one letter."""

    service: str
    id: str


class _Many(_Document):
    letters: list[LetterName] | None = Field(default=None, min_length=1, max_length=MOST_AT_ONCE)
    filter: LetterFilter | None = None
    service: str | None = Field(default=None, description="With a filter: of this service alone.")

    @model_validator(mode="after")
    def _which(self) -> Self:
        if (self.letters is None) is (self.filter is None):
            raise ValueError("say which: either letters or a filter; an empty filter is all of them")
        return self

    @property
    def by_service(self) -> dict[str, tuple[str, ...]] | None:
        """The ids of named letters."""
        if self.letters is None:
            return None
        names = dict.fromkeys(letter.service for letter in self.letters)
        return {name: tuple(one.id for one in self.letters if one.service == name) for name in names}


class ReplayMany(_Many):
    """Which letters are sent again, and how fast."""

    rate: Rate = DEFAULT_RATE


class DropMany(_Many):
    """Which letters are given up, and why."""

    reason: Reason


class JobList(BaseModel):
    """Jobs, newest first."""

    jobs: list[Job]


def router(
    read: ReadDeadLetters, settle: SettleDeadLetter, many: SettleMany, jobs: Jobs, audit: Audit
) -> APIRouter:
    """The routes. Their order matters: names of their own stand before services and ids."""
    router = APIRouter(prefix="/api/v1/fleet/dead-letters", tags=["dead letters"])
    _lists(router, read, audit)
    _many(router, many, jobs)
    _one(router, read, settle)
    return router


def _lists(router: APIRouter, read: ReadDeadLetters, audit: Audit) -> None:
    @router.get("", summary="Dead letters of all services, newest first, without their bodies")
    async def list_letters(query: Annotated[PageQuery, Query()]) -> FleetPage:
        with problems():
            return await read.page(
                query.filter(), service=query.service, cursor=query.cursor, limit=query.limit
            )

    @router.get("/counts", summary="How many there are of each service, type and kind of error")
    async def count_letters(query: Annotated[CountQuery, Query()]) -> FleetCounts:
        with problems():
            return await read.counts(query.filter(), service=query.service)

    @router.get("/audit", summary="Who did what at the desk, newest first")
    async def show_audit(
        before: Annotated[str | None, Query(max_length=64)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        letter: Annotated[
            str | None, Query(max_length=64, description="Only what was done to it by name.")
        ] = None,
        actor: Annotated[str | None, Query(max_length=100)] = None,
    ) -> DeedPage:
        return await audit.page(before=before, limit=limit, letter=letter, actor=actor)


def _many(router: APIRouter, many: SettleMany, jobs: Jobs) -> None:
    async def begun(verb: Literal["replay", "drop"], order: ReplayMany | DropMany, actor: str) -> Job:
        with problems():
            return await many.begin(
                verb, actor=actor, letters=order.by_service, wanted=order.filter, service=order.service,
                rate=order.rate if isinstance(order, ReplayMany) else None,
                reason=order.reason if isinstance(order, DropMany) else None,
            )  # fmt: skip

    @router.post(
        "/replay", status_code=status.HTTP_202_ACCEPTED, summary="Send many to their hearers again, at a rate"
    )
    async def replay_many(order: ReplayMany, actor: Actor) -> Job:
        return await begun("replay", order, actor)

    @router.post("/drop", status_code=status.HTTP_202_ACCEPTED, summary="Give many up")
    async def drop_many(order: DropMany, actor: Actor) -> Job:
        return await begun("drop", order, actor)

    @router.get("/jobs", summary="Jobs at the desk, newest first")
    async def list_jobs(limit: Annotated[int, Query(ge=1, le=500)] = 50) -> JobList:
        return JobList(jobs=await jobs.page(limit))

    @router.get("/jobs/{job_id}", summary="How far a job is")
    async def show_job(job_id: str) -> Job:
        with problems():
            return await many.shown(job_id)

    @router.post(
        "/jobs/{job_id}/cancel", status_code=status.HTTP_202_ACCEPTED,
        summary="Take back what a job has not sent yet",
    )  # fmt: skip
    async def cancel_job(job_id: str, actor: Actor) -> Job:
        with problems():
            return await many.cancel(job_id, actor=actor)


def _one(router: APIRouter, read: ReadDeadLetters, settle: SettleDeadLetter) -> None:
    @router.get(
        "/{service}/{letter_id}",
        summary="One dead letter with its body and its story; who looks is written down",
    )
    async def show_letter(service: str, letter_id: str, actor: Actor, response: Response) -> LetterWithStory:
        response.headers.update(_NO_STORE)
        with problems():
            return await read.shown(service, letter_id, actor=actor)

    @router.post(
        "/{service}/{letter_id}/mend", summary="Give it a new body; it stays dead until it is replayed"
    )
    async def mend_letter(service: str, letter_id: str, new: NewBody, actor: Actor) -> LetterShown:
        with problems():
            return await settle.mend(
                service, letter_id, new.body, actor=actor, reason=new.reason, force=new.force, after=new.after
            )

    @router.post("/{service}/{letter_id}/replay", summary="Send it to its hearer again")
    async def replay_letter(service: str, letter_id: str, actor: Actor) -> LetterShown:
        with problems():
            return await settle.replay(service, letter_id, actor=actor)

    @router.post("/{service}/{letter_id}/drop", summary="Give it up: it never comes again")
    async def drop_letter(service: str, letter_id: str, why: Dropping, actor: Actor) -> LetterShown:
        with problems():
            return await settle.drop(service, letter_id, actor=actor, reason=why.reason)


@contextmanager
def problems() -> Iterator[None]:
    """Refusals as answers."""
    try:
        yield
    except Refused as error:
        raise Problem(error.status, error.title, str(error)) from error
    except ServiceAway as error:
        raise Problem(
            503, "Service away", f"{error}; nothing else was asked", headers={"Retry-After": "5"}
        ) from error
    except (UnknownService, UnknownJob) as error:
        raise Problem(404, "Not found", str(error)) from error
    except JobEnded as error:
        raise Problem(409, "Job ended", str(error)) from error
    except NoCursor as error:
        raise Problem(422, "Invalid cursor", str(error)) from error
