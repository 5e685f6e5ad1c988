"""A document's place: folders and a name, by the tenant's template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from file_management.domain.names import clean, name_of, split_extension

Category = Literal["identity_document", "income_proof", "invoice", "order", "contract", "enquiry", "other"]
Language = Literal["de", "en"]

PLACEHOLDERS = ("year", "month", "date", "person", "category", "object", "filename", "extension")
LONGEST_PATH = 300
"""Characters of folders and name together; OneDrive takes 400, its own prefix included."""
_MOST_FOLDERS = 12
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_EXTENSIONS = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
    "image/webp": ".webp",
    "text/plain": ".txt",
    "text/html": ".html",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}

CATEGORY_NAMES: dict[Language, dict[Category, str]] = {
    "de": {
        "identity_document": "Ausweis",
        "income_proof": "Einkommensnachweis",
        "invoice": "Rechnung",
        "order": "Bestellung",
        "contract": "Vertrag",
        "enquiry": "Anfrage",
        "other": "Sonstiges",
    },
    "en": {
        "identity_document": "Identity document",
        "income_proof": "Proof of income",
        "invoice": "Invoice",
        "order": "Order",
        "contract": "Contract",
        "enquiry": "Enquiry",
        "other": "Other",
    },
}


class UnknownPlaceholder(ValueError):
    """A template names something that documents do not have."""


@dataclass(frozen=True, slots=True)
class Place:
    """Folders from the top, and a file's name in the last of them."""

    folders: tuple[str, ...]
    name: str

    @property
    def path(self) -> str:
        """Folders and name, parted by slashes."""
        return "/".join((*self.folders, self.name))

    def numbered(self, number: int) -> Place:
        """The same place with a number in the name: `Rechnung.pdf` → `Rechnung 2.pdf`."""
        if number < 2:
            return self
        stem, extension = split_extension(self.name)
        return Place(self.folders, f"{stem} {number}{extension}")


@dataclass(frozen=True, slots=True)
class Filing:
    """What is known of a document that is to be filed."""

    person: str
    category: Category
    filename: str
    received_on: date
    media_type: str = ""
    object_reference: str | None = None


def place_of(filing: Filing, *, folder_template: str, filename_template: str, language: Language) -> Place:
    """Where a document belongs. Raises `UnknownPlaceholder`."""
    stem, extension = split_extension(filing.filename)
    extension = extension or _EXTENSIONS.get(filing.media_type.partition(";")[0].strip().lower(), "")
    category = CATEGORY_NAMES[language][filing.category]
    values = {
        "year": f"{filing.received_on.year:04}",
        "month": f"{filing.received_on.month:02}",
        "date": filing.received_on.isoformat(),
        "person": filing.person,
        "category": category,
        "object": filing.object_reference or "",
        "filename": stem,
        "extension": "",  # stands at the end, wherever the template has it
    }
    folders = [
        name for part in re.split(r"[/\\]", folder_template) if (name := name_of(_filled(part, values)))
    ]
    name = name_of(_filled(filename_template, values)) or name_of(category)
    return _short_enough(tuple(folders[:_MOST_FOLDERS]), name, extension)


def _filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its values, each made harmless first: a person called `../..` is no way up."""

    def value(found: re.Match[str]) -> str:
        name = found.group(1).strip().lower()
        if name not in values:
            known = ", ".join(f"{{{placeholder}}}" for placeholder in PLACEHOLDERS)
            raise UnknownPlaceholder(f"the template '{template}' names {{{name}}}; there are {known}")
        return clean(values[name])

    return _PLACEHOLDER.sub(value, template)


def _short_enough(folders: tuple[str, ...], name: str, extension: str) -> Place:
    """Shorten what is longest until the whole path is taken everywhere."""
    parts = [*folders, name]
    while sum(map(len, parts)) + len(parts) - 1 + len(extension) > LONGEST_PATH:
        longest = max(range(len(parts)), key=lambda index: len(parts[index]))
        parts[longest] = name_of(parts[longest], longest=len(parts[longest]) - 8)
    return Place(tuple(parts[:-1]), parts[-1] + extension)
