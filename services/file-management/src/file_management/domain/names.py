"""Names that every store takes: OneDrive, Windows, Linux; and that no one can climb out of a folder with."""

from __future__ import annotations

import re
import unicodedata

LONGEST_NAME = 120
"""Characters; leaves room for the number that a clash adds."""
_MOST_BYTES = 230
_FORBIDDEN = re.compile(r'["*:<>?/\\|]+')
_BLANKS = re.compile(r"\s+")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)", re.IGNORECASE)
_NOT_AS_WHOLE = frozenset((".lock", "desktop.ini", "forms"))
_LONGEST_EXTENSION = 10


def clean(text: str) -> str:
    """A text as a part of a name: composed letters, no forbidden signs, nothing invisible, single blanks."""
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(" " if sign.isspace() else sign for sign in composed if _is_visible(sign))
    return _BLANKS.sub(" ", _FORBIDDEN.sub("-", visible)).strip()


def name_of(text: str, *, longest: int = LONGEST_NAME) -> str:
    """A text as the name of a folder, or of a file without its extension; empty when nothing is left of it."""
    name = _shortened(clean(text).strip(" ."), longest)
    name = name.replace("_vti_", "_vti-").lstrip("~").strip(" .")
    if _RESERVED.match(name) or name.lower() in _NOT_AS_WHOLE:
        name = f"_{name}"
    return name


def split_extension(filename: str) -> tuple[str, str]:
    """`Lohn.März.PDF` → (`Lohn.März`, `.pdf`); what is too long or strange to be an extension belongs to the name."""
    stem, dot, extension = clean(filename).rpartition(".")
    if not dot or not stem or not re.fullmatch(rf"[A-Za-z0-9]{{1,{_LONGEST_EXTENSION}}}", extension):
        return clean(filename), ""
    return stem, f".{extension.lower()}"


def _is_visible(sign: str) -> bool:
    """Neither a control, nor a mark that turns or hides writing (a name must be what it looks like)."""
    return sign.isspace() or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _shortened(name: str, longest: int) -> str:
    short = name[:longest]
    while len(short.encode()) > _MOST_BYTES:
        short = short[:-1]
    return short
