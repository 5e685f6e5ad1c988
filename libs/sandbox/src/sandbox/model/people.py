"""Who wrote: the name, and how to address it."""

import re
from dataclasses import dataclass

from sandbox.model.prompt import Letter, Prompt

_WORD = r"[A-ZÄÖÜ][\w'’.-]*"
_NAME = rf"((?:(?:Dr\.|Prof\.|von|van|de|zu)\s+)*{_WORD}(?:\s+(?:(?:von|van|de|zu|der)\s+)*{_WORD}){{0,3}})"
_INTRODUCED = re.compile(rf"\b(?:[Mm]ein Name ist|[Ii]ch heiße|[Mm]y name is|I am called)\s+{_NAME}")
_CLOSING = re.compile(
    r"^(?:mit\s+\w+\s+gr(?:ü|ue)(?:ß|ss)en|(?:viele|liebe|beste|herzliche|freundliche|schöne)\s+gr(?:ü|ue)(?:ß|ss)e|"
    r"gru(?:ß|ss)|lg|mfg|vg|(?:kind|best|warm|many)?\s*regards|yours\s+\w+|sincerely|best wishes|best|thanks|cheers)\b[^\n]*$",
    re.IGNORECASE,
)
_ALLOWED = re.compile(r"^[^\W\d_][\w'’. -]{0,60}$")
_TITLE = re.compile(r"^(herr|frau|mr|mrs|ms|mx)\b\.?\s*", re.IGNORECASE)
_SIR = re.compile(r"\b(herr|mr)\b\.?", re.IGNORECASE)
_MADAM = re.compile(r"\b(frau|mrs|ms)\b\.?", re.IGNORECASE)


@dataclass(frozen=True)
class Person:
    """A name with the title it came with."""

    name: str
    title: str

    def address(self, language: str) -> str:
        """The greeting line."""
        if language == "en":
            if not self.name:
                return "Dear Sir or Madam,"
            title = {"sir": "Mr", "madam": "Ms"}.get(self.title)
            return f"Dear {title} {self.name}," if title else f"Dear {self.name},"
        if not self.name:
            return "Guten Tag,"
        title = {"sir": "Herr", "madam": "Frau"}.get(self.title)
        return f"Guten Tag {title} {self.name}," if title else f"Guten Tag {self.name},"


def person_of(prompt: Prompt) -> Person:
    """The person named in PERSON, else the one a letter introduces or is signed by."""
    named = prompt.section("PERSON").splitlines()
    written = re.sub(r"^name\s*[:=]\s*", "", named[0], flags=re.IGNORECASE) if named else ""
    person = _person(written)
    if person.name:
        return person
    for letter in prompt.letters:
        person = _person(signed_by(letter))
        if person.name:
            return person
    return Person("", "")


def signed_by(letter: Letter) -> str:
    """The name under a letter or in its first words; empty when it has none."""
    introduced = _INTRODUCED.search(letter.text)
    if introduced:
        return introduced[1]
    lines = [line.strip() for line in letter.text.splitlines()]
    for number, line in enumerate(lines):
        if _CLOSING.match(line):
            following = [below for below in lines[number + 1 :] if below][:1]
            same_line = line.rsplit(",", 1)[-1].strip() if "," in line else ""
            for candidate in (*following, same_line):
                if re.fullmatch(_NAME, _TITLE.sub("", candidate)):
                    return candidate
    return ""


def _person(written: str) -> Person:
    title = "sir" if _SIR.search(written) else "madam" if _MADAM.search(written) else ""
    name = _TITLE.sub("", written.split("<")[0].split(",")[0].strip()).strip()
    # A name is data from outside: whatever does not look like one is not repeated.
    return Person(name if _ALLOWED.match(name) else "", title)
