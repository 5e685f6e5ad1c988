"""The desk of each service over HTTP (`/internal/dead-letters`), and the journal of reporting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from chassis.clients import service_client
from contracts.dead_letters.http_v1 import (
    DropManyOrder,
    DropOrder,
    LetterCount,
    LetterCounts,
    LetterFilter,
    LetterPage,
    LetterShown,
    MendOrder,
    Progress,
    ReplayManyOrder,
    ReplayOrder,
    Settled,
    TakenBack,
)
from observer.application.desk_ports import Refused, ServiceAway, StoryLine, UnknownService

_Document = TypeVar("_Document", bound=BaseModel)
_STORY = TypeAdapter(list[StoryLine])


class ServicesDesks:
    """The ports `Desks` and `Stories` at the addresses of the services."""

    def __init__(self, addresses: Mapping[str, str], token: SecretStr, *, seconds: float) -> None:
        self._addresses = dict(sorted(addresses.items()))
        self._http = service_client(token, timeout=httpx.Timeout(seconds))

    @property
    def services(self) -> Sequence[str]:
        """All services."""
        return tuple(self._addresses)

    async def page(self, service: str, wanted: LetterFilter, cursor: str | None, limit: int) -> LetterPage:
        """A page of its letters."""
        query = {**_query(wanted), "limit": str(limit), **({"cursor": cursor} if cursor else {})}
        return await self._ask(LetterPage, service, "GET", "", query=query)

    async def counts(self, service: str, wanted: LetterFilter) -> Sequence[LetterCount]:
        """How many there are."""
        return (await self._ask(LetterCounts, service, "GET", "/counts", query=_query(wanted))).counts

    async def shown(self, service: str, letter_id: str) -> LetterShown:
        """One letter."""
        return await self._ask(LetterShown, service, "GET", f"/{_part(letter_id)}")

    async def mend(self, service: str, letter_id: str, order: MendOrder) -> LetterShown:
        """Give it a new body."""
        return await self._ask(LetterShown, service, "POST", f"/{_part(letter_id)}/mend", order)

    async def replay(self, service: str, letter_id: str, order: ReplayOrder) -> LetterShown:
        """Send it again."""
        return await self._ask(LetterShown, service, "POST", f"/{_part(letter_id)}/replay", order)

    async def drop(self, service: str, letter_id: str, order: DropOrder) -> LetterShown:
        """Give it up."""
        return await self._ask(LetterShown, service, "POST", f"/{_part(letter_id)}/drop", order)

    async def replay_many(self, service: str, order: ReplayManyOrder) -> Settled:
        """Send many again."""
        return await self._ask(Settled, service, "POST", "/replay", order)

    async def drop_many(self, service: str, order: DropManyOrder) -> Settled:
        """Give many up."""
        return await self._ask(Settled, service, "POST", "/drop", order)

    async def progress(self, service: str, action: str) -> Progress:
        """How far a deed is."""
        return await self._ask(Progress, service, "GET", f"/actions/{_part(action)}")

    async def take_back(self, service: str, action: str) -> TakenBack:
        """Take back what a replay has not sent."""
        return await self._ask(TakenBack, service, "POST", f"/actions/{_part(action)}/take-back")

    async def story(self, tenant_id: str, correlation_id: str) -> list[StoryLine] | None:
        """The messages of a story as reporting's journal has them."""
        path = f"/api/v1/journal/stories/{quote(correlation_id)}"
        try:
            answer = await self._http.get(
                f"{self._address('reporting')}{path}", headers={"X-Tenant-Id": tenant_id}
            )
            if answer.status_code == 404:
                return []
            answer.raise_for_status()
            return _STORY.validate_python(answer.json()["entries"])
        except (httpx.HTTPError, UnknownService, ValidationError):
            return None

    async def close(self) -> None:
        """Let the connections go."""
        await self._http.aclose()

    async def _ask(
        self, kind: type[_Document], service: str, method: str, path: str, order: BaseModel | None = None,
        query: Mapping[str, str] | None = None,
    ) -> _Document:  # fmt: skip
        url = f"{self._address(service)}/internal/dead-letters{path}"
        body = order.model_dump(mode="json", exclude_none=True) if order is not None else None
        if isinstance(order, MendOrder):
            body = {**(body or {}), "body": order.body}  # a null in a body is the sender's own word
        try:
            answer = await self._http.request(method, url, params=query, json=body)
        except httpx.HTTPError as error:
            raise ServiceAway(service, type(error).__name__) from error
        if answer.is_client_error and answer.headers.get("content-type") == "application/problem+json":
            problem = answer.json()
            raise Refused(answer.status_code, str(problem["title"]), str(problem["detail"]))
        if answer.is_error:
            raise ServiceAway(service, f"it answered with {answer.status_code}")
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError as error:
            raise ServiceAway(service, f"its answer is no {kind.__name__}") from error

    def _address(self, service: str) -> str:
        if service not in self._addresses:
            raise UnknownService(f"there is no service {service}; there are {', '.join(self._addresses)}")
        return self._addresses[service].rstrip("/")


def _query(wanted: LetterFilter) -> dict[str, str]:
    return {name: str(value) for name, value in wanted.model_dump(mode="json", exclude_none=True).items()}


def _part(text: str) -> str:
    """Text as one part of a path."""
    return quote(text, safe="")
