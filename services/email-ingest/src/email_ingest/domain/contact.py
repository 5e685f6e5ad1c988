"""Ways to reach a person, in their normal form: addresses in lower case, phone numbers as E.164."""

from __future__ import annotations

import re

from email_ingest.domain.characters import one_line

ADDRESS = re.compile(r"[^@\s<>\"(),:;\\\[\]]{1,64}@[^@\s<>\"(),:;\\\[\]]{1,250}\.[A-Za-z0-9-]{2,63}")
_COUNTRIES = {"at": "43", "de": "49", "ch": "41"}


def normal_address(address: str) -> str | None:
    """The normal form of an e-mail address, or nothing when it is none."""
    address = one_line(address).lower()
    return address if ADDRESS.fullmatch(address) else None


def normal_phone(number: str, country: str) -> str | None:
    """The normal form of a phone number as people write it; `country` (at, de, ch) where it names none."""
    number = re.split(r"[,;]| oder ", number.strip())[0].replace("(0)", "")
    if not re.fullmatch(r"\+?[\d\s/().\-–]{5,30}", number):
        return None
    international = number.startswith("+")
    digits = re.sub(r"\D", "", number)
    if digits.startswith("00"):
        digits = digits[2:]
    elif not international:
        if not digits.startswith("0") or country not in _COUNTRIES:
            return None
        digits = _COUNTRIES[country] + digits[1:]
    return f"+{digits}" if 8 <= len(digits) <= 15 and digits[0] != "0" else None
