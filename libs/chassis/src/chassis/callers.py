"""Who calls a service, and what he may: the service token, the admin token, or whom the gateway vouches for (ADR 0013).

The gateway authenticates people and API keys; toward a service it shows the service token and says in headers whom it
let in. A service believes these headers by that token alone.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Header, Request
from fastapi.routing import APIRoute

from chassis.problems import Problem
from chassis.settings import Settings
from contracts.envelope import InvalidEnvelope, check_tenant_id

TENANT, ACTOR, ROLE, SCOPES = "x-tenant-id", "x-actor", "x-role", "x-scopes"
"""What the gateway says of whom it let in; of a client's own headers it lets none of these through."""

_ACTOR = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,79}")
_API_PATH = re.compile(r"/api/v\d+/([a-z][a-z0-9-]*)")
_READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `scopes` of None is everything, `tenant_id` of None is no company in particular."""

    kind: Literal["service", "admin", "user", "key"]
    actor: str
    tenant_id: str | None = None
    role: str | None = None
    scopes: frozenset[str] | None = None

    @property
    def of_the_fleet(self) -> bool:
        """Whether the caller is bound to no company: a service, the admin token, a super admin."""
        return self.kind in {"service", "admin"} or self.role == "super_admin"

    def may(self, scope: str) -> bool:
        """Whether the caller has that scope."""
        return self.scopes is None or scope in self.scopes

    def reaches(self, tenant_id: str) -> bool:
        """Whether the caller may know anything of that company."""
        return self.of_the_fleet or self.tenant_id == tenant_id


def scope(name: str) -> dict[str, object]:
    """For a route's `openapi_extra`: the scope that it wants instead of the one that its path and method say."""
    return {"security": [{"bearer": [name]}]}


def public() -> dict[str, object]:
    """For a route's `openapi_extra`: whoever asks is answered."""
    return {"security": []}


def scope_of(path: str, method: str, declared: object) -> str | None:
    """The scope that an operation wants: `leads:read` for `GET /api/v1/leads/…`; None when it wants none.

    `declared` is the operation's `security` as OpenAPI has it, where the route says it itself.
    """
    if isinstance(declared, list):
        for alternative in declared:  # pyright: ignore[reportUnknownVariableType] — as OpenAPI has it
            return str(alternative["bearer"][0])
        return None
    found = _API_PATH.match(path)
    if found is None:
        return None
    return f"{found[1]}:{'read' if method in _READS else 'write'}"


def is_public(declared: object) -> bool:
    """Whether a route's own `security` lets everyone in."""
    return declared == []


async def caller_of(request: Request) -> Caller:
    """Who calls, by the bearer token and what the gateway says. Raises `Problem` 401."""
    known: Caller | None = getattr(request.state, "caller", None)
    if known is None:
        known = request.state.caller = _caller(request)
    return known


async def admitted(request: Request) -> None:
    """Let in who may: the token, the scope of the route, the tenant in its path. Raises `Problem` 401, 403 and 404."""
    route: object = request.scope.get("route")
    declared = (route.openapi_extra or {}).get("security") if isinstance(route, APIRoute) else None
    if is_public(declared):
        return
    caller = await caller_of(request)
    if not request.url.path.startswith("/api/") and caller.kind in {"user", "key"}:
        raise Problem(403, "Forbidden", "only services and admins reach this")
    path: str = getattr(route, "path", request.url.path)
    wanted = scope_of(path, request.method, declared)
    if wanted is not None and not caller.may(wanted):
        raise Problem(403, "Forbidden", f"this needs the scope {wanted}, which {caller.actor} does not have")
    named = request.path_params.get("tenant_id")
    if isinstance(named, str) and not caller.reaches(named):
        # As if it did not exist: who else is a customer is nobody's business.
        raise Problem(404, "Not found", f"there is no tenant {named[:63]}")


async def service_only(caller: Annotated[Caller, Depends(caller_of)]) -> None:
    """Let only services in. Raises `Problem` 403."""
    if caller.kind != "service":
        raise Problem(
            403, "Forbidden", "only services may read this; an admin sets it and never reads it back"
        )


async def tenant_of(
    caller: Annotated[Caller, Depends(caller_of)],
    x_tenant_id: Annotated[
        str | None, Header(description="The company; who belongs to one need not say it.")
    ] = None,
) -> str:
    """The tenant that a request speaks for. Raises `Problem` 400."""
    del x_tenant_id  # declared for the API's description; it is read, and checked, with the caller
    if caller.tenant_id is None:
        raise Problem(400, "No tenant", "say the tenant in the header X-Tenant-Id")
    return caller.tenant_id


def _caller(request: Request) -> Caller:
    kind = _token_kind(request)
    tenant_id, actor = _tenant(request), _actor(request)
    if kind == "service" and SCOPES in request.headers:
        # The gateway vouches for somebody.
        return Caller(
            "key" if (actor or "").startswith("key:") else "user",
            actor or "user",
            tenant_id,
            request.headers.get(ROLE),
            frozenset(request.headers[SCOPES].split()),
        )
    return Caller(kind, kind if actor is None else f"{kind}: {actor}", tenant_id)


def _token_kind(request: Request) -> Literal["service", "admin"]:
    settings: Settings = request.app.state.settings
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    given = token.strip().encode("utf-8", "replace")
    is_service = hmac.compare_digest(given, settings.service_token.get_secret_value().encode())
    is_admin = hmac.compare_digest(given, settings.admin_token.get_secret_value().encode())
    if scheme.lower() == "bearer" and (is_service or is_admin):
        return "service" if is_service else "admin"
    raise Problem(
        401, "Unauthorized", "send a service or admin token as 'Authorization: Bearer …', or ask the gateway",
        headers={"WWW-Authenticate": "Bearer"},
    )  # fmt: skip


def _tenant(request: Request) -> str | None:
    given = request.headers.get(TENANT)
    if given is None:
        return None
    try:
        return check_tenant_id(given)
    except InvalidEnvelope as error:
        raise Problem(400, "No tenant", str(error)) from error


def _actor(request: Request) -> str | None:
    """The person whom the caller names."""
    given = request.headers.get(ACTOR)
    if given is not None and not _ACTOR.fullmatch(given):
        raise Problem(422, "Invalid actor", "X-Actor is one line of at most 80 printable ASCII characters")
    return given
