"""From bytes to characters, whatever a mail claims about its character set."""

from __future__ import annotations

import re
import unicodedata

_ASCII = {"", "us-ascii", "ascii", "646", "ansi_x3.4-1968", "7bit"}
_LATIN = {
    "iso-8859-1",
    "latin-1",
    "latin1",
    "iso8859-1",
    "iso_8859-1",
    "8859",
    "cp1252",
    "windows-1252",
    "l1",
}
_NO_CHARACTER_SETS = {"idna", "punycode", "undefined", "unicode_escape", "unicode-escape", "raw_unicode_escape", "utf-7", "mbcs", "oem"}  # fmt: skip
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[\t\u00a0\u2000-\u200a\u202f\u205f\u3000]")
_CONTROLS = re.compile("[\x00-\x09\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def decode(data: bytes, charset: str | None) -> tuple[str, bool]:
    """The characters of some bytes, and whether the character set was right.

    A wrong or unknown one is replaced by what the bytes look like: UTF-8, else Windows-1252. ISO-8859-1 is read as
    Windows-1252, as mail programs mean it.
    """
    name = (charset or "").strip().strip("\"'").lower().partition("*")[0]
    if data.isascii() and (name in _ASCII or name in _LATIN):
        return data.decode("ascii"), True
    if name in _ASCII:
        return _guess(data), not name
    if name in _LATIN:
        guessed = _as_utf8(data)
        return (guessed, False) if guessed is not None else (_as_latin(data), True)
    if name not in _NO_CHARACTER_SETS:
        try:
            return data.decode(name), True
        except (
            LookupError,
            ValueError,
        ):  # a name that Python does not know, or bytes that are not of that set
            pass
    return _guess(data), False


def clean(text: str) -> str:
    """Text for people: one kind of line break and space, no invisible characters, composed (NFC)."""
    text = _INVISIBLE.sub("", _SPACES.sub(" ", _BREAKS.sub("\n", text)))
    return unicodedata.normalize("NFC", _CONTROLS.sub("", text))


def tidy(text: str) -> str:
    """Cleaned text without trailing blanks, and with at most one empty line at a time."""
    lines = "\n".join(line.rstrip() for line in clean(text).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def one_line(text: str) -> str:
    """Cleaned text in one line."""
    return clean(text).replace("\n", " ").strip()


def _guess(data: bytes) -> str:
    guessed = _as_utf8(data)
    return guessed if guessed is not None else _as_latin(data)


def _as_utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _as_latin(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")
