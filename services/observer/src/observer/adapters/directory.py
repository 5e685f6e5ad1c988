"""Which replicas there are: the addresses of the settings; a host name of several addresses is several replicas."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from observer.domain.fleet import Address

RESOLVE_SECONDS = 2.0


class ResolvedAddresses:
    """The port `Directory`: names are resolved anew each time, as a headless service in Kubernetes wants it."""

    def __init__(self, services: Mapping[str, Sequence[str]]) -> None:
        self._services = services

    async def addresses(self) -> tuple[list[Address], frozenset[str]]:
        """All replicas now, and the services of which a name could not be resolved."""
        named = [(service, url) for service, urls in self._services.items() for url in urls]
        found = await asyncio.gather(*(_resolved(url) for _, url in named))
        addresses = sorted(
            {
                Address(service, url)
                for (service, _), urls in zip(named, found, strict=True)
                for url in urls or ()
            }
        )
        unknown = frozenset(service for (service, _), urls in zip(named, found, strict=True) if urls is None)
        return addresses, unknown


async def _resolved(url: str) -> list[str] | None:
    """The same address once for each address of its host; None when the name cannot be resolved now."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host == "localhost" or _is_address(host):
        return [url]
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        # A headless service without a ready pod has no record: that is known, and it is none.
        return [] if error.errno in (socket.EAI_NONAME, socket.EAI_NODATA) else None
    except (OSError, TimeoutError):
        return None
    hosts = sorted({str(address[0]) for *_, address in found})
    return [f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}" for host in hosts]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
