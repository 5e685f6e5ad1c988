"""httpx clients whose connections all go through a `Guard`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import cast

import httpcore
import httpx

from chassis.clients import trusted_authorities
from vendorkit.outward import MOST_TRIED, AddressRefused, Guard

_SocketOptions = Iterable[
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
]
_CONNECT_SECONDS = 10.0
_MOST_REDIRECTS = 3


def outward_http_client(
    guard: Guard,
    *,
    timeout: httpx.Timeout,
    headers: Mapping[str, str] | None = None,
    auth: httpx.Auth | None = None,
    limits: httpx.Limits | None = None,
    follow_redirects: bool = False,
) -> httpx.AsyncClient:
    """An httpx client that reaches only what the guard lets it; every redirect is checked like the first address.

    The environment's proxies are not used: a proxy would resolve the name again, out of the guard's sight. Raises
    `AddressRefused` from a request.
    """
    return httpx.AsyncClient(
        transport=GuardedTransport(guard, limits or httpx.Limits()),
        timeout=timeout,
        headers=dict(headers or {}),
        auth=auth,
        follow_redirects=follow_redirects,
        max_redirects=_MOST_REDIRECTS,
        trust_env=False,
    )


def outward_blocking_http_client(guard: Guard, *, timeout: httpx.Timeout) -> httpx.Client:
    """The same for a library that calls from a thread; follows no redirect."""
    return httpx.Client(
        transport=GuardedBlockingTransport(guard), timeout=timeout, follow_redirects=False, trust_env=False
    )


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport over a pool that connects through the guard."""

    def __init__(self, guard: Guard, limits: httpx.Limits) -> None:
        super().__init__(verify=trusted_authorities(), limits=limits)
        # httpx has no parameter for it. Were the attribute renamed, this line would fail and not let us out unguarded.
        assert isinstance(self._pool, httpcore.AsyncConnectionPool)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trusted_authorities(),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Backend(guard),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, unless the address itself is not one."""
        _check_form(request.url)
        return await super().handle_async_request(request)


class GuardedBlockingTransport(httpx.HTTPTransport):
    """The same, blocking."""

    def __init__(self, guard: Guard) -> None:
        super().__init__(verify=trusted_authorities())
        assert isinstance(self._pool, httpcore.ConnectionPool)
        self._pool = httpcore.ConnectionPool(
            ssl_context=trusted_authorities(), network_backend=_BlockingBackend(guard)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send, unless the address itself is not one."""
        _check_form(request.url)
        return super().handle_request(request)


class _Backend(httpcore.AsyncNetworkBackend):
    """Opens connections to checked addresses alone; the pool above knows the name, and verifies it in TLS."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve once, judge all, connect to one of them."""
        seconds = _CONNECT_SECONDS if timeout is None else timeout
        try:
            async with asyncio.timeout(seconds):
                addresses = (await self._guard.checked_soon(host, port, "web"))[:MOST_TRIED]
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host} was not resolved in time") from error
        except OSError as error:
            raise httpcore.ConnectError(f"{host} has no address") from error
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    str(address), port, seconds / len(addresses), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    async def sleep(self, seconds: float) -> None:
        """As the pool asks."""
        await self._inner.sleep(seconds)


class _BlockingBackend(httpcore.NetworkBackend):
    """The same, blocking."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _SocketOptions | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve once, judge all, connect to one of them."""
        seconds = _CONNECT_SECONDS if timeout is None else timeout
        try:
            addresses = self._guard.checked(host, port, "web")[:MOST_TRIED]
        except OSError as error:
            raise httpcore.ConnectError(f"{host} has no address") from error
        failure: Exception | None = None
        for address in addresses:
            try:
                return self._inner.connect_tcp(
                    str(address), port, seconds / len(addresses), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")


def _check_form(url: httpx.URL) -> None:
    if url.userinfo:
        raise AddressRefused(url.host, "has a user name or password before the host")
