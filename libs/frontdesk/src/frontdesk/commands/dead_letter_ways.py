"""The two ways to the dead letters' desk: the API while the fleet runs, the schemas while it is down."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pydantic import JsonValue, ValidationError

from contracts.dead_letters.http_v1 import Deed, LetterCount, LetterFilter, LetterLine, LetterShown
from frontdesk import checkout
from frontdesk.commands.door import open_door
from frontdesk.fleet.asked_desks import AskedDesks, Job, StoryLine
from frontdesk.fleet.plan import plan_fleet

_AGO = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Ways(Protocol):
    """What the commands need of a desk."""

    def page(
        self, wanted: LetterFilter, service: str | None, limit: int
    ) -> tuple[Sequence[LetterLine], list[str]]: ...
    def counts(
        self, wanted: LetterFilter, service: str | None
    ) -> tuple[Sequence[LetterCount], list[str]]: ...
    def shown(self, letter_id: str) -> tuple[LetterShown, Sequence[StoryLine] | None]: ...
    def mend(self, letter_id: str, body: JsonValue, *, reason: str | None, force: bool) -> None: ...
    def replay(self, letter_id: str) -> None: ...
    def drop(self, letter_id: str, reason: str) -> None: ...
    def replay_many(self, wanted: LetterFilter, service: str | None, rate: float) -> str: ...
    def drop_many(self, wanted: LetterFilter, service: str | None, reason: str) -> str: ...
    def jobs(self, job_id: str | None) -> Sequence[Job]: ...
    def cancel(self, job_id: str) -> None: ...
    def audit(self, limit: int, letter: str | None) -> Sequence[Deed]: ...


def open_desk(service: str | None) -> Ways:
    """The desk of this checkout's fleet, or of FRONTDESK_URL's. Ends the command when there is no such service."""
    door = open_door()
    asked = AskedDesks(door.url, door.token)
    if asked.answers():
        return ByTheApi(asked)
    plan = plan_fleet(checkout.local_folder(), None)
    if service is not None and service not in plan.ports:
        sys.exit(f"frontdesk: there is no service {service}; there are {', '.join(plan.ports)}")
    # With all that a database takes; while the fleet runs nobody waits for its loading.
    from frontdesk.commands.dead_letter_schemas import in_the_schemas

    return in_the_schemas(plan)


def filter_of(
    kind: str | None, error: str | None, tenant: str | None, since: str | None, state: str
) -> LetterFilter:
    """The options as a filter; an error with one capitalised word is its kind, else words of its text."""
    is_kind = error is not None and re.fullmatch(r"[A-Z][A-Za-z0-9]*", error) is not None
    try:
        return LetterFilter.model_validate(
            {
                "routing_key": kind, "tenant_id": tenant, "state": state, "died_after": _moment(since),
                "error_kind": error if is_kind else None, "error": None if is_kind else error,
            }
        )  # fmt: skip
    except ValidationError as flaw:
        sys.exit(f"frontdesk: {'; '.join(one['msg'] for one in flaw.errors(include_input=False))}")


class ByTheApi:
    """The fleet runs."""

    def __init__(self, desks: AskedDesks) -> None:
        self._desks = desks

    def page(
        self, wanted: LetterFilter, service: str | None, limit: int
    ) -> tuple[Sequence[LetterLine], list[str]]:
        page = self._desks.page(wanted, service, limit)
        return page.letters, [f"{one.service} ({one.why})" for one in page.away]

    def counts(self, wanted: LetterFilter, service: str | None) -> tuple[Sequence[LetterCount], list[str]]:
        found = self._desks.counts(wanted, service)
        return found.counts, [f"{one.service} ({one.why})" for one in found.away]

    def shown(self, letter_id: str) -> tuple[LetterShown, Sequence[StoryLine] | None]:
        found = self._desks.shown(letter_id)
        return found, found.story

    def mend(self, letter_id: str, body: JsonValue, *, reason: str | None, force: bool) -> None:
        self._desks.mend(letter_id, body, reason=reason, force=force)

    def replay(self, letter_id: str) -> None:
        self._desks.replay(letter_id)

    def drop(self, letter_id: str, reason: str) -> None:
        self._desks.drop(letter_id, reason)

    def replay_many(self, wanted: LetterFilter, service: str | None, rate: float) -> str:
        job = self._desks.replay_many(wanted, service, rate)
        return f"job {job.id} replays them; see 'frontdesk dead-letters jobs {job.id}'"

    def drop_many(self, wanted: LetterFilter, service: str | None, reason: str) -> str:
        job = self._desks.drop_many(wanted, service, reason)
        return f"job {job.id} drops them; see 'frontdesk dead-letters jobs {job.id}'"

    def jobs(self, job_id: str | None) -> Sequence[Job]:
        return self._desks.jobs() if job_id is None else [self._desks.job(job_id)]

    def cancel(self, job_id: str) -> None:
        self._desks.cancel(job_id)

    def audit(self, limit: int, letter: str | None) -> Sequence[Deed]:
        return self._desks.audit(limit, letter).deeds


def _moment(since: str | None) -> datetime | None:
    if since is None:
        return None
    if found := _AGO.fullmatch(since):
        return datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        sys.exit(f"frontdesk: {since} is no moment: write 30m, 2h, 3d, or 2026-03-01T12:00")
    return moment if moment.tzinfo is not None else moment.astimezone()
