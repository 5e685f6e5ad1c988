"""Reads the fleet's secrets from HashiCorp Vault (KV version 2), once, while a process starts.

Two requests: the login of the pod's service account, unless a token is given, and the secret. Vault that does not
answer yet, or is sealed, is waited for with growing pauses up to a bound; a refusal is told at once.
"""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import cast

import httpx

JWT_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token"
_TIMEOUT = httpx.Timeout(5.0)
_LONGEST_PAUSE = 8.0
_NOT_NOW = frozenset({408, 412, 429, 472, 473})
_log = logging.getLogger("chassis.vault")


class SecretsNotRead(RuntimeError):
    """A place of secrets was named and cannot be read; the message says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class VaultPlace:
    """Where the secrets lie, and who we are there: a token, or a role for the service account's JWT."""

    address: str
    path: str
    mount: str = "secret"
    token: str | None = field(default=None, repr=False)
    role: str | None = None
    auth_mount: str = "kubernetes"
    jwt_file: str = JWT_FILE
    namespace: str | None = None
    ca_file: str | None = None
    seconds: float = 60.0

    def __str__(self) -> str:
        return f"Vault ({self.mount}/{self.path} at {self.address})"


def vault_place(environment: Mapping[str, str], token: str | None) -> VaultPlace | None:
    """The place that the environment names; None without `FRONTDESK_VAULT_PATH`. Raises `SecretsNotRead`.

    `token` is `VAULT_TOKEN`, wherever it was found.
    """
    path = environment.get("FRONTDESK_VAULT_PATH", "").strip("/")
    if not path:
        return None
    address, role = environment.get("VAULT_ADDR", "").rstrip("/"), environment.get("FRONTDESK_VAULT_ROLE")
    if not address.startswith(("http://", "https://")):
        raise SecretsNotRead("FRONTDESK_VAULT_PATH is set, so VAULT_ADDR must be Vault's address, https://…")
    if not token and not role:
        raise SecretsNotRead(
            "FRONTDESK_VAULT_PATH is set, so Vault must be told who asks: set VAULT_TOKEN (or VAULT_TOKEN_FILE), or "
            "FRONTDESK_VAULT_ROLE for a login with the pod's service account"
        )
    try:
        seconds = float(environment.get("FRONTDESK_VAULT_SECONDS") or 60)
    except ValueError:
        raise SecretsNotRead("FRONTDESK_VAULT_SECONDS is no number of seconds") from None
    return VaultPlace(
        address=address,
        path=path,
        mount=environment.get("FRONTDESK_VAULT_MOUNT", "").strip("/") or "secret",
        token=token,
        role=role,
        auth_mount=environment.get("FRONTDESK_VAULT_AUTH_MOUNT", "").strip("/") or "kubernetes",
        jwt_file=environment.get("FRONTDESK_VAULT_JWT_FILE") or JWT_FILE,
        namespace=environment.get("VAULT_NAMESPACE"),
        ca_file=environment.get("VAULT_CACERT"),
        seconds=seconds,
    )


def read_vault(place: VaultPlace) -> dict[str, str]:
    """The secret's values by name; blocks. Raises `SecretsNotRead`, which never shows a value."""
    try:
        trusted = ssl.create_default_context(cafile=place.ca_file) if place.ca_file else True
    except OSError as error:
        raise SecretsNotRead(f"VAULT_CACERT names a file that cannot be used: {place.ca_file}") from error
    headers = {"X-Vault-Request": "true"}
    if place.namespace:
        headers["X-Vault-Namespace"] = place.namespace
    with httpx.Client(
        base_url=place.address, timeout=_TIMEOUT, verify=trusted, headers=headers, trust_env=False,
        follow_redirects=True, max_redirects=2,
    ) as http:  # fmt: skip
        conversation = _Conversation(place, http)
        token = place.token or conversation.log_in()
        return conversation.secret(token)


