"""The dead letters' desk over the schemas themselves, while the fleet is down."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from typing import TypeVar

import asyncpg
from pydantic import JsonValue
from sqlalchemy.exc import DBAPIError

from chassis.dead_letters import UnknownDeadLetter
from chassis.errors import OurOutage
from chassis.mending import BodyRefused
from contracts.dead_letters.http_v1 import Deed, LetterCount, LetterFilter, LetterLine, LetterShown
from frontdesk.fleet.asked_desks import Job, StoryLine, actor
from frontdesk.fleet.desks import SchemaDesks
from frontdesk.fleet.errors import FleetError
from frontdesk.fleet.plan import FleetPlan

_Found = TypeVar("_Found")


def in_the_schemas(plan: FleetPlan) -> InTheSchemas:
    """The desk of a fleet that is planned and does not run."""
    return InTheSchemas(SchemaDesks(plan, actor()))


class InTheSchemas:
    """The fleet is down."""

    def __init__(self, desks: SchemaDesks) -> None:
        self._desks = desks

    def page(
        self, wanted: LetterFilter, service: str | None, limit: int
    ) -> tuple[Sequence[LetterLine], list[str]]:
        return _run(self._desks.page(wanted, service, limit)), []

    def counts(self, wanted: LetterFilter, service: str | None) -> tuple[Sequence[LetterCount], list[str]]:
        return _run(self._desks.counts(wanted, service)), []

    def shown(self, letter_id: str) -> tuple[LetterShown, Sequence[StoryLine] | None]:
        return _run(self._desks.shown(letter_id)), None

    def mend(self, letter_id: str, body: JsonValue, *, reason: str | None, force: bool) -> None:
        _run(self._desks.mend(letter_id, body, reason=reason, force=force))

    def replay(self, letter_id: str) -> None:
        _run(self._desks.replay(letter_id))

    def drop(self, letter_id: str, reason: str) -> None:
        _run(self._desks.drop(letter_id, reason))

    def replay_many(self, wanted: LetterFilter, service: str | None, rate: float) -> str:
        count = _run(self._desks.replay_many(wanted, service, rate))
        return f"{count} replayed: their services send them at {rate:g} a second as soon as they run"

    def drop_many(self, wanted: LetterFilter, service: str | None, reason: str) -> str:
        return f"{_run(self._desks.drop_many(wanted, service, reason))} dropped"

    def jobs(self, job_id: str | None) -> Sequence[Job]:
        raise FleetError(f"{job_id or 'jobs'}: the running fleet knows them: start it with 'make run'")

    def cancel(self, job_id: str) -> None:
        raise FleetError(f"{job_id}: the running fleet cancels jobs: start it with 'make run'")

    def audit(self, limit: int, letter: str | None) -> Sequence[Deed]:
        return _run(self._desks.audit(limit, letter)).deeds


def _run(work: Coroutine[None, None, _Found]) -> _Found:
    """Run it; what is not there ends the command with one sentence: the letter, the database, its schemas."""
    try:
        return asyncio.run(work)
    except (UnknownDeadLetter, BodyRefused) as error:
        sys.exit(f"frontdesk: {error}")
    except (OurOutage, asyncpg.PostgresError, DBAPIError) as error:
        sys.exit(
            f"frontdesk: the database does not answer ({type(error).__name__}); 'frontdesk doctor' says what to do"
        )
