"""Which passwords are good enough: long, not the address, not one that everybody tries."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from tenancy.domain.flaws import Flaw

SHORTEST, LONGEST = 12, 256
_SHORTEST_NAME = 4
# Of twelve characters and more, which are what lists of leaked passwords begin with; shorter ones are refused anyway.
_COMMON = frozenset(
    {
        "123456789012", "1234567890123", "12345678901234", "123456789123", "123123123123", "111111111111", "000000000000",
        "121212121212", "112233445566", "987654321098", "987654321012", "qwertyuiopas", "qwertyuiop12", "qwertyuiop123",
        "qwertzuiopas", "qwertzuiop12", "qwertzuiop123", "qwerty123456", "qwertz123456", "1q2w3e4r5t6y", "1q2w3e4r5t6z",
        "1qaz2wsx3edc", "1qay2wsx3edc", "q1w2e3r4t5y6", "zaq12wsxcde3", "asdfghjkl123", "abcdefghijkl", "abcd12345678",
        "password1234", "password12345", "password123456", "passwordpassword", "passw0rd1234", "p@ssw0rd1234",
        "passwort1234", "passwort12345", "passwort123456", "passwortpasswort", "kennwort1234", "kennwort12345",
        "willkommen12", "willkommen123", "willkommen1234", "welcome12345", "welcome123456", "letmein12345",
        "administrator", "administrator1", "administrator123", "admin1234567", "admin12345678", "changeme1234",
        "iloveyou1234", "iloveyouiloveyou", "ichliebedich", "ichliebedich1", "geheimgeheim", "geheim123456",
        "hallohallo12", "hallohallohallo", "sommer2024!!", "sommer2025!!", "sommer2026!!", "winter2024!!",
        "winter2025!!", "winter2026!!", "immobilien12", "immobilien123", "immobilienmakler", "frontdesk1234",
        "frontdesk12345", "correcthorsebatterystaple", "test12345678", "testtesttest", "schalke04schalke04",
    }
)  # fmt: skip


def normal(password: str) -> str:
    """A password in the form that is hashed: the same characters typed on another keyboard are the same (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def password_flaws(password: str, account: str, at: str = "password") -> Iterator[Flaw]:
    """What is wrong with a new password; never shows it. `account` is the owner's address."""
    password = normal(password)
    lower = password.casefold()
    if len(password) < SHORTEST:
        yield Flaw(at, f"is shorter than {SHORTEST} characters; several words are easily remembered")
    if len(password) > LONGEST:
        yield Flaw(at, f"is longer than {LONGEST} characters")
    local = account.partition("@")[0].casefold()
    if account.casefold() in lower or (len(local) >= _SHORTEST_NAME and local in lower):
        yield Flaw(at, "contains the e-mail address")
    if lower in _COMMON or len(set(lower)) < 4:
        yield Flaw(at, "is one of those that everybody tries first; choose another")
