"""Reading a prompt: its labelled sections, the letters, the documents, the pages, the day."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property

_SECTION = re.compile(
    r"^##\s+(TODAY|COMPANY|PERSON|OBJECT|LETTERS|DOCUMENTS|HISTORY|TURN|FILENAME|PAGE)(?:\s+(\d+))?\s*:?\s*(.*)$"
)
_LETTER = re.compile(r"^---\s*letter\s+(\d+)\s*,\s*([^,]*)(?:,\s*subject:\s*(.*))?$", re.IGNORECASE)
_DOCUMENT = re.compile(r"^-\s+(?P<file>.+?):\s+(?P<category>[\w -]+?):\s*(?P<rest>.*)$")
_ISO_DAY = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_EMPTY = re.compile(r"^[\s\-–—(]*(?:none|keine|nothing|n/a|leer|empty)?[\s)\-–—.]*$", re.IGNORECASE)


@dataclass(frozen=True)
class Letter:
    """One letter of the turn."""

    subject: str
    text: str


@dataclass(frozen=True)
class ReceivedDocument:
    """One line of DOCUMENTS."""

    line: str
    filename: str
    category: str
    summary: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Page:
    """One page of a document to analyse."""

    number: int
    text: str


@dataclass(frozen=True)
class Prompt:
    """A prompt taken apart; a prompt without sections is one letter and one page."""

    text: str
    sections: dict[str, str] = field(default_factory=dict[str, str])
    pages: tuple[Page, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Prompt":
        """Split at the section lines; of a section named twice the first one counts."""
        sections: dict[str, list[str]] = {}
        pages: list[tuple[int, list[str]]] = []
        current: list[str] = []
        for line in text.splitlines():
            found = _SECTION.match(line)
            if found is None:
                current.append(line)
                continue
            current = [found[3]] if found[3] else []
            if found[1] == "PAGE":
                pages.append((int(found[2] or len(pages) + 1), current))
            else:
                sections.setdefault(found[1], current)
        joined = {name: "\n".join(lines).strip() for name, lines in sections.items()}
        kept = tuple(Page(number, "\n".join(lines)) for number, lines in pages)
        return cls(text, joined, kept or (() if joined else (Page(1, text),)))

    def section(self, name: str) -> str:
        """The section's content; empty when it is missing or says that there is nothing."""
        content = self.sections.get(name, "")
        return "" if _EMPTY.match(content) else content

    @cached_property
    def today(self) -> date:
        """The day named in TODAY, else the day it is."""
        found = _ISO_DAY.search(self.section("TODAY"))
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
        return datetime.now(UTC).date()

    @cached_property
    def letters(self) -> list[Letter]:
        """The letters of the turn in their order."""
        content = self.section("LETTERS")
        if not content:
            return [] if self.sections else [Letter("", self.text)]
        letters: list[tuple[str, list[str]]] = []
        for line in content.splitlines():
            found = _LETTER.match(line)
            if found:
                letters.append(((found[3] or "").strip(), []))
            elif letters:
                letters[-1][1].append(line)
            else:
                letters.append(("", [line]))
        return [Letter(subject, "\n".join(lines).strip()) for subject, lines in letters]

    @cached_property
    def documents(self) -> list[ReceivedDocument]:
        """What came with the letters, as analysed before."""
        found = [_DOCUMENT.match(line.strip()) for line in self.section("DOCUMENTS").splitlines()]
        return [_document(match) for match in found if match]


def _document(match: re.Match[str]) -> ReceivedDocument:
    summary, *rest = match["rest"].split(";")
    pairs = [part.split("=", 1) for part in rest if "=" in part]
    fields = {name.strip(): value.strip() for name, value in pairs}
    category = match["category"].strip().lower().replace(" ", "_")
    return ReceivedDocument(match[0], match["file"].strip(), category, summary.strip(), fields)
