"""Sign-in with Microsoft by OpenID Connect: msal does the flow, the id token is checked here (msal does not)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import httpx
import jwt
from msal import ConfidentialClientApplication
from pydantic import SecretStr

from chassis.keyring import KeyRing, SealBroken
from tenancy.application.microsoft_ports import MicrosoftIdentity, MicrosoftRefused, MicrosoftUnavailable
from tenancy.application.people_ports import Clock
from tenancy.domain.people import MicrosoftAccount
from vendorkit import NOT_BY_PROXY

_PUBLIC = "https://login.microsoftonline.com"
_CONTEXT = "microsoft-flow"
_FLOW_LIFE = timedelta(minutes=10)
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_LEEWAY_SECONDS = 120
_Claims = Mapping[str, Any]
"""What stands in an id token: JSON of every kind."""


@dataclass(frozen=True)
class Registration:
    """Frontdesk's app at Microsoft Entra; `redirect_url` must be entered there."""

    authority_url: str
    client_id: str
    client_secret: SecretStr
    redirect_url: str


class MicrosoftSignIn:
    """The port `Microsoft`. The flow (state, nonce, verifier) travels sealed in the browser's cookie, not in our memory."""

    def __init__(self, registration: Registration | None, ring: KeyRing, clock: Clock) -> None:
        self._registration = registration
        self._ring = ring
        self._clock = clock

    @property
    def set_up(self) -> bool:
        """Whether this installation is registered at Microsoft."""
        return self._registration is not None

    async def begin(self, tenant_id: str, directory_id: str) -> tuple[str, str]:
        """Where the browser is sent, and the sealed flow. Raises `MicrosoftUnavailable`."""
        flow = await asyncio.to_thread(self._begin, directory_id)
        kept = {
            "tenant": tenant_id, "directory": directory_id, "flow": flow,
            "until": (self._clock() + _FLOW_LIFE).isoformat(),
        }  # fmt: skip
        return str(flow["auth_uri"]), self._ring.seal(json.dumps(kept).encode(), _CONTEXT)

    async def finish(self, flow: str, answer: Mapping[str, str]) -> tuple[str, MicrosoftIdentity]:
        """The tenant, and who came back. Raises `MicrosoftRefused` and `MicrosoftUnavailable`."""
        try:
            kept = json.loads(self._ring.open(flow, _CONTEXT))
        except SealBroken as error:
            raise MicrosoftRefused("this browser did not begin the sign-in: begin again") from error
        if self._clock() >= datetime.fromisoformat(kept["until"]):
            raise MicrosoftRefused("the sign-in took too long: begin again")
        return kept["tenant"], await asyncio.to_thread(self._finish, kept["directory"], kept["flow"], answer)

    def _begin(self, directory_id: str) -> dict[str, object]:
        app, http = self._app(directory_id)
        try:
            return cast(
                "dict[str, object]",
                app.initiate_auth_code_flow(["email"], redirect_uri=self._registered.redirect_url),
            )
        finally:
            http.close()

    def _finish(
        self, directory_id: str, flow: dict[str, object], answer: Mapping[str, str]
    ) -> MicrosoftIdentity:
        app, http = self._app(directory_id)
        try:
            result = cast("dict[str, Any]", app.acquire_token_by_auth_code_flow(flow, dict(answer)))
            token = result.get("id_token")
            if not isinstance(token, str):
                raise MicrosoftRefused(f"Microsoft refuses the sign-in ({_why(result)}): begin again")
            return _identity(self._checked(token, directory_id, http))
        except (ValueError, RuntimeError) as error:
            # msal's words for another state or nonce; they name what was expected, so they are not shown.
            raise MicrosoftRefused(
                "the answer does not belong to the sign-in of this browser: begin again"
            ) from error
        finally:
            http.close()

    def _checked(self, token: str, directory_id: str, http: _LoginHttp) -> _Claims:
        """The claims of an id token whose signature, issuer, audience, times and directory are good."""
        keys = jwt.PyJWKSet.from_dict(
            http.json(f"{_public_of(self._registered)}/{directory_id}/discovery/v2.0/keys")
        )
        issuer = f"{_public_of(self._registered)}/{directory_id}/v2.0"
        try:
            key = keys[str(jwt.get_unverified_header(token).get("kid"))]
            claims: _Claims = jwt.decode(
                token, key, algorithms=["RS256"], audience=self._registered.client_id, issuer=issuer,
                leeway=_LEEWAY_SECONDS, options={"require": ["exp", "iat", "tid", "oid", "sub"]},
            )  # fmt: skip
        except (KeyError, jwt.PyJWTError) as error:
            raise MicrosoftRefused(f"the id token is not good ({type(error).__name__})") from error
        if claims["tid"] != directory_id:
            raise MicrosoftRefused("this Microsoft account is not of your company's directory")
        return claims

    def _app(self, directory_id: str) -> tuple[ConfidentialClientApplication, _LoginHttp]:
        registered = self._registered
        http = _LoginHttp(registered.authority_url)
        try:
            app = ConfidentialClientApplication(
                registered.client_id,
                client_credential=registered.client_secret.get_secret_value(),
                authority=f"{_public_of(registered)}/{directory_id}",
                http_client=http,
            )
        except (ValueError, KeyError) as error:
            http.close()
            raise MicrosoftRefused("Microsoft knows no directory of the id that the company named") from error
        return app, http

    @property
    def _registered(self) -> Registration:
        if self._registration is None:
            raise MicrosoftRefused("sign-in with Microsoft is not set up here")
        return self._registration


