"""The services behind the gateway, over HTTP with streaming bodies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import httpx

from gateway.application.ports import Answer, Forwarded, UpstreamDown, UpstreamSlow


class HttpUpstreams:
    """The port `Upstreams`; one pool of connections for all services."""

    def __init__(self, urls: Mapping[str, str], *, seconds: float, connect_seconds: float) -> None:
        self._urls = {service: httpx.URL(url) for service, url in urls.items()}
        self._timeout = httpx.Timeout(seconds, connect=connect_seconds)
        self._http = httpx.AsyncClient(
            trust_env=False, limits=httpx.Limits(max_connections=200, max_keepalive_connections=50)
        )

    async def send(self, service: str, request: Forwarded) -> Answer:
        """Ask a service. Raises `UpstreamDown`, `UpstreamSlow`."""
        # Made by hand, not by the client: it would add headers of its own, such as Accept-Encoding.
        outgoing = httpx.Request(
            request.method,
            self._urls[service].copy_with(raw_path=request.target),
            headers=list(request.headers),
            content=request.body,
            extensions={"timeout": self._timeout.as_dict()},
        )
        try:
            answer = await self._http.send(outgoing, stream=True)
        except httpx.ConnectTimeout as error:
            raise UpstreamDown(f"{service} cannot be reached") from error
        except httpx.TimeoutException as error:
            raise UpstreamSlow(f"{service} did not answer within {self._timeout.read:.0f} s") from error
        except httpx.TransportError as error:
            raise UpstreamDown(f"{service} cannot be reached ({type(error).__name__})") from error
        return Answer(answer.status_code, answer.headers.raw, _body(service, answer), answer.aclose)


async def _body(service: str, answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    except httpx.TimeoutException as error:
        raise UpstreamSlow(f"{service} stopped in the middle of its answer") from error
    except httpx.TransportError as error:
        raise UpstreamDown(f"{service} broke off its answer ({type(error).__name__})") from error
