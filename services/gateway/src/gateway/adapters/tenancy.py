"""The registry of hooks, at tenancy."""

from __future__ import annotations

import structlog
from pydantic import BaseModel, SecretStr, ValidationError

from contracts.tenants.hooks import read_settings
from contracts.tenants.http_v1 import HookEntry
from gateway.adapters.tenancy_client import TenancyClient
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
        self._tenancy = TenancyClient(
            tenancy_url, service_token, unreachable=RegistryUnreachable,
            goes_on="the registry of hooks was not read; known hooks go on",
        )  # fmt: skip

    async def fetch(self, known_tag: str | None) -> FetchedHooks | None:
        """All hooks; None when nothing changed since that tag. Raises `RegistryUnreachable`."""
        answer = await self._tenancy.newer("/internal/hooks", known_tag)
        if answer is None:
            return None
        try:
            listed = _List.model_validate_json(answer.content)
        except ValidationError as error:
            raise self._tenancy.failed(
                "tenancy's answer is no list of hooks: is it of another version?"
            ) from error
        hooks = tuple(hook for entry in listed.hooks if (hook := _hook(entry)) is not None)
        return FetchedHooks(hooks, answer.headers.get("ETag"))


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
