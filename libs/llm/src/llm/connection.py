"""The one HTTP client under both SDKs (both speak httpx2), and what its silence means.

Giving the SDKs our own client keeps them from choosing another (google-genai would take aiohttp when it is
installed, and retry by itself) and lets one limit hold for the size of every answer. The environment's proxy
(HTTPS_PROXY and the like) is used, but not for this machine's own addresses.
"""

from collections.abc import AsyncIterator

import httpx2

from llm.settings import LanguageModelSettings
from vendorkit import NOT_BY_PROXY, VendorContractBroken, VendorUnavailable

_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


def http_client(settings: LanguageModelSettings) -> httpx2.AsyncClient:
    """A client within the limits of the settings."""
    limits = httpx2.Limits(
        max_connections=settings.connections, max_keepalive_connections=settings.connections
    )

    async def count(response: httpx2.Response) -> None:
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Counted(response.stream, settings.response_bytes, settings.provider)

    # Not by a transport of our own: a client that is given one does not look for a proxy.
    return httpx2.AsyncClient(
        limits=limits,
        timeout=timeouts(settings),
        follow_redirects=False,
        mounts=dict(NOT_BY_PROXY),
        event_hooks={"response": [count]},
    )


def timeouts(settings: LanguageModelSettings) -> httpx2.Timeout:
    """No wait without an end."""
    return httpx2.Timeout(settings.timeout_s, connect=min(5.0, settings.timeout_s))


def silent(vendor: str, error: BaseException) -> VendorUnavailable:
    """What a time-out or a broken connection means."""
    sent = not isinstance(error, _NEVER_SENT)
    what = "did not answer in time" if isinstance(error, httpx2.TimeoutException) else "cannot be reached"
    if sent and not isinstance(error, httpx2.TimeoutException):
        what = "cut the connection"
    return VendorUnavailable(f"{vendor} {what}. Trying again later.", vendor=vendor, ambiguous=sent)


class _Counted(httpx2.AsyncByteStream):
    """Counts what comes in, and stops reading at the limit."""

    def __init__(self, inner: httpx2.AsyncByteStream, limit: int, vendor: str) -> None:
        self._inner = inner
        self._left = limit
        self._limit = limit
        self._vendor = vendor

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._inner:
            self._left -= len(piece)
            if self._left < 0:
                raise VendorContractBroken(
                    f"{self._vendor} sent more than {self._limit} bytes in one answer.", vendor=self._vendor
                )
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()
