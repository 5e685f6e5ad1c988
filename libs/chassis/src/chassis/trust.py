"""Whom HTTPS clients trust, read once: a client that reads the list of authorities itself costs 60 ms of processor time."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted_authorities() -> ssl.SSLContext:
    """The authorities that httpx trusts, or those of SSL_CERT_FILE, as an installation with its own sets it.

    Shared by all clients of the process: nobody may change what is returned.
    """
    return httpx.create_ssl_context()
