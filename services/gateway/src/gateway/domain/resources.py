"""The API's table: which service answers which resource, by the first segment after /api/v1/."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

RESOURCES: Mapping[str, str] = {
    "tenants": "tenancy",
    "leads": "orchestrator",
    "drafts": "orchestrator",
    "conversations": "conversation",
    "journal": "reporting",
    "outgoing": "notification",
    "messages": "email-ingest",
    "documents": "ocr",
    "customers": "crm-sync",
    "files": "file-management",
}

HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"trailers", b"transfer-encoding", b"upgrade", b"expect",
    }
)  # fmt: skip
"""Headers of one connection, which end here (RFC 9110, 7.6.1)."""

Header = tuple[bytes, bytes]


def end_to_end(headers: Iterable[Header]) -> list[Header]:
    """The headers that go on: without those of the connection and those that `Connection` names."""
    headers = list(headers)
    named = {
        token.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for token in value.split(b",")
    }
    return [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP | named]


def climbs(path: bytes) -> bool:
    """Whether a raw path has a segment `.` or `..`, written out or percent-encoded: it could leave its resource."""
    lowered = (
        path.lower().replace(b"%2e", b".").replace(b"%2f", b"/").replace(b"%5c", b"/").replace(b"\\", b"/")
    )
    return any(segment in {b".", b".."} for segment in lowered.split(b"/"))
