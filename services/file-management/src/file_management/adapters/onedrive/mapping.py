"""Microsoft Graph's forms, and what they mean to us."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from file_management.application.ports import StoredFile
from file_management.domain.content import Content
from file_management.domain.names import split_extension
from file_management.domain.place import Place

Sameness = Literal["same", "other", "unknown"]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Hashes(_Form):
    """Fingerprints; which of them Graph gives depends on the kind of drive."""

    sha256: str | None = Field(default=None, alias="sha256Hash")
    quick_xor: str | None = Field(default=None, alias="quickXorHash")


class FileFacet(_Form):
    """Says that an item is a file."""

    hashes: Hashes = Hashes()


class FolderFacet(_Form):
    """Says that an item is a folder."""


class DriveItem(_Form):
    """A file or folder."""

    id: str
    name: str
    size: int = 0
    web_url: str | None = Field(default=None, alias="webUrl")
    file: FileFacet | None = None
    folder: FolderFacet | None = None
    root: FolderFacet | None = None
    download_url: str | None = Field(default=None, alias="@microsoft.graph.downloadUrl")


class DriveItems(_Form):
    """A page of a folder's children."""

    value: tuple[DriveItem, ...]
    next_link: str | None = Field(default=None, alias="@odata.nextLink")


class UploadSession(_Form):
    """Where a large file is sent to, piece by piece; the address carries its own permission."""

    upload_url: str = Field(alias="uploadUrl")


class UploadProgress(_Form):
    """What an upload session still wants."""

    next_expected: tuple[str, ...] = Field(alias="nextExpectedRanges", min_length=1)

    @property
    def start(self) -> int:
        """The first byte that is wanted: `26-` or `26-99` → 26."""
        return int(self.next_expected[0].partition("-")[0])


def stored(place: Place, item: DriveItem) -> StoredFile:
    """An item as we remember it; its name is Graph's, which may have numbered it."""
    return StoredFile(path="/".join((*place.folders, item.name)), external_id=item.id, url=item.web_url)


def has_name_of(item: DriveItem, place: Place) -> bool:
    """Whether a file is called as the place says, or so with a number."""
    stem, extension = split_extension(place.name)
    wanted = rf"{re.escape(stem)}(?: \d+)?{re.escape(extension)}"
    return item.file is not None and re.fullmatch(wanted, item.name, re.IGNORECASE) is not None


def sameness(item: DriveItem, content: Content) -> Sameness:
    """Whether a file holds these bytes, as far as Graph says."""
    hashes = item.file.hashes if item.file is not None else Hashes()
    if item.size != content.size:
        return "other"
    if hashes.sha256 is not None:
        return "same" if hashes.sha256.lower() == content.sha256 else "other"
    if hashes.quick_xor is not None:
        return "same" if hashes.quick_xor == content.quick_xor else "other"
    return "unknown"
