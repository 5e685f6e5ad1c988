"""The dead letters' desk of the fleet that runs: the API, at the gateway."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import httpx
from pydantic import BaseModel, JsonValue

from contracts.dead_letters.http_v1 import (
    DeedPage,
    LetterCount,
    LetterCounts,
    LetterFilter,
    LetterLine,
    LetterPage,
    LetterShown,
)
from frontdesk.fleet.errors import FleetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

API = "/api/v1/fleet/dead-letters"
_Document = TypeVar("_Document", bound=BaseModel)


class Away(BaseModel):
    """A service that did not answer."""

    service: str
    why: str


class Page(LetterPage):
    """Letters, and who did not answer."""

    away: list[Away]


class Counts(LetterCounts):
    """Counts, and who did not answer."""

    away: list[Away]


class StoryLine(BaseModel):
    """A message of the story."""

    message_id: str
    type: str
    source: str
    said_at: str


class Shown(LetterShown):
    """A letter and its story."""

    story: list[StoryLine] | None


class Part(BaseModel):
    """How far a job is in one service."""

    state: str
    letters: int
    waiting: int
    taken_back: int
    why: str | None


class Job(BaseModel):
    """A job at the desk."""

    id: str
    verb: str
    state: str
    actor: str
    parts: dict[str, Part]


class JobList(BaseModel):
    """Jobs, newest first."""

    jobs: list[Job]


class AskedDesks:
    """All desks, by the API. Everything raises `FleetError` with the API's own words."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=url, timeout=30, trust_env=False,
            headers={"Authorization": f"Bearer {token}", "X-Actor": actor()},
        )  # fmt: skip

    def answers(self) -> bool:
        """Whether there is an API that knows the desk; one that refuses us is there."""
        try:
            answer = self._http.get(f"{API}/jobs", params={"limit": "1"}, timeout=5)
        except httpx.HTTPError:
            return False
        return answer.is_success or answer.status_code in (401, 403)

    def page(self, wanted: LetterFilter, service: str | None, limit: int) -> Page:
        """The newest letters."""
        return self._ask(Page, "GET", "", query={**_query(wanted, service), "limit": str(limit)})

    def counts(self, wanted: LetterFilter, service: str | None) -> Counts:
        """How many there are."""
        return self._ask(Counts, "GET", "/counts", query=_query(wanted, service))

    def shown(self, letter_id: str) -> Shown:
        """One with its body and its story."""
        return self._ask(Shown, "GET", self._place(letter_id))

    def mend(self, letter_id: str, body: JsonValue, *, reason: str | None, force: bool) -> LetterShown:
        """Give it a new body."""
        new: dict[str, JsonValue] = {"body": body, "reason": reason, "force": force}
        return self._ask(LetterShown, "POST", f"{self._place(letter_id)}/mend", new)

    def replay(self, letter_id: str) -> LetterShown:
        """Send it again."""
        return self._ask(LetterShown, "POST", f"{self._place(letter_id)}/replay")

    def drop(self, letter_id: str, reason: str) -> LetterShown:
        """Give it up."""
        return self._ask(LetterShown, "POST", f"{self._place(letter_id)}/drop", {"reason": reason})

    def replay_many(self, wanted: LetterFilter, service: str | None, rate: float) -> Job:
        """Begin to send many again."""
        return self._ask(Job, "POST", "/replay", {**_which(wanted, service), "rate": rate})

    def drop_many(self, wanted: LetterFilter, service: str | None, reason: str) -> Job:
        """Begin to give many up."""
        return self._ask(Job, "POST", "/drop", {**_which(wanted, service), "reason": reason})

    def jobs(self) -> Sequence[Job]:
        """The newest jobs, those under way with how far they are."""
        return self._ask(JobList, "GET", "/jobs").jobs

    def job(self, job_id: str) -> Job:
        """How far a job is."""
        return self._ask(Job, "GET", f"/jobs/{job_id}")

    def cancel(self, job_id: str) -> Job:
        """Take back what has not left."""
        return self._ask(Job, "POST", f"/jobs/{job_id}/cancel")

    def audit(self, limit: int, letter: str | None) -> DeedPage:
        """Who did what."""
        query = {"limit": str(limit), **({"letter": letter} if letter else {})}
        return self._ask(DeedPage, "GET", "/audit", query=query)

    def _place(self, letter_id: str) -> str:
        page = self.page(LetterFilter(letter_id=letter_id, state="any"), None, 1)
        if page.letters:
            return f"/{page.letters[0].service}/{letter_id}"
        away = f"; {', '.join(one.service for one in page.away)} did not answer" if page.away else ""
        raise FleetError(f"there is no dead letter {letter_id}{away}")

    def _ask(
        self, kind: type[_Document], method: str, path: str, body: JsonValue = None,
        query: Mapping[str, str] | None = None,
    ) -> _Document:  # fmt: skip
        try:
            answer = self._http.request(method, f"{API}{path}", json=body, params=query)
        except httpx.HTTPError as error:
            raise FleetError(f"the gateway does not answer ({type(error).__name__})") from error
        if answer.is_error:
            raise FleetError(f"{answer.status_code}: {_detail(answer)}")
        return kind.model_validate_json(answer.content)


def actor() -> str:
    """Who sits at the console, as the audit names him."""
    return f"frontdesk {os.environ.get('USER', 'console')}"


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:300]


def _query(wanted: LetterFilter, service: str | None) -> dict[str, str]:
    given = wanted.model_dump(mode="json", exclude_none=True)
    return {
        **{name: str(value) for name, value in given.items()},
        **({"service": service} if service else {}),
    }


def _which(wanted: LetterFilter, service: str | None) -> dict[str, JsonValue]:
    return {"filter": wanted.model_dump(mode="json", exclude_none=True), "service": service}


__all__ = ["AskedDesks", "Job", "LetterCount", "LetterLine", "Shown", "actor"]
