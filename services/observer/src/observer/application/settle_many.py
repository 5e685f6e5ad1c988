"""Replay or drop many dead letters: a job that goes on after a restart, is watched and can be cancelled.

What is to leave stands in the hearers' outboxes with its moment; the job itself only asks the services one after the other
and looks how far they are. Asking twice changes nothing, for each letter bears the deed that settled it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from contracts.dead_letters.http_v1 import Deed, DropManyOrder, LetterFilter, ReplayManyOrder
from contracts.envelope import new_id
from observer.application.desk_ports import (
    Audit,
    Clock,
    Desks,
    Job,
    Jobs,
    Part,
    Refused,
    ServiceAway,
    UnknownService,
    Which,
)

GIVE_UP = timedelta(hours=1)
"""How long a service that is away is asked again."""
DEFAULT_RATE = 5.0
"""Letters a second, when nobody says how many."""


class SettleMany:
    """Jobs at the desk; `seconds` is how often is looked how far they are."""

    def __init__(self, desks: Desks, audit: Audit, jobs: Jobs, clock: Clock, *, seconds: float) -> None:
        self._desks = desks
        self._audit = audit
        self._jobs = jobs
        self._clock = clock
        self._seconds = seconds
        self._news = asyncio.Event()

    async def begin(
        self, verb: Literal["replay", "drop"], *, actor: str, letters: Mapping[str, tuple[str, ...]] | None = None,
        wanted: LetterFilter | None = None, service: str | None = None, rate: float | None = None,
        reason: str | None = None,
    ) -> Job:  # fmt: skip
        """Begin a job over named letters (ids by service), or over all that fit a filter at this moment.

        Raises `UnknownService`.
        """
        now = self._clock()
        orders = self._orders(letters, wanted, service)
        deed = Deed(
            id=new_id(), verb=verb, actor=actor, way="api", service=service,
            letters=[one for ids in (letters or {}).values() for one in ids], filter=wanted, reason=reason,
            rate=rate, began_at=now,
        )  # fmt: skip
        job = Job(
            id=deed.id, verb=verb, actor=actor, orders=orders, parts={name: Part() for name in orders}, rate=rate,
            reason=reason, next_at=now, began_at=now,
        )  # fmt: skip
        await self._audit.begin(deed)
        await self._jobs.add(job)
        self._news.set()
        return job

    async def shown(self, job_id: str) -> Job:
        """A job with how far it is at this moment. Raises `UnknownJob`."""
        job = await self._jobs.job(job_id)
        if job.ended_at is None:
            await self._look(job)
        return job

    async def cancel(self, job_id: str, *, actor: str) -> Job:
        """Take back what has not left yet. Raises `UnknownJob`, `JobEnded`."""
        deed = Deed(
            id=new_id(), verb="cancel", actor=actor, way="api", reason=f"job {job_id}", began_at=self._clock()
        )
        await self._audit.begin(deed)
        try:
            job = await self._jobs.cancel(job_id, actor)
        except Exception as error:
            await self._audit.end(deed.id, {"refused": str(error)})
            raise
        await self._audit.end(deed.id, {"job": job_id})
        self._news.set()
        return job

    async def run(self) -> None:
        """Work on what there is to do, for ever."""
        while True:
            self._news.clear()
            while (job := await self._jobs.take()) is not None:
                await self.step(job)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await self._news.wait()

    async def step(self, job: Job) -> None:
        """Bring a job as far as it comes now."""
        for service in [name for name, part in job.parts.items() if part.state in ("asked", "away")]:
            if job.cancelled_by is None:
                await self._ask(job, service)
        if job.cancelled_by is not None:
            await self._take_back(job)
        elif all(part.state in ("settled", "given_up") for part in job.parts.values()):
            job.state = "leaving"
            if await self._look(job) and not any(part.waiting for part in job.parts.values()):
                job.state = "done"
        await self._rest(job)

    def _orders(
        self, letters: Mapping[str, tuple[str, ...]] | None, wanted: LetterFilter | None, service: str | None
    ) -> dict[str, Which]:
        if letters is not None:
            orders = {name: Which(ids=ids) for name, ids in letters.items()}
        else:
            # What dies again while the job lasts is not sent again by it.
            now = self._clock()
            filter_now = wanted or LetterFilter()
            before = min(filter_now.died_before or now, now)
            which = Which(filter=filter_now.model_copy(update={"died_before": before, "state": "dead"}))
            orders = dict.fromkeys([service] if service else self._desks.services, which)
        for name in orders:
            if name not in self._desks.services:
                raise UnknownService(
                    f"there is no service {name}; there are {', '.join(self._desks.services)}"
                )
        return orders

    async def _ask(self, job: Job, service: str) -> None:
        part, which = job.parts[service], job.orders[service]
        try:
            if job.verb == "replay":
                before = await self._desks.progress(service, job.id)
                if before.last_at is not None:  # a restart came between the asking and the keeping
                    job.next_at = max(
                        job.next_at, before.last_at + timedelta(seconds=1 / (job.rate or DEFAULT_RATE))
                    )
            more = True
            while more and job.cancelled_by is None:
                more = await self._ask_once(job, service, which)
                await self._jobs.keep(job)
            part.state, part.why = ("asked" if more else "settled"), None
        except ServiceAway as error:
            given_up = self._clock() - job.began_at > GIVE_UP
            part.state, part.why = "given_up" if given_up else "away", error.why
        except Refused as error:
            part.state, part.why = "given_up", str(error)

    async def _ask_once(self, job: Job, service: str, which: Which) -> bool:
        if job.verb == "drop":
            settled = await self._desks.drop_many(
                service,
                DropManyOrder(
                    by=job.actor, action=job.id, ids=which.ids, filter=which.filter, reason=job.reason or "-"
                ),
            )
        else:
            settled = await self._desks.replay_many(
                service,
                ReplayManyOrder(
                    by=job.actor, action=job.id, ids=which.ids, filter=which.filter, rate=job.rate or DEFAULT_RATE,
                    starts_at=job.next_at,
                ),
            )  # fmt: skip
            if settled.letters and settled.next_at is not None:
                job.next_at = settled.next_at
        job.parts[service].letters += settled.letters
        return settled.more

    async def _look(self, job: Job) -> bool:
        """See how far each service is; whether all of them said so."""
        all_said = True
        for service, part in job.parts.items():
            try:
                progress = await self._desks.progress(service, job.id)
            except ServiceAway as error:
                all_said, part.why = part.state == "given_up" and all_said, error.why
            else:
                part.letters = progress.replayed if job.verb == "replay" else progress.dropped
                part.waiting = progress.waiting
        return all_said

    async def _take_back(self, job: Job) -> None:
        for service, part in job.parts.items():
            if part.state == "taken_back":
                continue
            try:
                back = await self._desks.take_back(service, job.id)
            except ServiceAway as error:
                given_up = self._clock() - job.began_at > GIVE_UP
                part.state, part.why = "given_up" if given_up else "away", error.why
            else:
                part.state, part.taken_back, part.waiting, part.why = "taken_back", back.taken_back, 0, None
                part.letters = back.left if job.verb == "replay" else part.letters
        if all(part.state in ("taken_back", "given_up") for part in job.parts.values()):
            job.state = "cancelled"

    async def _rest(self, job: Job) -> None:
        if job.state in ("done", "cancelled"):
            job.ended_at = self._clock()
            await self._audit.end(job.id, result_of(job))
        await self._jobs.keep(job, due_in=self._seconds)


def result_of(job: Job) -> dict[str, object]:
    """What became of a job, for the audit."""
    parts = job.parts.values()
    return {
        "state": job.state,
        "letters": sum(part.letters for part in parts),
        "taken_back": sum(part.taken_back for part in parts),
        "given_up": [name for name, part in job.parts.items() if part.state == "given_up"],
        "cancelled_by": job.cancelled_by,
    }
