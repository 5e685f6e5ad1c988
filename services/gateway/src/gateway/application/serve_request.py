"""Serve a request of the API: find who answers it, who asks and whether he may, then answer from memory or forward."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from gateway.application.api_ports import Answer, Counted, Forwarded
from gateway.application.authenticate import Authenticate, NotAuthenticated
from gateway.application.forward_request import ForwardRequest
from gateway.application.hold_routes import HeldRoutes, NoSuchPath
from gateway.application.keep_answers import AnswerKey, KeptAnswer, KeptAnswers
from gateway.application.limit_requests import LimitRequests
from gateway.domain.access import Identity
from gateway.domain.caching import (
    Freshness,
    etag_of,
    freshness_of,
    must_not_be_kept,
    unchanged,
    wants_the_service,
)
from gateway.domain.headers import Header, first_of, tricky, values_of
from gateway.domain.languages import Language, spoken
from gateway.domain.operations import Operation
from gateway.domain.rate_limits import Standing

WHO_LETS_IN = "tenancy"
_TENANT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_MADE_ANEW = frozenset({b"cache-control", b"etag", b"vary", b"age", b"content-length", b"transfer-encoding"})


class OtherTenant(Exception):
    """A caller of one tenant asks for another."""


class NoTenant(Exception):
    """The caller does not say soundly which tenant it speaks for."""


class MissingScope(Exception):
    """The caller may not do this."""

    def __init__(self, scopes: Sequence[str], actor: str) -> None:
        super().__init__(f"this needs the scope {' '.join(scopes)}, which {actor} does not have")
        self.scopes = tuple(scopes)


class LicenceSuspended(Exception):
    """The company's licence ran out: its people may see what it owes and pay, and nothing else."""

    def __init__(self, language: Language) -> None:
        super().__init__("the company's licence is suspended")
        self.language: Language = language


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came; `path` is decoded, as a service will read it."""

    path: str
    request: Forwarded
    client: str


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer whose body is here."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


@dataclass(slots=True)
class Exchange:
    """What becomes known of a request on its way, for its answer's headers and for the log."""

    request_id: str
    operation: Operation | None = None
    identity: Identity | None = None
    tenant_id: str | None = None
    standings: Sequence[Standing] = ()


