"""Forward a request of the API to the service that answers it, in the name of whom the gateway let in."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.application.api_ports import Answer, Forwarded, Upstreams
from gateway.domain.access import Identity
from gateway.domain.headers import Header, end_to_end
from gateway.domain.operations import Operation

_OURS = frozenset(
    {
        b"x-request-id", b"forwarded", b"authorization", b"x-api-key", b"x-tenant-id", b"x-actor", b"x-role",
        b"x-scopes", b"host", b"accept-encoding",
    }
)  # fmt: skip
"""What a client sends of these is no service's business: the gateway says it, or nobody."""
_NOT_PASSED_ON = frozenset({b"x-request-id", b"server", b"date"})


class ForwardRequest:
    """What a client says of itself ends here; what the gateway found out goes on."""

    def __init__(self, upstreams: Upstreams, service_token: bytes) -> None:
        self._upstreams = upstreams
        self._service_token = service_token

    async def __call__(
        self,
        operation: Operation,
        request: Forwarded,
        *,
        identity: Identity | None,
        tenant_id: str | None,
        request_id: str,
        client: str | None,
    ) -> Answer:
        """The service's answer. Raises `UpstreamDown` and `UpstreamSlow`."""
        headers = [header for header in end_to_end(request.headers) if not _is_ours(header[0])]
        headers.append((b"x-request-id", request_id.encode("ascii")))
        if client is not None:
            headers.append((b"x-forwarded-for", client.encode("ascii", "replace")))
        if identity is not None:
            headers += self._vouched(identity, tenant_id, request.headers)
        answer = await self._upstreams.send(
            operation.service,
            # HEAD is asked as GET: services answer no HEAD, and the server leaves the body out by itself.
            Forwarded(
                "GET" if request.method == "HEAD" else request.method, request.target, headers, request.body
            ),
        )
        kept = [header for header in end_to_end(answer.headers) if header[0].lower() not in _NOT_PASSED_ON]
        return Answer(answer.status, kept, answer.body, answer.close)

    def _vouched(self, identity: Identity, tenant_id: str | None, given: Sequence[Header]) -> list[Header]:
        tenant = [(b"x-tenant-id", tenant_id.encode("ascii"))] if tenant_id is not None else []
        if identity.scopes is None:
            # The fleet's own tokens go on as they are, with the person whom their bearer names.
            kept = {b"authorization", b"x-actor"}
            return [*tenant, *((name, value) for name, value in given if name.lower() in kept)]
        return [
            *tenant,
            (b"authorization", b"Bearer " + self._service_token),
            (b"x-actor", identity.actor.encode("ascii")),
            *([(b"x-role", identity.role.encode("ascii"))] if identity.role is not None else []),
            (b"x-scopes", " ".join(sorted(identity.scopes)).encode("ascii")),
        ]


def _is_ours(name: bytes) -> bool:
    # Some servers read an underscore as a hyphen: what is meant to slip through so does not.
    plain = name.lower().replace(b"_", b"-")
    return plain in _OURS or plain.startswith(b"x-forwarded-")