def _identity(claims: _Claims) -> MicrosoftIdentity:
    """Who it is. `preferred_username` is the directory's own name of the account; `email` may be anything that somebody

    wrote, unless Microsoft says that the directory owns its domain.
    """
    addresses = [str(claims.get("preferred_username", ""))]
    if claims.get("xms_edov") in (True, 1, "1", "true"):
        addresses.append(str(claims.get("email", "")))
    return MicrosoftIdentity(
        MicrosoftAccount(str(claims["tid"]), str(claims["oid"])), addresses, str(claims.get("name", ""))[:200]
    )


def _why(result: Mapping[str, object]) -> str:
    codes = cast("list[object]", result.get("error_codes") or [])
    return f"AADSTS{codes[0]}" if codes else str(result.get("error", "no id token"))[:60]


def _public_of(registration: Registration) -> str:
    """msal demands https: a plain-http authority (the simulated vendors) is given to it under Microsoft's own name."""
    plain = registration.authority_url.startswith("http://")
    return _PUBLIC if plain else registration.authority_url.rstrip("/")


@dataclass(frozen=True)
class _Answer:
    status_code: int
    text: str
    headers: Mapping[str, str]

    def raise_for_status(self) -> None:
        """Part of what msal expects; refusals reach it as a body."""
        if self.status_code >= 400:
            raise ValueError(f"HTTP {self.status_code}")


class _LoginHttp:
    """The HTTP client that msal is given: within time limits, and passing trouble is said as such."""

    def __init__(self, authority_url: str) -> None:
        self._real = authority_url.rstrip("/")
        self._http = httpx.Client(timeout=_TIMEOUT, mounts=dict(NOT_BY_PROXY), follow_redirects=False)

    def get(
        self, url: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, **_: object
    ) -> _Answer:  # fmt: skip
        """What msal calls for discovery."""
        return self._answer(self._http.build_request("GET", self._at(url), params=params, headers=headers))

    def post(
        self, url: str, params: Mapping[str, str] | None = None, data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None, **_: object,
    ) -> _Answer:  # fmt: skip
        """What msal calls for a token."""
        return self._answer(
            self._http.build_request("POST", self._at(url), params=params, data=data, headers=headers)
        )

    def json(self, url: str) -> dict[str, Any]:
        """A document, such as the public keys."""
        try:
            document: dict[str, Any] = json.loads(self.get(url).text)
        except ValueError as error:
            raise MicrosoftUnavailable("Microsoft answered with something that is no JSON") from error
        return document

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _at(self, url: str) -> str:
        return self._real + url.removeprefix(_PUBLIC) if url.startswith(_PUBLIC) else url

    def _answer(self, request: httpx.Request) -> _Answer:
        try:
            response = self._http.send(request)
        except httpx.HTTPError as error:
            raise MicrosoftUnavailable(f"Microsoft does not answer ({type(error).__name__})") from error
        if response.status_code in (408, 429) or response.status_code >= 500:
            raise MicrosoftUnavailable(f"Microsoft answers {response.status_code}")
        return _Answer(response.status_code, response.text, dict(response.headers))
