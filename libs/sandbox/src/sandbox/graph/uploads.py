"""Upload sessions: a large file in chunks, in order, each a multiple of 320 KiB."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sandbox.graph.drive import ConflictBehavior, Drive

CHUNK_UNIT = 320 * 1024
LARGEST_CHUNK = 60 * 1024 * 1024
_RANGE = re.compile(r"^bytes (\d+)-(\d+)/(\d+)$")


class BadRange(ValueError):
    """A Content-Range that does not describe the bytes sent."""


class RangeNotExpected(Exception):
    """The bytes were received already, or come too early."""


@dataclass
class UploadSession:
    """One file on its way."""

    id: str
    drive: Drive
    folder_id: str
    name: str
    on_clash: ConflictBehavior
    expires: datetime
    received: bytearray = field(default_factory=bytearray)
    total: int | None = None

    def take(self, content_range: str, chunk: bytes) -> bool:
        """Add a chunk; whether the file is complete now."""
        first, last, total = _parsed(content_range, chunk)
        if self.total not in (None, total):
            raise BadRange(f"the total was {self.total} and is {total} now")
        if first != len(self.received):
            raise RangeNotExpected(content_range)
        if last + 1 < total and len(chunk) % CHUNK_UNIT:
            raise BadRange(f"every chunk but the last is a multiple of {CHUNK_UNIT} bytes")
        self.total = total
        self.received += chunk
        return len(self.received) == total

    def take_back(self, chunk: bytes) -> None:
        """Forget the last chunk, when the file could not be put in its place."""
        del self.received[len(self.received) - len(chunk) :]

    def next_expected(self) -> list[str]:
        """What is still missing, as Graph says it."""
        if self.total is None:
            return ["0-"]
        return [f"{len(self.received)}-{self.total - 1}"]


@dataclass
class UploadSessions:
    """The sessions of all drives."""

    lifetime: timedelta = timedelta(days=1)
    _open: dict[str, UploadSession] = field(default_factory=dict[str, UploadSession])

    def begin(self, drive: Drive, folder_id: str, name: str, on_clash: ConflictBehavior) -> UploadSession:
        """A new session with an address that needs no token."""
        session_id = secrets.token_urlsafe(24)
        session = UploadSession(
            session_id, drive, folder_id, name, on_clash, datetime.now(UTC) + self.lifetime
        )
        self._open[session_id] = session
        return session

    def find(self, session_id: str) -> UploadSession | None:
        """The session, unless it never was, is finished, cancelled or expired."""
        session = self._open.get(session_id)
        if session is not None and session.expires <= datetime.now(UTC):
            del self._open[session_id]
            return None
        return session

    def end(self, session: UploadSession) -> None:
        """Finished or cancelled."""
        self._open.pop(session.id, None)


def _parsed(content_range: str, chunk: bytes) -> tuple[int, int, int]:
    found = _RANGE.match(content_range)
    if not found:
        raise BadRange("Content-Range has the form: bytes first-last/total")
    first, last, total = (int(number) for number in found.groups())
    if last - first + 1 != len(chunk) or last >= total or not chunk:
        raise BadRange(f"{content_range} does not describe {len(chunk)} bytes")
    if len(chunk) >= LARGEST_CHUNK:
        raise BadRange("a chunk must be smaller than 60 MiB")
    return first, last, total
