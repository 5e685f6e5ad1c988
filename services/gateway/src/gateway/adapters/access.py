"""Who may come in, at tenancy."""

from __future__ import annotations

from pydantic import SecretStr, ValidationError

from contracts.tenants.http_v1 import AccessState
from contracts.tenants.http_v1 import VerifiedKey as VerifiedKeyAnswer
from gateway.adapters.tenancy_client import TenancyClient
from gateway.application.api_ports import AccessUnreachable
from gateway.domain.access import Access, VerifiedKey


class TenancyAccess:
    """The port `AccessSource` over tenancy's `/internal/access` and `/internal/api-keys/verify`."""

    def __init__(self, tenancy_url: str, service_token: SecretStr) -> None:
        self._tenancy = TenancyClient(
            tenancy_url, service_token, unreachable=AccessUnreachable,
            goes_on="who may come in was not read; what is held goes on",
        )  # fmt: skip

    async def fetch(self, known_tag: str | None) -> tuple[Access, str | None] | None:
        """The state and its tag; None when it has not changed. Raises `AccessUnreachable`."""
        answer = await self._tenancy.newer("/internal/access", known_tag)
        if answer is None:
            return None
        try:
            state = AccessState.model_validate_json(answer.content)
        except ValidationError as error:
            raise self._tenancy.failed(
                "tenancy's answer does not say who may come in: is it of another version?"
            ) from error
        keys = {key["kid"]: dict(key) for key in state.keys if "kid" in key}
        access = Access(
            state.version,
            keys,
            frozenset(state.revoked),
            frozenset(state.suspended),
            frozenset(state.unlicensed),
        )
        return access, answer.headers.get("ETag")

    async def verify(self, key: str) -> VerifiedKey | None:
        """Whose API key that is; None when it is none. Raises `AccessUnreachable`."""
        answer = await self._tenancy.ask(
            "POST", "/internal/api-keys/verify", also=(404, 422), body={"key": key}
        )
        if answer.status_code != 200:
            return None
        try:
            found = VerifiedKeyAnswer.model_validate_json(answer.content)
        except ValidationError as error:
            raise self._tenancy.failed(
                "tenancy's answer tells of no API key: is it of another version?"
            ) from error
        expires_at = found.expires_at.timestamp() if found.expires_at is not None else None
        return VerifiedKey(
            found.key_id, found.tenant_id, frozenset(found.scopes), expires_at, found.requests_per_minute
        )
