"""The port `StaffDesk` over notification's HTTP API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, SecretStr, TypeAdapter, ValidationError

from observer.adapters.clients import client
from observer.application.push_to_browser import Browser, BrowserRefused, StaffAway, StaffMember

_STAFF, _SECONDS = "/api/v1/fleet/staff", 5.0
_Told = TypeVar("_Told")


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Key(_Answer):
    public_key: str


class _Made(_Answer):
    id: str


class _Subscription(_Answer):
    subscription_id: str


class _Problem(_Answer):
    title: str = ""
    detail: str = ""


_MEMBERS = TypeAdapter(list[StaffMember])
_SUBSCRIPTIONS = TypeAdapter(list[_Subscription])


class NotificationStaff:
    """Asks with the service token; `url` of None is a fleet in which notification has no address."""

    def __init__(self, url: str | None, service_token: SecretStr) -> None:
        self._url = url
        self._http = client(url or "", seconds=_SECONDS, connections=8)
        self._http.headers["Authorization"] = f"Bearer {service_token.get_secret_value()}"

    async def members(self) -> Sequence[StaffMember]:
        """Everybody who is told."""
        return _read(_MEMBERS, await self._ask("GET", _STAFF))

    async def key(self) -> str:
        """The key that browsers subscribe with."""
        return _read(TypeAdapter(_Key), await self._ask("GET", "/api/v1/fleet/push-key")).public_key

    async def browsers(self, staff_id: str) -> frozenset[str]:
        """The ids of a member's browsers."""
        found = _read(_SUBSCRIPTIONS, await self._ask("GET", _browsers(staff_id)))
        return frozenset(one.subscription_id for one in found)

    async def subscribe(self, staff_id: str, browser: Browser) -> str:
        """Register a browser."""
        given = {
            "endpoint": browser.endpoint,
            "keys": {"p256dh": browser.p256dh, "auth": browser.auth},
            "device": browser.device,
        }
        return _read(TypeAdapter(_Made), await self._ask("POST", _browsers(staff_id), given)).id

    async def unsubscribe(self, staff_id: str, subscription_id: str) -> None:
        """Forget a browser."""
        await self._ask("DELETE", f"{_browsers(staff_id)}/{quote(subscription_id, safe='')}", known=(404,))

    async def _ask(
        self, method: str, path: str, body: object = None, *, known: tuple[int, ...] = ()
    ) -> httpx.Response:
        if self._url is None:
            raise StaffAway("OBSERVER_SERVICES names no address of notification")
        try:
            answer = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise StaffAway(type(error).__name__) from error
        if answer.is_success or answer.status_code in known:
            return answer
        if method == "POST" and answer.is_client_error and answer.status_code not in (401, 403):
            problem = _read(TypeAdapter(_Problem), answer)
            raise BrowserRefused(problem.detail or problem.title)
        raise StaffAway(f"it answered with {answer.status_code}")


def _browsers(staff_id: str) -> str:
    return f"{_STAFF}/{quote(staff_id, safe='')}/push-subscriptions"


def _read(kind: TypeAdapter[_Told], answer: httpx.Response) -> _Told:
    try:
        return kind.validate_json(answer.content)
    except ValidationError as error:
        raise StaffAway("its answer is not understood") from error
