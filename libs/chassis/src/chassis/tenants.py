"""The client by which every service asks tenancy who a tenant is and for its credentials."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from chassis.clients import service_client
from chassis.errors import NeedsTenant, NeverRetry, RetryLater
from chassis.settings import Settings
from contracts.tenants.http_v1 import Credential, TenantList, TenantProfile

_SECONDS = 60.0
_Answer = TypeVar("_Answer", bound=BaseModel)


class UnknownTenant(NeverRetry):
    """Tenancy knows no such tenant."""


class Tenants:
    """Tenancy's answers, remembered for 60 seconds and dropped when tenancy says that they changed."""

    def __init__(self, settings: Settings) -> None:
        self._http = service_client(
            settings.service_token, base_url=settings.tenancy_url, timeout=httpx.Timeout(5.0)
        )
        self._profiles: _Remembered[TenantProfile] = _Remembered()
        self._credentials: _Remembered[Credential] = _Remembered()

    async def profile(self, tenant_id: str) -> TenantProfile:
        """What is known of a tenant. Raises `UnknownTenant`, `RetryLater` when tenancy does not answer."""
        known = self._profiles.get(tenant_id)
        if known is None:
            known = await self._ask(f"/internal/tenants/{tenant_id}/profile", TenantProfile)
            if known is None:
                raise UnknownTenant(f"tenancy knows no tenant {tenant_id}")
            self._profiles.put(tenant_id, known)
        return known

    async def credential(self, tenant_id: str, name: str) -> Credential:
        """A tenant's credential, opened. Raises `NeedsTenant` when the tenant has none of that name, `RetryLater`.

        After the tenant's key was destroyed there is none any more, and nobody is asked again and again for it.
        """
        key = f"{tenant_id}/{name}"
        known = self._credentials.get(key)
        if known is None:
            try:
                known = await self._ask(f"/internal/tenants/{tenant_id}/credentials/{name}", Credential)
            except _Gone:
                raise NeedsTenant(
                    f"the key of tenant {tenant_id} was destroyed: its credential '{name}' is gone for good",
                    credential=name,
                ) from None
            if known is None:
                raise NeedsTenant(
                    f"tenant {tenant_id} has no credential '{name}' yet: enter it", credential=name
                )
            self._credentials.put(key, known)
        return known

    async def all(self) -> list[str]:
        """The ids of all tenants that are not suspended. Raises `RetryLater` when tenancy does not answer."""
        found = await self._ask("/internal/tenants", TenantList)
        return list(found.tenants) if found is not None else []

    def forget(self, tenant_id: str | None = None) -> None:
        """Forget what is remembered of a tenant, or of all."""
        self._profiles.forget(tenant_id)
        self._credentials.forget(tenant_id)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _ask(self, path: str, form: type[_Answer]) -> _Answer | None:
        try:
            answer = await self._http.get(path)
        except httpx.HTTPError as error:
            raise RetryLater(f"tenancy does not answer ({type(error).__name__})", after=2.0) from error
        if answer.status_code == 404:
            return None
        if answer.status_code == 410:
            raise _Gone
        if answer.status_code != 200:
            raise RetryLater(f"tenancy answered {answer.status_code}", after=5.0)
        try:
            return form.model_validate_json(answer.content)
        except ValidationError as error:
            raise RetryLater(f"tenancy's answer is no {form.__name__}: is it of another version?") from error


class _Gone(Exception):
    """What was asked for was destroyed."""


class _Remembered(Generic[_Answer]):
    """Answers with the time they were given; a key's first part is the tenant."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._entries: dict[str, tuple[float, _Answer]] = {}

    def get(self, key: str) -> _Answer | None:
        entry = self._entries.get(key)
        return entry[1] if entry is not None and self._now() - entry[0] < _SECONDS else None

    def put(self, key: str, answer: _Answer) -> None:
        self._entries[key] = (self._now(), answer)

    def forget(self, tenant_id: str | None) -> None:
        if tenant_id is None:
            self._entries.clear()
        for key in [key for key in self._entries if key.partition("/")[0] == tenant_id]:
            del self._entries[key]
