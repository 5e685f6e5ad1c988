"""What the vendors were asked, kept for tests to look at."""

import itertools
import json
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from sandbox.wire import JsonObject

_KEPT = 20_000
_LARGEST_KEPT_BODY = 64 * 1024
_TELLING_HEADERS = (
    "content-type",
    "content-range",
    "content-length",
    "user-agent",
    "host",
    "if-match",
    "prefer",
    "x-request-id",
    "idempotency-key",
    "traceparent",
)
_SECRET_HEADERS = ("authorization", "authenticationtoken", "x-goog-api-key", "x-vault-token")


@dataclass
class Seen:
    """One request as a vendor saw it."""

    number: int
    vendor: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: object
    size: int
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    status: int | None = None
    fault: str | None = None

    def as_json(self) -> JsonObject:
        """The request as the control plane lists it."""
        return {**self.__dict__, "at": self.at.isoformat()}


@dataclass
class Journal:
    """The requests of all vendors, oldest first, the oldest dropped when there are too many."""

    _seen: deque[Seen] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def note(
        self, vendor: str, method: str, path: str, query: str, headers: dict[str, str], raw: bytes
    ) -> Seen:
        """Write a request down before it is answered; its status is filled in afterwards."""
        telling = {name: headers[name] for name in _TELLING_HEADERS if name in headers}
        # Only the end of a secret: enough to tell two tenants' keys apart in a test.
        telling |= {name: f"…{headers[name][-4:]}" for name in _SECRET_HEADERS if name in headers}
        body = _readable(raw, headers.get("content-type", ""))
        seen = Seen(next(self._numbers), vendor, method, path, query, telling, body, len(raw))
        self._seen.append(seen)
        return seen

    def of(self, vendor: str | None, after: int = 0) -> list[Seen]:
        """The requests to one vendor (or to all) with a number above `after`, newest last."""
        return [seen for seen in self._seen if seen.number > after and vendor in (None, seen.vendor)]

    def clear(self) -> None:
        """Forget all requests; numbers go on rising."""
        self._seen.clear()


def _readable(raw: bytes, content_type: str) -> object:
    if not raw or len(raw) > _LARGEST_KEPT_BODY or "json" not in content_type:
        return None
    try:
        return cast("object", json.loads(raw))
    except (ValueError, UnicodeDecodeError):
        return None
