"""The registry of hooks, at tenancy."""

from __future__ import annotations

import httpx
import structlog
from pydantic import BaseModel, SecretStr, ValidationError

from contracts.tenants.hooks import read_settings
from contracts.tenants.http_v1 import HookEntry
from gateway.application.ports import FetchedHooks, RegistryUnreachable
from gateway.domain.hook import Hook

_log = structlog.get_logger("gateway.hooks")


class _List(BaseModel):
    """Tenancy's answer, its hooks unread: one that this version does not understand must not hide the others."""

    version: int
    hooks: list[dict[str, object]]


class TenancyHooks:
    """The port `HookSource` over tenancy's `/internal/hooks`."""

    def __init__(self, tenancy_url: str, service_token: SecretStr) -> None:
        self._http = httpx.AsyncClient(
            base_url=tenancy_url,
            headers={"Authorization": f"Bearer {service_token.get_secret_value()}"},
            timeout=httpx.Timeout(5.0),
            trust_env=False,
        )
        self._failing = False

    async def fetch(self, known_tag: str | None) -> FetchedHooks | None:
        """All hooks; None when nothing changed since that tag. Raises `RegistryUnreachable`."""
        try:
            answer = await self._http.get(
                "/internal/hooks", headers={"If-None-Match": known_tag} if known_tag else {}
            )
        except httpx.HTTPError as error:
            raise self._failed(f"tenancy does not answer ({type(error).__name__})") from error
        if answer.status_code == 304:
            self._failing = False
            return None
        if answer.status_code != 200:
            raise self._failed(f"tenancy answered {answer.status_code}")
        try:
            listed = _List.model_validate_json(answer.content)
        except ValidationError as error:
            raise self._failed("tenancy's answer is no list of hooks: is it of another version?") from error
        self._failing = False
        hooks = tuple(hook for entry in listed.hooks if (hook := _hook(entry)) is not None)
        return FetchedHooks(hooks, answer.headers.get("ETag"))

    def _failed(self, words: str) -> RegistryUnreachable:
        if not self._failing:
            _log.warning("the registry of hooks was not read; known hooks go on", reason=words)
        self._failing = True
        return RegistryUnreachable(words)


def _hook(entry: dict[str, object]) -> Hook | None:
    try:
        read = HookEntry.model_validate(entry)
        settings = read_settings(read.verifier, read.settings)
    except ValidationError as error:
        fields = sorted({".".join(str(place) for place in fault["loc"]) for fault in error.errors()})
        _log.error(
            "a hook is not understood and takes no webhooks",
            hook=str(entry.get("hook_id"))[:64],
            fields=fields,
        )
        return None
    secrets = tuple(secret.get_secret_value().encode() for secret in read.secrets)
    return Hook(
        read.hook_id, read.tenant_id, read.source, read.verifier, secrets, settings, read.suspended
    )  # fmt: skip
