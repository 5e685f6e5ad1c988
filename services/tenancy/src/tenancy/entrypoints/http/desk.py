"""What tenancy's routes work with, who calls, and how refusals are answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from chassis import Session, Units
from chassis.http import Caller, Problem, caller_of
from contracts.envelope import InvalidEnvelope, check_tenant_id
from tenancy.application.configure_tenant import ConfigureTenant
from tenancy.application.keep_credentials import KeepCredentials
from tenancy.application.keep_hooks import KeepHooks
from tenancy.application.ports import (
    CannotOpen,
    Directory,
    HookTaken,
    TenantRecords,
    UnknownCredential,
    UnknownTenant,
)
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


def _tenant_in_path(tenant_id: str) -> str:
    try:
        return check_tenant_id(tenant_id)
    except InvalidEnvelope as error:
        raise Problem(422, "Invalid tenant id", str(error)) from error


def _actor(caller: Annotated[Caller, Depends(caller_of)]) -> str:
    """Whose change it is."""
    return caller.actor


TenantId = Annotated[str, Depends(_tenant_in_path)]
Actor = Annotated[str, Depends(_actor)]


@contextmanager
def problems() -> Iterator[None]:
    try:
        yield
    except ConfigurationRefused as error:
        raise Problem(422, "Configuration refused", str(error)) from error
    except HookTaken as error:
        raise Problem(409, "Hook id taken", str(error)) from error
    except (UnknownTenant, UnknownCredential) as error:
        raise Problem(404, "Not found", str(error)) from error
    except CannotOpen as error:
        raise Problem(500, "Secret does not open", f"{error}; or set the credential anew") from error
