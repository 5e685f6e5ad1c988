"""Who may come in, at tenancy."""

from __future__ import annotations

import httpx
import structlog
from pydantic import SecretStr, ValidationError

from contracts.tenants.http_v1 import AccessState
from contracts.tenants.http_v1 import VerifiedKey as VerifiedKeyAnswer
from gateway.application.api_ports import AccessUnreachable
from gateway.domain.access import Access, VerifiedKey

_log = structlog.get_logger("gateway.access")


class TenancyAccess:
    """The port `AccessSource` over tenancy's `/internal/access` and `/internal/api-keys/verify`."""

    def __init__(self, tenancy_url: str, service_token: SecretStr) -> None:
        self._http = httpx.AsyncClient(
            base_url=tenancy_url,
            headers={"Authorization": f"Bearer {service_token.get_secret_value()}"},
            timeout=httpx.Timeout(5.0),
            trust_env=False,
        )
        self._failing = False

    async def fetch(self, known_tag: str | None) -> tuple[Access, str | None] | None:
        """The state and its tag; None when it has not changed. Raises `AccessUnreachable`."""
        headers = {"If-None-Match": known_tag} if known_tag else {}
        answer = await self._ask("GET", "/internal/access", headers=headers)
        if answer.status_code == 304:
            self._failing = False
            return None
        if answer.status_code != 200:
            raise self._failed(f"tenancy answered {answer.status_code}")
        try:
            state = AccessState.model_validate_json(answer.content)
        except ValidationError as error:
            raise self._failed(
                "tenancy's answer does not say who may come in: is it of another version?"
            ) from error
        self._failing = False
        keys = {key["kid"]: dict(key) for key in state.keys if "kid" in key}
        access = Access(state.version, keys, frozenset(state.revoked), frozenset(state.suspended))
        return access, answer.headers.get("ETag")

    async def verify(self, key: str) -> VerifiedKey | None:
        """Whose API key that is; None when it is none. Raises `AccessUnreachable`."""
        answer = await self._ask("POST", "/internal/api-keys/verify", body={"key": key})
        if answer.status_code in {404, 422}:
            return None
        if answer.status_code != 200:
            raise self._failed(f"tenancy answered {answer.status_code}")
        try:
            found = VerifiedKeyAnswer.model_validate_json(answer.content)
        except ValidationError as error:
            raise self._failed("tenancy's answer tells of no API key: is it of another version?") from error
        expires_at = found.expires_at.timestamp() if found.expires_at is not None else None
        return VerifiedKey(
            found.key_id, found.tenant_id, frozenset(found.scopes), expires_at, found.requests_per_minute
        )

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: dict[str, str] | None = None,
    ) -> httpx.Response:
        try:
            return await self._http.request(method, path, headers=headers, json=body)
        except httpx.HTTPError as error:
            raise self._failed(f"tenancy does not answer ({type(error).__name__})") from error

    def _failed(self, words: str) -> AccessUnreachable:
        if not self._failing:
            _log.warning("who may come in was not read; what is held goes on", reason=words)
        self._failing = True
        return AccessUnreachable(words)
