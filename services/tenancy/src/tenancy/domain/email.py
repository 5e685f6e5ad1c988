"""E-mail addresses as names of accounts: without regard to case, umlauts in the domain in one form (IDNA 2008)."""

from __future__ import annotations

import re

import idna

_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LONGEST = 254


class NoAddress(ValueError):
    """Not an address that mail can be sent to; the words never repeat it."""


def account_of(address: str) -> str:
    """The one form in which an address names an account: lower case, the domain in ASCII. Raises `NoAddress`."""
    local, at, domain = address.strip().rpartition("@")
    local = local.lower()
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local):
        raise NoAddress("this is no e-mail address that mail can be sent to (no umlauts before the @)")
    try:
        plain = idna.encode(domain, uts46=True, std3_rules=True).decode().lower()
    except idna.IDNAError as error:
        raise NoAddress("the part after the @ is no name of a domain") from error
    if "." not in plain or len(local) + 1 + len(plain) > _LONGEST:
        raise NoAddress("the part after the @ is no name of a domain that mail can be sent to")
    return f"{local}@{plain}"


def for_people(account: str) -> str:
    """An account's address as people write it: umlauts in the domain as such."""
    local, _, domain = account.rpartition("@")
    try:
        return f"{local}@{idna.decode(domain)}"
    except idna.IDNAError:
        return account
