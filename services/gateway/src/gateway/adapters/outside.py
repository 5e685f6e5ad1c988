"""What a verifier reads from outside: certificates and confirmations at addresses that it has checked to be the vendor's."""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic
from urllib.parse import urlsplit

import httpx
import structlog

from gateway.application.ports import CannotVerify
from vendorkit import AddressRefused

SECONDS = 5.0
MOST_PER_MINUTE = 30
"""Whoever knows a topic could have one certificate after another be read: more than this is for later."""
_AS_IT_IS = {"Accept-Encoding": "identity"}
_log = structlog.get_logger("gateway.outside")


class HttpOutside:
    """The port `Outside`: few requests, small answers, no redirects.

    `stand_in` takes the place of every host, for tests; what is checked of an address is checked before.
    """

    def __init__(self, http: httpx.AsyncClient, stand_in: str = "") -> None:
        self._http = http
        self._stand_in = stand_in
        self._asked: deque[float] = deque()

    async def get(self, url: str, most_bytes: int) -> bytes:
        """What stands there. Raises `CannotVerify`."""
        self._count()
        host = urlsplit(url).netloc
        place = self._stand_in + url.removeprefix(f"https://{host}") if self._stand_in else url
        try:
            async with (
                asyncio.timeout(SECONDS),
                self._http.stream("GET", place, headers=_AS_IT_IS, follow_redirects=False) as answer,
            ):
                if answer.status_code != 200:
                    raise self._failed(host, f"answered {answer.status_code}")
                content = bytearray()
                async for chunk in answer.aiter_raw():
                    content += chunk
                    if len(content) > most_bytes:
                        raise self._failed(host, "answered too much")
        except (httpx.HTTPError, httpx.InvalidURL, AddressRefused, TimeoutError) as error:
            raise self._failed(host, f"does not answer ({type(error).__name__})") from error
        return bytes(content)

    def _count(self) -> None:
        now = monotonic()
        while self._asked and now - self._asked[0] > 60:
            self._asked.popleft()
        if len(self._asked) >= MOST_PER_MINUTE:
            raise CannotVerify("too much had to be asked outside within this minute: come again")
        self._asked.append(now)

    def _failed(self, host: str, words: str) -> CannotVerify:
        _log.warning("what a verifier must read was not read", host=host, reason=words)
        return CannotVerify(f"{host} {words}")
