"""The one door through which connections leave to places that a tenant or a message has named.

A name is resolved once, all its addresses are judged, and the connection goes to one of exactly those: a name server
that answers differently the second time is not asked a second time. TLS still verifies the name.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import ip_network
from time import monotonic
from typing import Literal
from urllib.parse import urlsplit

import structlog

from chassis.errors import NeverRetry
from vendorkit.addresses import Address, AllowList, host_name, parsed, why_not_public

Use = Literal["web", "smtp", "imap"]
Resolver = Callable[[str, int], Sequence[str]]

_PORTS: dict[Use, frozenset[int]] = {
    "web": frozenset({80, 443}),
    "smtp": frozenset({25, 26, 465, 587}),
    "imap": frozenset({143, 993}),
}
"""Of the well-known ports (below 1024) each use has its own alone; what the allow-list names may have any."""
MOST_TRIED = 4
"""Of a name's addresses, after all of them were judged."""
_resolving = ThreadPoolExecutor(max_workers=16, thread_name_prefix="resolving")
"""Threads of its own: names whose servers never answer hold up nothing but other names."""
_log = structlog.get_logger("vendorkit.outward")


class AddressRefused(NeverRetry):
    """The host is no place that Frontdesk connects to; the message is for people, `host` is as it was given."""

    def __init__(self, host: str, what: str) -> None:
        self.host = host
        super().__init__(
            f"Frontdesk does not connect to '{host}': it {what}. Enter the server's public name, or ask those who run "
            "Frontdesk to allow a server in the company's own network (FRONTDESK_OUTWARD_ALLOW)."
        )


def resolved(host: str, port: int) -> Sequence[str]:
    """All addresses of a host, as the system finds them. Raises `OSError` when there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class Guard:
    """Judges where a connection may go, and opens it there."""

    allowed: AllowList = field(default_factory=AllowList)
    resolve: Resolver = resolved

    @classmethod
    def allowing(cls, setting: str) -> Guard:
        """A guard with the allow-list of `FRONTDESK_OUTWARD_ALLOW`. Raises `ValueError` that names a wrong entry."""
        try:
            return cls(AllowList.parse(setting))
        except ValueError as error:
            raise ValueError(f"FRONTDESK_OUTWARD_ALLOW: {error}") from error

    def checked(self, host: str, port: int, use: Use) -> Sequence[Address]:
        """The addresses of a host, each of which may be connected to: the one place where this is decided.

        Blocks while the name is resolved. Raises `AddressRefused`, `OSError` when the name leads nowhere.
        """
        name = _name(host)
        literal = _literal(host, name)
        if _closed(port, use) and not self.allowed.has_place(name, literal):
            raise AddressRefused(host, _port_complaint(port, use))
        found = [literal] if literal is not None else _addresses(host, self.resolve(name, port))
        for address in found:
            why = why_not_public(address)
            if why is not None and not self.allowed.has(name, address):
                # For those who run the fleet; the tenant learns nothing of what lies behind a name.
                _log.warning("a connection was refused", host=host, address=str(address), because=why)
                raise AddressRefused(host, "is not on the public internet")
        return found

    def flaw(self, host: str, use: Use, port: int | None = None) -> str | None:
        """What is wrong with a host as it is written, without asking any name server; a sentence's end."""
        try:
            name = _name(host)
            address = _literal(host, name)
        except AddressRefused:
            return "is no host name or address in its usual spelling"
        local = name.rstrip(".") == "localhost" or name.rstrip(".").endswith(".localhost")
        if address is None and local:
            address = parsed("127.0.0.1")
        if self.allowed.has_place(name, address):
            return None
        if address is not None and why_not_public(address) is not None:
            return "is an address that is not on the public internet, which Frontdesk does not connect to"
        return _port_complaint(port, use) if port is not None and _closed(port, use) else None

    async def checked_soon(self, host: str, port: int, use: Use) -> Sequence[Address]:
        """The same as `checked`, without blocking."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_resolving, self.checked, host, port, use)

    async def connected_soon(self, host: str, port: int, use: Use, *, seconds: float) -> socket.socket:
        """A connected socket, for a client that takes one. Raises `AddressRefused`, `OSError`."""
        end = monotonic() + seconds
        failure: OSError = TimeoutError(f"no time was left to connect to {host}")
        async with asyncio.timeout(seconds):
            addresses = (await self.checked_soon(host, port, use))[:MOST_TRIED]
            for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
                try:
                    async with asyncio.timeout((end - monotonic()) / left):
                        return await _connected(address, port)
                except OSError as error:
                    failure = error
        raise failure


PUBLIC_ONLY = Guard()
"""The guard of whoever was given none: nothing but the public internet."""

ANYWHERE = Guard(AllowList((ip_network("0.0.0.0/0"), ip_network("::/0"))))
"""For addresses that only the operator's own settings name, never a tenant or a message."""


def url_flaw(guard: Guard, url: str) -> str | None:
    """What is wrong with an http(s) address as it is written; a sentence's end."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is no http(s) address"
    if parts.scheme not in {"http", "https"} or not host:
        return "is no http(s) address"
    if "@" in parts.netloc:
        return "has a user name or password before the host, which an address here must not have"
    return guard.flaw(host, "web", port)


def _name(host: str) -> str:
    try:
        return host_name(host)
    except ValueError as error:
        raise AddressRefused(host, str(error)) from None


def _literal(host: str, name: str) -> Address | None:
    try:
        return parsed(name)
    except ValueError as error:
        raise AddressRefused(host, str(error)) from None


def _addresses(host: str, found: Sequence[str]) -> Sequence[Address]:
    try:
        addresses = [parsed(text) for text in found]
    except ValueError:  # with a zone: an address of this machine's own links
        raise AddressRefused(host, "is not on the public internet") from None
    if not addresses or None in addresses:
        raise OSError(f"{host} has no address")
    return [address for address in addresses if address is not None]


def _closed(port: int, use: Use) -> bool:
    return port < 1024 and port not in _PORTS[use]


def _port_complaint(port: int, use: Use) -> str:
    ports = ", ".join(map(str, sorted(_PORTS[use])))
    return f"has port {port}, which is no port for this use ({ports}, or 1024 and above)"


async def _connected(address: Address, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, (str(address), port))
    except BaseException:
        made.close()
        raise
    return made
