"""HTTP clients inside the house: whom they trust, and how one service asks another."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache

import httpx
from pydantic import SecretStr


@cache
def trusted_authorities() -> ssl.SSLContext:
    """The authorities that httpx trusts, or those of SSL_CERT_FILE, as an installation with its own sets it.

    Read once, because a client that reads the list itself costs 60 ms of processor time. Shared by all clients of the
    process: nobody may change what is returned.
    """
    return httpx.create_ssl_context()


def service_client(
    token: SecretStr,
    *,
    timeout: httpx.Timeout,
    base_url: str = "",
    headers: Mapping[str, str] | None = None,
) -> httpx.AsyncClient:
    """A client that asks our own services, at the operator's addresses: with the service token, past any proxy."""
    return httpx.AsyncClient(
        base_url=base_url,
        headers={"Authorization": f"Bearer {token.get_secret_value()}", **(headers or {})},
        timeout=timeout,
        verify=trusted_authorities(),
        trust_env=False,
    )
