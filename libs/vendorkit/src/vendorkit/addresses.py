"""Which internet addresses are public, and which others an installation allows.

Pure: nothing here resolves a name or opens a connection; `vendorkit.outward` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import idna

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_V4 = {
    "0.0.0.0/8": "unspecified",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "carrier-grade NAT",
    "127.0.0.0/8": "loopback",
    "168.63.129.16/32": "a cloud platform's own",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "documentation",
    "192.88.99.0/24": "6to4 relay",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "benchmarking",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved or broadcast",
}
_V6 = {
    "::/128": "unspecified",
    "::1/128": "loopback",
    "2001::/32": "Teredo",
    "2001::/23": "reserved",
    "2001:db8::/32": "documentation",
    "2002::/16": "6to4",
    "3fff::/20": "documentation",
    "64:ff9b:1::/48": "local NAT64",
    "fc00::/7": "unique-local",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
}
_SPECIAL: Sequence[tuple[Network, str]] = [
    (ip_network(text), why) for text, why in (*_V4.items(), *_V6.items())
]
_UNICAST_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_OF_A_COMPANY = frozenset({"private", "carrier-grade NAT", "unique-local"})
"""What a name on the list may lead to: never this machine, its link, or a cloud's metadata."""


def why_not_public(address: Address) -> str | None:
    """The kind of an address that is not on the public internet; None for one that is.

    An IPv4 address within an IPv6 one (mapped, or behind the well-known NAT64 prefix) is judged as itself; other
    forms that carry one (6to4, Teredo, IPv4-compatible) have no servers behind them and are refused.
    """
    address = _carried(address)
    for network, why in _SPECIAL:
        if address in network:
            return why
    if isinstance(address, IPv6Address) and address not in _UNICAST_V6:
        return "reserved"
    return None if address.is_global else "reserved"


def parsed(text: str) -> Address | None:
    """An address in its one usual spelling; None for a name. Raises `ValueError` for any other spelling.

    `127.1`, `2130706433`, `0x7f.0.0.1`, `0177.0.0.1` are what C libraries take for 127.0.0.1, and nobody's host name.
    """
    try:
        return ip_address(text)
    except ValueError:
        last = text.rstrip(".").rpartition(".")[2].lower()
        if last.isdecimal() or last.startswith("0x") or ":" in text:
            raise ValueError("is an address in an unusual spelling") from None
        return None


def host_name(text: str) -> str:
    """A host as it is asked for: lower case, in ASCII, without brackets. Raises `ValueError`."""
    host = text.lower()
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not host or "%" in host or any(sign in host for sign in "/\\@?# \t\r\n\0"):
        raise ValueError("is no host name")
    if not host.isascii():
        try:
            # The mapping of UTS 46 turns full-width digits and ideographic full stops into what they mean.
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ValueError("is no host name") from error
    if len(host) > 253:
        raise ValueError("is no host name")
    return host


@dataclass(frozen=True)
class AllowList:
    """What may be reached although it is not public: networks, and names within a company's own network."""

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> AllowList:
        """Read `10.1.2.0/24, ::1, mail.intern.example`. Raises `ValueError` that names the entry."""
        networks: list[Network] = []
        names: set[str] = set()
        for entry in filter(None, (piece.strip() for piece in text.split(","))):
            try:
                address = "/" in entry or parsed(host_name(entry)) is not None
                if address:
                    networks.append(ip_network(entry.strip("[]")))
                else:
                    names.add(host_name(entry).rstrip("."))
            except ValueError as error:
                raise ValueError(f"'{entry}' is neither an address, a network nor a host name") from error
        return cls(tuple(networks), frozenset(names))

    def has(self, host: str, address: Address) -> bool:
        """Whether this address of this host is allowed though it is not public."""
        if any(address in network or _carried(address) in network for network in self.networks):
            return True
        return host.rstrip(".") in self.names and why_not_public(address) in _OF_A_COMPANY

    def has_place(self, host: str, address: Address | None) -> bool:
        """Whether a host as it is written, a name or an address, stands on the list."""
        return host.rstrip(".") in self.names if address is None else self.has(host, address)


def _carried(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
