"""No link, address, phone or account number leaves that nobody gave us (F16, first form).

A sentence that brings one along is dropped whole: without its number it would only be puzzling.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Kind = str

_ENDINGS = "com|net|org|info|biz|io|app|dev|ai|co|eu|de|at|ch|li|uk|us|fr|it|nl|ru|cn|xyz|top|site|online|shop|link|click|me|ly|gl|to|tv|cc"
_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_LINK = re.compile(
    rf"\b(?:[a-z][a-z0-9+.-]*://|www\.)\S+|\b(?:[\w-]{{1,63}}\.){{1,8}}(?:{_ENDINGS})\b(?:/\S*)?|\b(?:[\w-]{{1,63}}\.){{1,8}}[a-z]{{2,}}/\S+",
    re.IGNORECASE,
)
# Begins with + or 0 and goes on for seven digits or more, but not as a date does.
_PHONE = re.compile(r"(?<![\w.,/-])\(?(?!\d{1,2}\.\d{1,2}\.)(?:\+|0)[\d \u00a0().–/-]{5,40}\d")
_NUMBER = re.compile(r"\d[\d \u00a0()/.-]{4,40}\d")
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d{2}(?:[ \u00a0]?[A-Z0-9]{4}){3,7}(?:[ \u00a0]?[A-Z0-9]{1,3})?\b")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[^\W\d_a-zäöü])")


@dataclass(frozen=True)
class Cleaned:
    """A reply without what was foreign, and how many things of which kind were taken out."""

    text: str
    removed: tuple[Kind, ...]


def without_foreign_contacts(reply: str, *, known: Iterable[str]) -> Cleaned:
    """Drop each sentence with a link, an address or a number that stands in none of the `known` texts."""
    given = "\n".join(known).casefold()
    numbers = frozenset(re.sub(r"\D", "", number) for number in _NUMBER.findall(given))
    removed: list[Kind] = []
    lines: list[str] = []
    for line in reply.splitlines():
        kept: list[str] = []
        for sentence in _SENTENCE_END.split(line):
            foreign = [
                kind for kind, found in _contacts(sentence) if not _is_known(kind, found, given, numbers)
            ]
            removed += foreign
            if not foreign:
                kept.append(sentence)
        lines.append(" ".join(kept))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return Cleaned(text, tuple(removed))


def _contacts(sentence: str) -> Iterator[tuple[Kind, str]]:
    for kind, pattern in (("address", _EMAIL), ("link", _LINK), ("account", _ACCOUNT), ("phone", _PHONE)):
        for found in pattern.finditer(sentence):
            yield kind, found[0]
        # What was an address must not be found again as a link.
        sentence = pattern.sub(" ", sentence)


def _is_known(kind: Kind, found: str, given: str, numbers: frozenset[str]) -> bool:
    if kind == "phone":
        # The same number may be written with +43, 0043 or 0: its last digits tell it.
        number = re.sub(r"\D", "", found).lstrip("0")
        return any(known.endswith(number[-9:]) for known in numbers)
    if kind == "account":
        return re.sub(r"\s", "", found).casefold() in re.sub(r"\s", "", given)
    return found.casefold().rstrip(".,;:!?)>\"'“”") in given
