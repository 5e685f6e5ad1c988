"""Contact points in the one form by which people are found again."""

from __future__ import annotations

import re
import unicodedata

_NOT_DIGITS = re.compile(r"\D")
_WORD = re.compile(r"[a-z0-9]+")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_COUNTRY_CODES = {
    "Europe/Vienna": "43",
    "Europe/Berlin": "49",
    "Europe/Busingen": "49",
    "Europe/Zurich": "41",
    "Europe/Vaduz": "423",
    "Europe/Luxembourg": "352",
}


def normal_email(text: str) -> str | None:
    """The address in lower case, or None when it is none."""
    address = text.strip().lower()
    local, _, domain = address.rpartition("@")
    return address if local and "." in domain and not re.search(r"\s", address) else None


def normal_phone(text: str, *, country_code: str) -> str | None:
    """The number as E.164 (+436641234567), or None when it is none; a national number is of the given country."""
    trimmed = text.replace("(0)", "").strip()
    digits = _NOT_DIGITS.sub("", trimmed)
    if trimmed.startswith("+"):
        number = digits
    elif digits.startswith("00"):
        number = digits[2:]
    elif digits.startswith("0"):
        number = country_code + digits[1:]
    else:
        number = country_code + digits
    return f"+{number}" if 8 <= len(number) <= 15 and not number.startswith("0") else None


def country_code_of(time_zone: str, *, default: str) -> str:
    """The country calling code where a company sits, by its time zone."""
    return _COUNTRY_CODES.get(time_zone, default)


def words_of(*texts: str) -> frozenset[str]:
    """The words by which something is found: lower case, Müller as mueller, accents gone."""
    found: set[str] = set()
    for text in texts:
        plain = unicodedata.normalize("NFC", text).casefold().translate(_GERMAN)
        plain = "".join(
            sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign)
        )
        found.update(word[:60] for word in _WORD.findall(plain))
    return frozenset(found)
