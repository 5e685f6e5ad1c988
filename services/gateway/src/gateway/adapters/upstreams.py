"""The services behind the gateway, over HTTP with streaming bodies, each at one address or several."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import httpcore
import structlog

from gateway.adapters.counts import Counts
from gateway.application.api_ports import Answer, CannotPassOn, Forwarded, UpstreamDown, UpstreamSlow
from gateway.domain.balance import Address, Balance
from gateway.domain.headers import first_of

_READS = frozenset({"GET", "HEAD"})
_BROKEN = (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError)
_FAILURES = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.ProxyError)
"""A connection that was kept open and that the service has closed meanwhile looks like this."""
_LEAST_SECONDS = 0.05
_log = structlog.get_logger("gateway.upstreams")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a service may take and how much it may answer."""

    seconds: float
    """Until its answer begins, and between two parts of it."""
    connect_seconds: float
    total_seconds: float
    """For the whole answer, however steadily it comes."""
    most_bytes: int


class HttpUpstreams:
    """The port `Upstreams`: least requests in flight, passive health, one more try for reads that had no answer at all."""

    def __init__(self, urls: Mapping[str, Sequence[str]], patience: Patience, counts: Counts) -> None:
        self._balances = {service: Balance(addresses) for service, addresses in urls.items()}
        self._patience = patience
        self._counts = counts
        # The pool itself: a client would keep cookies, add headers of its own, and cost half as much again.
        self._http = httpcore.AsyncConnectionPool(
            max_connections=400, max_keepalive_connections=100, keepalive_expiry=20.0
        )

    def use(self, urls: Mapping[str, Sequence[str]]) -> None:
        """Other addresses; requests in flight end where they are."""
        for service, addresses in urls.items():
            self._balances[service].use(addresses)

    def notes(self) -> list[str]:
        """What /health should say."""
        now = asyncio.get_running_loop().time()
        return [
            f"{service} at {url} does not answer and is left alone for a while"
            for service, balance in self._balances.items()
            if len(balance.addresses) > 1
            for url in balance.out(now)
        ]

    async def send(self, service: str, request: Forwarded) -> Answer:
        """Ask a service. Raises `UpstreamDown`, `UpstreamSlow`."""
        loop, balance = asyncio.get_running_loop(), self._balances[service]
        until = loop.time() + self._patience.seconds
        address = balance.pick(loop.time())
        if address is None:
            raise UpstreamDown(f"{service} has no address")
        try:
            return await self._ask(service, address, request, until)
        except (UpstreamDown, UpstreamSlow) as error:
            other = balance.pick(loop.time(), {address.url})
            if other is None and isinstance(error.__cause__, _BROKEN):
                other = address
            if request.method not in _READS or other is None or until - loop.time() < _LEAST_SECONDS:
                raise
            return await self._ask(service, other, request, until)

    async def _ask(self, service: str, address: Address, request: Forwarded, until: float) -> Answer:
        loop = asyncio.get_running_loop()
        seconds = max(until - loop.time(), _LEAST_SECONDS)
        address.in_flight += 1
        try:
            answer = await self._http.handle_async_request(self._request(address, request, seconds))
        except BaseException as error:
            address.in_flight -= 1
            if isinstance(error, httpcore.LocalProtocolError):
                # No fault of the service: or a caller could put its addresses out.
                raise CannotPassOn("a header of this request holds what no header may hold") from error
            if isinstance(error, _FAILURES):
                raise self._failure(service, address, error) from error
            raise
        Balance.succeeded(address)
        try:
            self._check_length(service, answer)
        except UpstreamDown:
            address.in_flight -= 1
            await answer.aclose()
            raise
        flight = _Flight(self, service, address, answer, loop.time() + self._patience.total_seconds)
        return Answer(answer.status, answer.headers, flight.body(), flight.close)

    def _request(self, address: Address, request: Forwarded, seconds: float) -> httpcore.Request:
        origin, host = _origin(address.url)
        headers = [(b"host", host), *request.headers]
        if request.body is not None and first_of(request.headers, b"content-length") is None:
            headers.append((b"transfer-encoding", b"chunked"))
        patience = {
            "connect": min(self._patience.connect_seconds, seconds), "read": seconds, "write": self._patience.seconds,
            "pool": seconds,
        }  # fmt: skip
        scheme, name, port = origin
        return httpcore.Request(
            request.method,
            httpcore.URL(scheme=scheme, host=name, port=port, target=request.target),
            headers=headers,
            content=request.body,
            extensions={"timeout": patience},
        )

    def _failure(self, service: str, address: Address, error: Exception) -> UpstreamDown | UpstreamSlow:
        if isinstance(error, httpcore.PoolTimeout):
            return UpstreamSlow(f"{service} has too many requests in flight")
        Balance.failed(address, asyncio.get_running_loop().time())
        self._counts.failed(service, address.url)
        if isinstance(error, httpcore.TimeoutException) and not isinstance(error, httpcore.ConnectTimeout):
            return UpstreamSlow(f"{service} did not answer within {self._patience.seconds:g} s")
        return UpstreamDown(f"{service} cannot be reached ({type(error).__name__})")

    def _check_length(self, service: str, answer: httpcore.Response) -> None:
        declared = first_of(answer.headers, b"content-length") or ""
        if declared.isdecimal() and int(declared[:20]) > self._patience.most_bytes:
            self._counts.cut(service, "too large")
            raise UpstreamDown(
                f"{service} answers more than is passed on ({self._patience.most_bytes} bytes)"
            )

    def cut(self, service: str, reason: str) -> None:
        """An answer is broken off."""
        self._counts.cut(service, reason)
        _log.warning("an answer was broken off", upstream=service, reason=reason)

    @property
    def most_bytes(self) -> int:
        """How much of an answer is passed on."""
        return self._patience.most_bytes


class _Flight:
    """An answer that streams: ended by its service, by its time, by its size, or by whoever asked."""

    def __init__(
        self,
        upstreams: HttpUpstreams,
        service: str,
        address: Address,
        answer: httpcore.Response,
        until: float,
    ) -> None:
        self._upstreams = upstreams
        self._service = service
        self._address = address
        self._answer = answer
        self._until = until
        self._closed = False

    async def body(self) -> AsyncIterator[bytes]:
        """The parts as they come. Raises `UpstreamDown`, `UpstreamSlow`."""
        size, parts = 0, self._answer.aiter_stream()
        while True:
            try:
                async with asyncio.timeout_at(self._until):
                    part = await anext(parts)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise self._broken("took too long", UpstreamSlow) from error
            except httpcore.TimeoutException as error:
                raise self._broken("stood still", UpstreamSlow) from error
            except _FAILURES as error:
                raise self._broken("was broken off by its service", UpstreamDown) from error
            size += len(part)
            if size > self._upstreams.most_bytes:
                raise self._broken("was too large", UpstreamDown)
            yield part

    async def close(self) -> None:
        """Give the connection back, whole or broken."""
        if not self._closed:
            self._closed = True
            self._address.in_flight -= 1
            await self._answer.aclose()

    def _broken(
        self, reason: str, kind: type[UpstreamDown] | type[UpstreamSlow]
    ) -> UpstreamDown | UpstreamSlow:
        self._upstreams.cut(self._service, reason)
        return kind(f"the answer of {self._service} {reason}")


@lru_cache(maxsize=1024)
def _origin(url: str) -> tuple[tuple[bytes, bytes, int], bytes]:
    """Scheme, host and port of an address, and what the header Host says."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = (parts.hostname or "").encode("ascii")
    return (parts.scheme.encode("ascii"), host, port), parts.netloc.encode("ascii")
