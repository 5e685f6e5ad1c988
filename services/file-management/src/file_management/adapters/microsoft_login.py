"""Signs requests to Microsoft Graph: the app's own token (client credentials), from msal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import cast

import httpx
from msal import ConfidentialClientApplication
from pydantic import SecretStr

from vendorkit import (
    PUBLIC_ONLY,
    AddressRefused,
    Guard,
    VendorAuthExpired,
    VendorContractBroken,
    VendorUnavailable,
    outward_blocking_http_client,
    refusal,
)

_VENDOR = "Microsoft sign-in"
_CREDENTIAL = "graph"
_PUBLIC = "https://login.microsoftonline.com"
_SCOPES = ["https://graph.microsoft.com/.default"]
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)


@dataclass(frozen=True)
class AppRegistration:
    """The tenant's app at Microsoft Entra."""

    authority_url: str
    directory_id: str
    client_id: str
    client_secret: SecretStr


class MicrosoftLogin(httpx.Auth):
    """Adds the app's token; a token that Graph no longer takes is renewed once before the request fails.

    msal keeps the token and renews it before it expires. It works with threads only, so it is asked in one.
    """

    def __init__(self, app: AppRegistration, guard: Guard = PUBLIC_ONLY) -> None:
        self._registration = app
        self._guard = guard
        self._app: ConfidentialClientApplication | None = None
        self._turn = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send with the token; after a 401 once more with a new one."""
        token = await self._token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            request.headers["Authorization"] = f"Bearer {await self._token(instead_of=token)}"
            yield request

    async def _token(self, *, instead_of: str | None = None) -> str:
        async with self._turn:
            if instead_of is not None:
                # msal would give the same token again for as long as it believes in it.
                self._app = None
            return await asyncio.to_thread(self._ask)

    def _ask(self) -> str:
        try:
            if self._app is None:
                self._app = _application(self._registration, self._guard)
            answer = cast(
                Mapping[str, object], self._app.acquire_token_for_client(_SCOPES)
            )  # a dictionary also when Microsoft refuses
        except (ValueError, RuntimeError, KeyError) as error:
            raise VendorAuthExpired(
                f"{_VENDOR} knows no directory '{self._registration.directory_id}' at "
                f"{self._registration.authority_url}; please correct the credential '{_CREDENTIAL}'.",
                vendor=_VENDOR,
                credential=_CREDENTIAL,
            ) from error
        token = answer.get("access_token")
        if isinstance(token, str):
            return token
        raise _refused(answer)


def _application(app: AppRegistration, guard: Guard) -> ConfidentialClientApplication:
    """msal's application.

    msal demands https; a plain-http authority (the simulated vendors) is therefore given to it under Microsoft's own
    name, which it asks nobody about, and its requests are sent to the real place.
    """
    plain = app.authority_url.startswith("http://")
    authority = _PUBLIC if plain else app.authority_url.rstrip("/")
    return ConfidentialClientApplication(
        app.client_id,
        client_credential=app.client_secret.get_secret_value(),
        authority=f"{authority}/{app.directory_id}",
        http_client=_LoginHttp(guard, instead={_PUBLIC: app.authority_url.rstrip("/")} if plain else {}),
    )


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
    """The HTTP client that msal is given: guarded, within time limits, and passing trouble is one of our errors at once."""

    def __init__(self, guard: Guard, *, instead: Mapping[str, str]) -> None:
        self._instead = instead
        self._http = outward_blocking_http_client(guard, timeout=_TIMEOUT)

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> _Answer:
        """What msal calls for discovery."""
        return self._answer(self._http.build_request("GET", self._real(url), params=params, headers=headers))

    def post(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | str | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> _Answer:
        """What msal calls for a token."""
        form = {"content": data} if isinstance(data, str) else {"data": data}
        request = self._http.build_request("POST", self._real(url), params=params, headers=headers, **form)  # pyright: ignore[reportArgumentType] -- one of two keywords
        return self._answer(request)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _real(self, url: str) -> str:
        for public, real in self._instead.items():
            if url.startswith(public):
                return real + url.removeprefix(public)
        return url

    def _answer(self, request: httpx.Request) -> _Answer:
        try:
            response = self._http.send(request)
        except AddressRefused as error:
            raise VendorAuthExpired(
                f"The address of {_VENDOR} in the credential '{_CREDENTIAL}' cannot be used. {error}",
                vendor=_VENDOR,
                credential=_CREDENTIAL,
            ) from error
        except httpx.HTTPError as error:
            raise VendorUnavailable(
                f"{_VENDOR} does not answer ({type(error).__name__}). Trying again later.",
                vendor=_VENDOR,
                ambiguous=False,
            ) from error
        if response.status_code in (408, 429) or response.status_code >= 500:
            raise refusal(
                response.status_code,
                response.headers,
                response.content,
                vendor=_VENDOR,
                credential=_CREDENTIAL,
            )
        if response.is_success and not _is_json(response.text):
            raise VendorContractBroken(
                f"{_VENDOR} answered with something that is no JSON; the adapter must be looked at.",
                vendor=_VENDOR,
            )
        return _Answer(response.status_code, response.text, dict(response.headers))


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _refused(answer: Mapping[str, object]) -> VendorAuthExpired | VendorUnavailable:
    what = str(answer.get("error", "no token"))
    if what == "temporarily_unavailable":
        return VendorUnavailable(
            f"{_VENDOR} is unavailable for now. Trying again later.", vendor=_VENDOR, ambiguous=False
        )
    codes = cast(list[object], answer.get("error_codes") or [])
    code = f", AADSTS{codes[0]}" if codes else ""
    return VendorAuthExpired(
        f"{_VENDOR} refuses the app ({what}{code}); please renew the credential '{_CREDENTIAL}'.",
        vendor=_VENDOR,
        credential=_CREDENTIAL,
    )
