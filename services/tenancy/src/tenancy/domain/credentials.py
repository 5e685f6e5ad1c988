"""Which credentials there are, and what each must hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from tenancy.domain.flaws import Flaw
from tenancy.domain.keys import WrappedKey


@dataclass(frozen=True, slots=True)
class SealedCredential:
    """A credential as it is kept: a sealed box, or none when it was taken away. `version` never repeats.

    `key` is the data key of the box, read together with it; a box without one is sealed by the key ring itself.
    """

    name: str
    version: int
    box: str | None
    key: WrappedKey | None = None


Use = Literal["web", "smtp", "imap"]
PlaceFlaw = Callable[[Use, str], str | None]
"""What is wrong with an address or a host as a place to connect to; a sentence's end."""


def credential_flaws(name: str, values: Mapping[str, str], at: str, place_flaw: PlaceFlaw) -> Iterator[Flaw]:
    """What is wrong with a credential; `at` is where it stands. Never shows a value."""
    form = FORMS.get(name)
    if form is None:
        yield Flaw(at, f"is no credential that Frontdesk knows; it knows {', '.join(sorted(FORMS))}")
        return
    for key, check in form.items():
        value = values.get(key, "")
        if not value.strip():
            if not check.optional:
                yield Flaw(f"{at}/{key}", "is missing")
        elif not check.lines and not value.isprintable():
            # A login would fail for ever by what nobody sees.
            yield Flaw(f"{at}/{key}", "has a line break or another invisible character; was it copied along?")
        elif complaint := check.complaint(value) or _place_complaint(check, value, place_flaw):
            yield Flaw(f"{at}/{key}", complaint)
    for key in sorted(values.keys() - form.keys()):
        yield Flaw(f"{at}/{key}", f"is not part of {name}; it has {', '.join(form)}")


@dataclass(frozen=True, slots=True)
class _Check:
    """`lines`: a text of several lines, such as a certificate. `use`: it names a place that is connected to."""

    complaint: Callable[[str], str | None]
    optional: bool = False
    lines: bool = False
    use: Use | None = None


def _place_complaint(check: _Check, value: str, place_flaw: PlaceFlaw) -> str | None:
    return place_flaw(check.use, value) if check.use is not None else None


def _anything(_: str) -> str | None:
    return None


def _token(value: str) -> str | None:
    good = value.isascii() and " " not in value
    return None if good else "is no token: it has a space, or a letter that no token has"


def _port(value: str) -> str | None:
    good = value.isascii() and value.isdecimal() and len(value) <= 5 and 0 < int(value) < 65536
    return None if good else "is no port between 1 and 65535"


def _url(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        good = False
    return None if good else "is no http(s) address"


def _one_of(*choices: str) -> Callable[[str], str | None]:
    def complaint(value: str) -> str | None:
        return None if value in choices else f"must be {' or '.join(choices)}"

    return complaint


_TEXT = _Check(_anything)
_TEXT_OR_NONE = _Check(_anything, optional=True)
_ADDRESS = _Check(_url, use="web")
_CERTIFICATE = _Check(_anything, optional=True, lines=True)

FORMS: Mapping[str, Mapping[str, _Check]] = {
    "smtp": {
        "host": _Check(_anything, use="smtp"),
        "port": _Check(_port),
        "username": _TEXT,
        "password": _TEXT,
        "security": _Check(_one_of("starttls", "tls", "none")),
        "ca_pem": _CERTIFICATE,
    },
    "imap": {
        "host": _Check(_anything, use="imap"),
        "port": _Check(_port),
        "username": _TEXT,
        "password": _TEXT,
        "security": _Check(_one_of("tls", "starttls", "none")),
        "ca_pem": _CERTIFICATE,
        "sent_folder": _TEXT_OR_NONE,
        "authserv_id": _TEXT,
    },
    "weclapp": {"base_url": _ADDRESS, "token": _Check(_token)},
    "graph": {
        "authority_url": _ADDRESS,
        "base_url": _ADDRESS,
        "client_id": _TEXT,
        "client_secret": _TEXT,
        "directory_id": _TEXT,
        "user": _TEXT,
    },
}
"""The credentials by name: a new vendor adds its form here."""
