"""What the dead letters' desk needs from outside, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from pydantic import BaseModel, Field

from contracts.dead_letters.http_v1 import (
    Deed,
    DeedPage,
    DropManyOrder,
    DropOrder,
    LetterCount,
    LetterFilter,
    LetterLine,
    LetterPage,
    LetterShown,
    MendOrder,
    Progress,
    ReplayManyOrder,
    ReplayOrder,
    Settled,
    TakenBack,
)


class ServiceAway(Exception):
    """A service does not answer."""

    def __init__(self, service: str, why: str) -> None:
        super().__init__(f"{service} does not answer: {why}")
        self.service = service
        self.why = why


class Refused(Exception):
    """A service says no: there is no such letter, it is settled, the body does not fit."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title


class UnknownService(LookupError):
    """There is no such service."""


class UnknownJob(LookupError):
    """There is no such job."""


class JobEnded(Exception):
    """A job cannot be cancelled any more."""


class Away(BaseModel):
    """A service that did not answer: its letters are not among those shown."""

    service: str
    why: str


class FleetPage(BaseModel):
    """Dead letters of the fleet, newest first; ask again with `cursor` = `next`."""

    letters: list[LetterLine]
    next: str | None = None
    away: list[Away] = Field(description="Services that did not answer.")


class FleetCounts(BaseModel):
    """How many dead letters there are of each service, type and kind of error; the most first."""

    counts: list[LetterCount]
    away: list[Away] = Field(description="Services that did not answer.")


class StoryLine(BaseModel):
    """A message of the letter's story, as the journal has it, without its body."""

    message_id: str
    type: str
    source: str
    subject: str
    said_at: datetime
    causation_id: str | None


class LetterWithStory(LetterShown):
    """A dead letter with what led to it and what followed."""

    story: list[StoryLine] | None = Field(description="In order; none when the journal could not be asked.")


class Which(BaseModel):
    """The letters of one service that a job is about."""

    ids: tuple[str, ...] | None = None
    filter: LetterFilter | None = None


class Part(BaseModel):
    """How far a job has come in one service."""

    state: Literal["asked", "away", "settled", "given_up", "taken_back"] = "asked"
    letters: int = Field(default=0, description="Replayed or dropped.")
    waiting: int = Field(default=0, description="Replayed ones that have not left yet.")
    taken_back: int = 0
    why: str | None = Field(default=None, description="What the service answered, when it is away.")


class Job(BaseModel):
    """Many letters, settled one after the other."""

    id: str
    verb: Literal["replay", "drop"]
    actor: str
    state: Literal["asking", "leaving", "done", "cancelled"] = "asking"
    orders: dict[str, Which]
    parts: dict[str, Part]
    rate: float | None = None
    reason: str | None = None
    cancelled_by: str | None = None
    next_at: datetime
    began_at: datetime
    ended_at: datetime | None = None


class Clock(Protocol):
    """The time, in UTC."""

    def __call__(self) -> datetime: ...


class Desks(Protocol):
    """The desk of each service. Every question raises `ServiceAway` or `Refused`, and `UnknownService`."""

    @property
    def services(self) -> Sequence[str]:
        """All services."""
        ...

    async def page(
        self, service: str, wanted: LetterFilter, cursor: str | None, limit: int
    ) -> LetterPage: ...
    async def counts(self, service: str, wanted: LetterFilter) -> Sequence[LetterCount]: ...
    async def shown(self, service: str, letter_id: str) -> LetterShown: ...
    async def mend(self, service: str, letter_id: str, order: MendOrder) -> LetterShown: ...
    async def replay(self, service: str, letter_id: str, order: ReplayOrder) -> LetterShown: ...
    async def drop(self, service: str, letter_id: str, order: DropOrder) -> LetterShown: ...
    async def replay_many(self, service: str, order: ReplayManyOrder) -> Settled: ...
    async def drop_many(self, service: str, order: DropManyOrder) -> Settled: ...
    async def progress(self, service: str, action: str) -> Progress: ...
    async def take_back(self, service: str, action: str) -> TakenBack: ...


class Stories(Protocol):
    """The journal of what happened."""

    async def story(self, tenant_id: str, correlation_id: str) -> list[StoryLine] | None:
        """The messages of a story in order; None when the journal does not answer."""
        ...


class Audit(Protocol):
    """Who did what at the desk."""

    async def begin(self, deed: Deed) -> None: ...
    async def end(self, deed_id: str, result: dict[str, object]) -> None: ...
    async def page(
        self,
        *,
        before: str | None = None,
        limit: int = 100,
        letter: str | None = None,
        actor: str | None = None,
    ) -> DeedPage: ...


class Jobs(Protocol):
    """The jobs at the desk; one process at a time works on each."""

    async def add(self, job: Job) -> None: ...
    async def job(self, job_id: str) -> Job: ...
    async def page(self, limit: int) -> list[Job]: ...
    async def take(self) -> Job | None:
        """A job that is due and that nobody works on; it is held for a minute."""
        ...

    async def keep(self, job: Job, *, due_in: float | None = None) -> None:
        """Keep how far it has come and hold it on; with `due_in` let it go, for somebody to take after that many seconds.

        Sets the job's `cancelled_by`, which others may have written meanwhile.
        """
        ...

    async def cancel(self, job_id: str, by: str) -> Job:
        """Say that a job shall end. Raises `UnknownJob`, `JobEnded`."""
        ...