class _Conversation:
    """Our questions, within one time limit for all of them."""

    def __init__(self, place: VaultPlace, http: httpx.Client) -> None:
        self._place = place
        self._http = http
        self._end = monotonic() + place.seconds

    def log_in(self) -> str:
        """A token for the service account."""
        place = self._place
        try:
            jwt = Path(place.jwt_file).read_text().strip()
        except OSError as error:
            raise SecretsNotRead(
                f"{place} wants the service account's token, and {place.jwt_file} cannot be read "
                f"({type(error).__name__}): is it mounted?"
            ) from error
        body = {"role": place.role, "jwt": jwt}
        answer = self._ask("POST", f"/v1/auth/{place.auth_mount}/login", json=body)
        if answer.status_code != 200:
            raise SecretsNotRead(
                f"{place} refuses the login of role '{place.role}' at auth/{place.auth_mount} "
                f"(HTTP {answer.status_code}{_words(answer)}): check the role, its service account and its namespace"
            )
        token = _part(answer, "auth").get("client_token")
        if not isinstance(token, str):
            raise SecretsNotRead(f"{place} answered the login without a token: is VAULT_ADDR really a Vault?")
        return token

    def secret(self, token: str) -> dict[str, str]:
        """The newest version's values."""
        place = self._place
        answer = self._ask("GET", f"/v1/{place.mount}/data/{place.path}", headers={"X-Vault-Token": token})
        if answer.status_code == 404:
            raise SecretsNotRead(
                f"{place} holds nothing there, or its newest version was deleted: check FRONTDESK_VAULT_MOUNT and "
                "FRONTDESK_VAULT_PATH (the engine must be KV version 2)"
            )
        if answer.status_code != 200:
            raise SecretsNotRead(
                f"{place} refuses to show it (HTTP {answer.status_code}{_words(answer)}): the token is wrong or "
                f"expired, or its policy does not allow reading {place.mount}/data/{place.path}"
            )
        values = _part(answer, "data").get("data")
        if not isinstance(values, dict):
            raise SecretsNotRead(f"{place} answered without values: the engine must be KV version 2")
        return {name: _text(value) for name, value in cast("dict[str, object]", values).items()}

    def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Mapping[str, str | None] | None = None,
    ) -> httpx.Response:
        pause = 0.25
        while True:
            why = "does not answer"
            try:
                answer = self._http.request(method, path, headers=headers, json=json)
                if answer.status_code < 500 and answer.status_code not in _NOT_NOW:
                    return answer
                why = f"is not ready (HTTP {answer.status_code}{_words(answer)})"
            except httpx.TransportError as error:
                why = f"does not answer ({type(error).__name__})"
            except httpx.HTTPError as error:
                raise SecretsNotRead(f"{self._place} cannot be asked ({type(error).__name__})") from error
            if monotonic() + pause > self._end:
                raise SecretsNotRead(
                    f"{self._place} {why}, and was waited for {self._place.seconds:g} s (FRONTDESK_VAULT_SECONDS): "
                    "check VAULT_ADDR, and whether Vault runs and is unsealed"
                )
            _log.warning("%s %s; trying again", self._place, why)
            sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


def _words(answer: httpx.Response) -> str:
    """Vault's own reasons; they name no secret."""
    try:
        found = cast("object", answer.json())
    except ValueError:
        return ""
    errors = cast("dict[str, object]", found).get("errors") if isinstance(found, dict) else None
    listed = cast("list[object]", errors) if isinstance(errors, list) else []
    return f": {'; '.join(str(error) for error in listed)[:200]}" if listed else ""


def _part(answer: httpx.Response, name: str) -> dict[str, object]:
    try:
        found = cast("object", answer.json())
    except ValueError:
        return {}
    part = cast("dict[str, object]", found).get(name) if isinstance(found, dict) else None
    return cast("dict[str, object]", part) if isinstance(part, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
