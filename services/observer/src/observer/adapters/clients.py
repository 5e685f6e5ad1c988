"""HTTP clients for places that the operator names: our own services, RabbitMQ's management, Prometheus, a heartbeat."""

from __future__ import annotations

import asyncio

import httpx

from chassis.clients import trusted_authorities


class TooLarge(Exception):
    """An answer is larger than what is read of it."""


def client(base_url: str = "", *, seconds: float, connections: int = 64) -> httpx.AsyncClient:
    """A client without a proxy, without cookies kept, with a time limit for each step."""
    parts = httpx.URL(base_url)
    auth = httpx.BasicAuth(parts.username, parts.password) if parts.username else None
    return httpx.AsyncClient(
        base_url=parts.copy_with(username=None, password=None) if parts.username else parts,
        auth=auth,
        timeout=seconds,
        verify=trusted_authorities(),
        trust_env=False,
        follow_redirects=False,
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
    )


async def read(
    http: httpx.AsyncClient, url: str, *, seconds: float, most: int, params: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """Status and body, of at most `most` bytes, within `seconds` altogether.

    Raises `TooLarge`, `TimeoutError`, `httpx.HTTPError`.
    """
    async with asyncio.timeout(seconds), http.stream("GET", url, params=params) as answer:
        parts: list[bytes] = []
        size = 0
        async for part in answer.aiter_bytes():
            size += len(part)
            if size > most:
                raise TooLarge(f"more than {most} bytes")
            parts.append(part)
        return answer.status_code, b"".join(parts)
