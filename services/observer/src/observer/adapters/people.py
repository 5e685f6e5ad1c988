"""The port `People` over tenancy's HTTP API, asked directly: the page must open while the gateway is down."""

from __future__ import annotations

from time import monotonic

import httpx
import jwt
import structlog
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from chassis.clients import service_client
from contracts.tenants.http_v1 import AccessState
from observer.application.sign_in_operator import PeopleUnreachable, Person, SignInRefused

LOOK_SECONDS = 5.0
"""How old tenancy's word about ended sessions may be: as at the gateway."""
_log = structlog.get_logger("observer.people")


class _Tokens(BaseModel):
    model_config = ConfigDict(extra="ignore")

    access_token: str
    session_id: str


class _Claims(BaseModel):
    model_config = ConfigDict(extra="ignore")

    sub: str = Field(min_length=1, max_length=70)
    scope: str


class TenancyPeople:
    """Asks with the service token, so that tenancy believes the client's address."""

    def __init__(self, tenancy_url: str, service_token: SecretStr) -> None:
        self._http = service_client(service_token, base_url=tenancy_url, timeout=httpx.Timeout(5.0))
        self._ended: frozenset[str] = frozenset()
        self._looked_at = -LOOK_SECONDS

    async def sign_in(self, email: str, password: str, address: str | None) -> Person:
        """Whom address and password belong to. Raises `SignInRefused`, `PeopleUnreachable`."""
        headers = {"X-Forwarded-For": address} if address else {}
        try:
            answer = await self._http.post(
                "/api/v1/auth/login", json={"email": email, "password": password}, headers=headers
            )
        except httpx.HTTPError as error:
            raise PeopleUnreachable(f"tenancy does not answer ({type(error).__name__})") from error
        if answer.status_code in (401, 422, 429):
            after = answer.headers.get("Retry-After", "")
            raise SignInRefused(int(after) if after.isdigit() else None)
        try:
            answer.raise_for_status()
            tokens = _Tokens.model_validate_json(answer.content)
            # It came from tenancy itself a moment ago, over our own connection: its signature proves nothing more.
            claims = _Claims.model_validate(
                jwt.decode(tokens.access_token, options={"verify_signature": False})
            )
        except (httpx.HTTPStatusError, ValidationError, jwt.PyJWTError) as error:
            raise PeopleUnreachable(f"tenancy's answer is not understood ({type(error).__name__})") from error
        return Person(claims.sub, frozenset(claims.scope.split()), tokens.session_id)

    async def ended(self, session_id: str) -> bool:
        """Whether that session was ended, by what tenancy said at most `LOOK_SECONDS` ago, or said last."""
        if monotonic() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = monotonic()
            try:
                answer = await self._http.get("/internal/access")
                answer.raise_for_status()
                self._ended = frozenset(AccessState.model_validate_json(answer.content).revoked)
            except (httpx.HTTPError, ValidationError) as error:
                _log.warning("ended sessions were not read; what was known holds", error=type(error).__name__)
        return session_id in self._ended