class ServeRequest:
    """One request, from the door to the answer."""

    def __init__(
        self,
        routes: HeldRoutes,
        authenticate: Authenticate,
        limits: LimitRequests,
        forward: ForwardRequest,
        kept: KeptAnswers,
        counted: Counted,
        access_changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._routes = routes
        self._authenticate = authenticate
        self._limits = limits
        self._forward = forward
        self._kept = kept
        self._counted = counted
        self._access_changed = access_changed

    async def find(self, call: Call) -> Operation:
        """The operation that is asked for. Raises `NoSuchPath`, `NoSuchMethod`, `RoutesUnread`."""
        if tricky(call.request.target.partition(b"?")[0]):
            raise NoSuchPath(
                "this path could mean two things: no dot segments, empty segments or encoded slashes"
            )
        return await self._routes.find(call.request.method, call.path)

    async def admit(self, call: Call, exchange: Exchange) -> None:
        """Let the caller in. Raises what says why not: see the table of answers."""
        operation = exchange.operation = await self.find(call)
        if operation.public:
            exchange.standings = await self._limits.of_address(call.client)
            return
        headers = call.request.headers
        identity = exchange.identity = await self._who(call)
        exchange.tenant_id = _tenant(identity, headers)
        exchange.standings = await self._limits.of_caller(identity)
        if not identity.may_see(operation.resource):
            raise LicenceSuspended(spoken(values_of(headers, b"accept-language")))
        if missing := identity.lacks(operation.scopes):
            raise MissingScope(missing, identity.actor)

    async def answer(self, call: Call, exchange: Exchange) -> Answer | Ready:
        """The answer to who was let in. Raises `UpstreamDown` and `UpstreamSlow`."""
        operation, identity, tenant_id = exchange.operation, exchange.identity, exchange.tenant_id
        assert operation is not None
        if operation.method != "GET":
            return await self._write(call, exchange, operation)
        if identity is None or tenant_id is None or identity.chooses_tenant:
            # Who may ask for any company is answered by the services alone: what is kept belongs to one.
            return await self._read(call, exchange, operation)
        keys = _keys(call, identity, tenant_id, operation.resource)
        headers = call.request.headers
        kept = None if wants_the_service(headers) else self._kept.find(keys)
        if kept is not None:
            return self._from_memory(kept, headers)
        mark = self._kept.mark(tenant_id, operation.resource)
        answer = await self._ask(call, exchange, operation)
        freshness = freshness_of(answer.status, answer.headers)
        if freshness is None:
            return answer
        read = await _whole(answer, self._kept.largest)
        if not isinstance(read, bytes):
            return read
        fresh = _kept(answer, read, freshness)
        if not must_not_be_kept(headers):
            self._kept.keep(keys[0] if freshness.private else keys[1], fresh, mark)
        self._counted.cached("miss")
        return _unless_known(fresh, headers, 0) or Ready(200, fresh.headers, fresh.body)

    async def _who(self, call: Call) -> Identity:
        headers = call.request.headers
        try:
            return await self._authenticate(
                values_of(headers, b"authorization"), values_of(headers, b"x-api-key")
            )
        except NotAuthenticated as error:
            if error.shown:
                await self._limits.of_refused(call.client)
            raise

    async def _ask(self, call: Call, exchange: Exchange, operation: Operation) -> Answer:
        return await self._forward(
            operation, call.request, identity=exchange.identity, tenant_id=exchange.tenant_id,
            request_id=exchange.request_id, client=call.client,
        )  # fmt: skip

    async def _read(self, call: Call, exchange: Exchange, operation: Operation) -> Answer | Ready:
        """A read that is not kept; an answer that may be has its tag all the same."""
        answer = await self._ask(call, exchange, operation)
        freshness = freshness_of(answer.status, answer.headers) if exchange.identity is not None else None
        if freshness is None:
            return answer
        read = await _whole(answer, self._kept.largest)
        if not isinstance(read, bytes):
            return read
        fresh = _kept(answer, read, freshness)
        return _unless_known(fresh, call.request.headers, 0) or Ready(200, fresh.headers, fresh.body)

    async def _write(self, call: Call, exchange: Exchange, operation: Operation) -> Answer:
        identity = exchange.identity
        of_one = identity is not None and not identity.chooses_tenant
        tenant_id = exchange.tenant_id if of_one else None
        self._kept.written(tenant_id, operation.resource)
        try:
            answer = await self._ask(call, exchange, operation)
        finally:
            self._kept.written(tenant_id, operation.resource)
        if operation.service == WHO_LETS_IN and answer.status < 400:
            # Who logs out or revokes a key is told so when it holds, here at least; other replicas know within 5 s.
            await self._access_changed()
        return answer

    def _from_memory(self, kept: KeptAnswer, headers: Sequence[Header]) -> Ready:
        age = kept.age(monotonic())
        known = _unless_known(kept, headers, age)
        self._counted.cached("hit" if known is None else "not_modified")
        return known or Ready(200, (*kept.headers, (b"age", str(age).encode())), kept.body)


def _tenant(identity: Identity, headers: Sequence[Header]) -> str | None:
    """The tenant that the request speaks for. Raises `OtherTenant` and `NoTenant`."""
    given = set(values_of(headers, b"x-tenant-id"))
    if not identity.chooses_tenant:
        if given - {identity.tenant_id}:
            raise OtherTenant("this token or key belongs to another company than X-Tenant-Id says")
        return identity.tenant_id
    if len(given) > 1 or not all(_TENANT_ID.fullmatch(tenant_id) for tenant_id in given):
        raise NoTenant("X-Tenant-Id must be the id of one company")
    return next(iter(given), identity.tenant_id)


def _keys(call: Call, identity: Identity, tenant_id: str, resource: str) -> tuple[AnswerKey, AnswerKey]:
    """The caller's own, and that of all of the tenant who have the same rights."""
    rights = f"{identity.role} {' '.join(sorted(identity.scopes or ()))}"
    headers = call.request.headers
    accept = ", ".join(values_of(headers, b"accept"))
    language = ", ".join(values_of(headers, b"accept-language"))
    own, shared = (
        AnswerKey(tenant_id, resource, who, call.request.target, accept, language)
        for who in (f"{identity.actor} {rights}", rights)
    )
    return own, shared


def _kept(answer: Answer, body: bytes, freshness: Freshness) -> KeptAnswer:
    etag = first_of(answer.headers, b"etag") or etag_of(body)
    headers = [header for header in answer.headers if header[0].lower() not in _MADE_ANEW]
    # What the service allows to all of a tenant is still nothing for a cache that stands between.
    headers.append((b"cache-control", f"private, max-age={freshness.seconds}".encode()))
    headers.append((b"etag", etag.encode("latin-1")))
    return KeptAnswer(tuple(headers), body, etag, monotonic(), freshness.seconds, freshness.private)


def _unless_known(kept: KeptAnswer, headers: Sequence[Header], age: int) -> Ready | None:
    """304, when the caller has this already."""
    if not unchanged(values_of(headers, b"if-none-match"), kept.etag):
        return None
    passed = [
        header for header in kept.headers if header[0].lower() in {b"cache-control", b"etag", b"expires"}
    ]
    return Ready(304, (*passed, (b"age", str(age).encode())), b"")


async def _whole(answer: Answer, most: int) -> bytes | Answer:
    """The body, if it is not larger than what may be kept; else the answer, to be passed on as it comes."""
    parts, size, body = list[bytes](), 0, aiter(answer.body)
    whole = True
    try:
        async for part in body:
            parts.append(part)
            size += len(part)
            if size > most:
                whole = False
                return Answer(answer.status, answer.headers, _chained(parts, body), answer.close)
    finally:
        if whole:
            await answer.close()
    return b"".join(parts)


async def _chained(parts: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    async for part in rest:
        yield part
