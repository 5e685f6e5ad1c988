"""What the use case needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from contracts.values import BlobRef
from ocr.domain.analysis import Analysis
from ocr.domain.document import Method, Page, Reading, Unreadable


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text that was read and is kept in the blob store, pages parted by form feeds."""

    text: BlobRef
    pages: int
    method: Method
    media_type: str


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of some bytes, whichever documents they came as."""

    sha256: str
    reading: ReadText | Unreadable
    analysis: Analysis | None = None


class AnalystFailed(Exception):
    """No model could analyse the text; `passing` says that it may be able to soon."""

    passing: bool = False


class Blobs(Protocol):
    """Where bytes are kept."""

    async def get(self, tenant_id: str, ref: BlobRef) -> bytes:
        """The bytes of a reference."""
        ...

    async def put(self, tenant_id: str, data: bytes, media_type: str) -> BlobRef:
        """Keep bytes."""
        ...


class Reader(Protocol):
    """Turns a document's bytes into text."""

    async def read(self, data: bytes) -> Reading | Unreadable:
        """The text, or why there is none."""
        ...


class Analyst(Protocol):
    """Says what a text means."""

    async def analyze(self, tenant_id: str, filename: str, pages: Sequence[Page]) -> Analysis:
        """Category, fields and summary. Raises `AnalystFailed`."""
        ...


class Contents(Protocol):
    """What is known of bytes that came before."""

    async def find(self, tenant_id: str, sha256: str) -> Content | None:
        """What is known, if anything."""
        ...

    async def keep(self, tenant_id: str, content: Content) -> None:
        """Keep what is known now, before the document's own story is told."""
        ...
