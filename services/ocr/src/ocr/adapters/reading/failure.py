"""The two ways in which reading fails: by the document, or by this machine."""

from __future__ import annotations

from ocr.domain.document import Reason, Unreadable


class CannotRead(Exception):
    """The document cannot be read, for a reason that people are told."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.unreadable = Unreadable(reason, detail)


class NotSetUp(Exception):
    """This machine lacks something that reading needs."""
