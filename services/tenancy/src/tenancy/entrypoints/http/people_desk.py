"""What the routes about people work with, who asks, from where, and how refusals are answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Annotated, Any

from fastapi import Depends, Path, Request, Response

from chassis.callers import Caller, caller_of, tenant_of
from chassis.problems import MEDIA_TYPE, Problem
from tenancy.application.invite_people import InvitePeople
from tenancy.application.keep_api_keys import KeepApiKeys
from tenancy.application.keep_passwords import KeepPasswords
from tenancy.application.keep_sessions import KeepSessions
from tenancy.application.keep_users import KeepUsers
from tenancy.application.microsoft_ports import MicrosoftRefused, MicrosoftUnavailable
from tenancy.application.people_errors import (
    LinkRefused,
    MayNot,
    NotFound,
    NotNow,
    SignInRefused,
    TooManyAttempts,
)
from tenancy.application.sign_in import SignIn
from tenancy.application.sign_in_with_microsoft import SignInWithMicrosoft
from tenancy.application.sign_tokens import SignTokens
from tenancy.application.tell_access import TellAccess
from tenancy.domain.flaws import ConfigurationRefused
from tenancy.domain.permissions import FLEET, Asker

_ANSWERS = {
    401: "The log-in, the password or the token is not good",
    404: "Not found",
    410: "The link is not good (any more)",
    429: "Too many attempts: Retry-After says when to come again",
}


@dataclass(frozen=True, slots=True)
class PeopleDesk:
    """What the routes work with."""

    sign_in: SignIn
    sessions: KeepSessions
    passwords: KeepPasswords
    users: KeepUsers
    invite: InvitePeople
    api_keys: KeepApiKeys
    microsoft: SignInWithMicrosoft
    sign: SignTokens
    access: TellAccess
    secure_cookies: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account of his own."""

    tenant_id: str
    user_id: str
    actor: str


def _asker(caller: Annotated[Caller, Depends(caller_of)]) -> Asker:
    return Asker(caller.actor, caller.scopes, caller.of_the_fleet)


def _person(caller: Annotated[Caller, Depends(caller_of)]) -> Person:
    """Raises `Problem` 403 for programs."""
    user_id = caller.actor.removeprefix("user:")
    if caller.kind != "user" or user_id == caller.actor:
        raise Problem(403, "Forbidden", "only a person who is logged in has an account")
    # A super admin who looks at a company still is who he is.
    tenant_id = FLEET if caller.role == "super_admin" else caller.tenant_id
    if tenant_id is None:
        raise Problem(400, "No tenant", "say the tenant in the header X-Tenant-Id")
    return Person(tenant_id, user_id, caller.actor)


async def _client(request: Request) -> str | None:
    """The address that asks: what the gateway says, which shows the service token, else the peer's own."""
    address = request.client.host if request.client is not None else None
    try:
        by_the_gateway = (await caller_of(request)).kind != "admin"
    except Problem:
        by_the_gateway = False
    forwarded = request.headers.get("x-forwarded-for", "")
    if by_the_gateway and forwarded:
        # The last one is the gateway's own word; what stands before it may be anybody's.
        address = forwarded.rpartition(",")[2].strip()
    return _network(address) if address else None


def _network(address: str) -> str | None:
    """One address, or of IPv6 the /64 that one customer has."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
    return str(found)


Tenant = Annotated[str, Depends(tenant_of)]
By = Annotated[Asker, Depends(_asker)]
Me = Annotated[Person, Depends(_person)]
Client = Annotated[str | None, Depends(_client)]
RowId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: refusals beyond those that every route has."""
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {
        status: {"description": _ANSWERS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def not_stored(response: Response) -> None:
    """Keep an answer with secrets out of every cache."""
    response.headers["Cache-Control"] = "no-store"


@contextmanager
def refusals() -> Iterator[None]:
    """Answer refusals as problems."""
    try:
        yield
    except ConfigurationRefused as error:
        raise Problem(422, "Not accepted", str(error)) from error
    except (SignInRefused, MicrosoftRefused) as error:
        headers = {"WWW-Authenticate": "Bearer"}
        raise Problem(401, "Unauthorized", str(error), headers=headers) from error
    except TooManyAttempts as error:
        headers = {"Retry-After": str(error.seconds)}
        raise Problem(429, "Too many attempts", str(error), headers=headers) from error
    except LinkRefused as error:
        raise Problem(410, "Link not good", str(error)) from error
    except MayNot as error:
        raise Problem(403, "Forbidden", str(error)) from error
    except NotFound as error:
        raise Problem(404, "Not found", str(error)) from error
    except NotNow as error:
        raise Problem(409, "Not possible now", str(error)) from error
    except MicrosoftUnavailable as error:
        headers = {"Retry-After": "5"}
        raise Problem(503, "Unavailable for now", str(error), headers=headers) from error
