"""What a receiving server writes on a letter: trace headers, and its verdict on the sender."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parseaddr

AUTHSERV_ID = "mx.sandbox.test"
METHODS = ("spf", "dkim", "dmarc")

_HEADER_END = re.compile(rb"\r?\n\r?\n")


def received(
    raw: bytes,
    *,
    mail_from: str,
    recipient: str,
    authentication: Mapping[str, str] | None,
    authserv_id: str = AUTHSERV_ID,
    at: datetime | None = None,
) -> bytes:
    """The letter as it lies in the mailbox: Return-Path, Delivered-To, verdict and Received on top.

    With a verdict, Authentication-Results that claim to be this server's own are taken out first, as
    RFC 8601 (section 5) demands; those of other servers stay, and so does everything without a verdict.
    """
    newline = b"\r\n" if b"\r\n" in raw[:2000] else b"\n"
    moment = at or datetime.now(UTC)
    lines = [f"Return-Path: <{mail_from}>", f"Delivered-To: {recipient}"]
    if authentication is not None:
        raw = _without_claims_of(raw, authserv_id)
        lines.append(_verdict(raw, mail_from, authentication, authserv_id))
    lines.append(f"Received: from sender.example by {authserv_id}; {format_datetime(moment)}")
    top = "\n".join([*lines, ""]).encode("utf-8").replace(b"\n", newline)
    return top + raw


def submitted_verdict(raw: bytes, user: str) -> dict[str, str]:
    """The verdict on a letter handed in with a password: right if From is the one who logged in."""
    result = "pass" if header_from(raw).lower() == user.lower() else "fail"
    return dict.fromkeys(METHODS, result)


def header_from(raw: bytes) -> str:
    """The address in the From header, or an empty string."""
    return parseaddr(header(raw, "From"))[1]


def header(raw: bytes, name: str) -> str:
    """One header's first value, unfolded and otherwise as written; empty when absent."""
    head = _HEADER_END.split(raw, maxsplit=1)[0]
    found = re.search(rb"(?im)^" + re.escape(name.encode()) + rb":[ \t]*((?:.*)(?:\r?\n[ \t].*)*)", head)
    return re.sub(r"\r?\n[ \t]+", " ", found.group(1).decode("utf-8", "replace")).strip() if found else ""


def _verdict(raw: bytes, mail_from: str, authentication: Mapping[str, str], authserv_id: str) -> str:
    author_domain = header_from(raw).rpartition("@")[2] or "unknown.invalid"
    properties = {
        "spf": f"smtp.mailfrom={mail_from or 'postmaster@sender.example'}",
        "dkim": f"header.d={author_domain}",
        "dmarc": f"header.from={author_domain}",
    }
    results = [f"{method}={result} {properties[method]}" for method, result in authentication.items()]
    return f"Authentication-Results: {authserv_id};\n\t" + ";\n\t".join(results or ["none"])


def _without_claims_of(raw: bytes, authserv_id: str) -> bytes:
    end = _HEADER_END.search(raw)
    head, rest = (raw[: end.start()], raw[end.start() :]) if end else (raw, b"")
    claim = re.compile(
        rb"(?im)^Authentication-Results:\s*"
        + re.escape(authserv_id.encode())
        + rb"\b.*(?:\r?\n[ \t].*)*(?:\r?\n|\Z)"
    )
    return claim.sub(b"", head).rstrip(b"\r\n") + rest if claim.search(head) else raw
