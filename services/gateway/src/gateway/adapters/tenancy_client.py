"""Asking tenancy over HTTP with the service token; that it does not answer is logged once, not each time."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import httpx
import structlog
from pydantic import SecretStr

from chassis.clients import service_client

_log = structlog.get_logger("gateway.tenancy")


class TenancyClient:
    """Every trouble is raised as an `unreachable`; `goes_on` is logged, and says what holds meanwhile."""

    def __init__(
        self, tenancy_url: str, service_token: SecretStr, *, unreachable: type[Exception], goes_on: str
    ) -> None:
        self._http = service_client(service_token, base_url=tenancy_url, timeout=httpx.Timeout(5.0))
        self._unreachable = unreachable
        self._goes_on = goes_on
        self._failing = False

    async def newer(self, path: str, known_tag: str | None) -> httpx.Response | None:
        """What stands there; None when nothing changed since that tag. Raises `unreachable`."""
        headers = {"If-None-Match": known_tag} if known_tag else {}
        answer = await self.ask("GET", path, also=(304,), headers=headers)
        return None if answer.status_code == 304 else answer

    async def ask(
        self, method: str, path: str, *, also: Collection[int] = (),
        headers: Mapping[str, str] | None = None, body: Mapping[str, str] | None = None,
    ) -> httpx.Response:  # fmt: skip
        """An answer of 200, or of a status among `also`. Raises `unreachable`."""
        try:
            answer = await self._http.request(method, path, headers=headers, json=body)
        except httpx.HTTPError as error:
            raise self.failed(f"tenancy does not answer ({type(error).__name__})") from error
        if answer.status_code != 200 and answer.status_code not in also:
            raise self.failed(f"tenancy answered {answer.status_code}")
        self._failing = False
        return answer

    def failed(self, words: str) -> Exception:
        """The error to raise; the first in a row is logged."""
        if not self._failing:
            _log.warning(self._goes_on, reason=words)
        self._failing = True
        return self._unreachable(words)
