"""Forward a request of the API to the service that answers it."""

from __future__ import annotations

from gateway.application.ports import Answer, Forwarded, Upstreams
from gateway.domain.resources import RESOURCES, Header, climbs, end_to_end


class UnknownResource(Exception):
    """No service answers this path."""


class ForwardRequest:
    """Routes by the declared table; headers of the connection and forged forwarding headers end here."""

    def __init__(self, upstreams: Upstreams) -> None:
        self._upstreams = upstreams

    async def __call__(
        self, resource: str, request: Forwarded, *, request_id: str, client: str | None
    ) -> Answer:
        """Raises `UnknownResource`, `UpstreamDown` and `UpstreamSlow`."""
        service = RESOURCES.get(resource)
        if service is None or climbs(request.target.partition(b"?")[0]):
            raise UnknownResource(f"there is no such resource; there are {', '.join(sorted(RESOURCES))}")
        headers = [header for header in end_to_end(request.headers) if not _is_ours(header[0])]
        headers.append((b"x-request-id", request_id.encode("ascii")))
        if client is not None:
            headers.append((b"x-forwarded-for", client.encode("ascii", "replace")))
        answer = await self._upstreams.send(
            service, Forwarded(request.method, request.target, headers, request.body)
        )
        kept: list[Header] = [
            h for h in end_to_end(answer.headers) if h[0].lower() not in {b"x-request-id", b"server", b"date"}
        ]
        kept.append((b"x-request-id", request_id.encode("ascii")))
        return Answer(answer.status, kept, answer.body, answer.close)


def _is_ours(name: bytes) -> bool:
    lowered = name.lower()
    return lowered in {b"x-request-id", b"forwarded"} or lowered.startswith(b"x-forwarded-")
