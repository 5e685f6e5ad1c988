"""What tenancy's routes work with, who calls, and how refusals are answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header

from chassis import Session, Units
from chassis.http import Caller, Problem, caller_of
from chassis.problems import MEDIA_TYPE
from contracts.envelope import InvalidEnvelope, check_tenant_id
from tenancy.application.configure_tenant import ConfigureTenant
from tenancy.application.keep_credentials import KeepCredentials
from tenancy.application.keep_hooks import KeepHooks
from tenancy.application.ports import (
    CannotOpen,
    Directory,
    HookTaken,
    KeyDestroyed,
    Stale,
    TenantRecords,
    UnknownCredential,
    UnknownTenant,
    UnknownVersion,
)
from tenancy.application.reseal_secrets import ResealSecrets
from tenancy.domain.flaws import ConfigurationRefused


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with."""

    units: Units
    records: Callable[[Session], TenantRecords]
    directory: Callable[[Session], Directory]
    configure: ConfigureTenant
    credentials: KeepCredentials
    hooks: KeepHooks
    reseal: ResealSecrets


def _tenant_in_path(tenant_id: str) -> str:
    try:
        return check_tenant_id(tenant_id)
    except InvalidEnvelope as error:
        raise Problem(422, "Invalid tenant id", str(error)) from error


def _actor(caller: Annotated[Caller, Depends(caller_of)]) -> str:
    """Whose change it is."""
    return caller.actor


def _expected(
    if_match: Annotated[
        str | None, Header(description="The `ETag` of the reading that the change is built upon.")
    ] = None,
) -> frozenset[str] | None:
    """The revisions that a change is built upon; None when it does not say."""
    if if_match is None:
        return None
    return frozenset(tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(","))


TenantId = Annotated[str, Depends(_tenant_in_path)]
Actor = Annotated[str, Depends(_actor)]
Expected = Annotated[frozenset[str] | None, Depends(_expected)]


STALE: dict[int | str, dict[str, Any]] = {
    412: {
        "description": "Changed meanwhile",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
    }
}
"""For `responses` of a route that takes `Expected`: what else it may answer."""


@contextmanager
def problems() -> Iterator[None]:
    try:
        yield
    except ConfigurationRefused as error:
        raise Problem(422, "Configuration refused", str(error)) from error
    except HookTaken as error:
        raise Problem(409, "Hook id taken", str(error)) from error
    except (UnknownTenant, UnknownCredential, UnknownVersion) as error:
        raise Problem(404, "Not found", str(error)) from error
    except Stale as error:
        raise Problem(412, "Changed meanwhile", str(error)) from error
    except KeyDestroyed as error:
        raise Problem(409, "Key destroyed", str(error)) from error
    except CannotOpen as error:
        raise Problem(500, "Secret does not open", f"{error}; or set the credential anew") from error
