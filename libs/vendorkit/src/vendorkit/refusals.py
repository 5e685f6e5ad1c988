"""Reads a vendor's refusal: the status, the time to wait, and the vendor's own words.

Pure: bytes and headers in, one of the five errors out, so that an adapter over a vendor's SDK and one over
`VendorClient` say the same thing about the same answer.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, cast

from vendorkit.errors import (
    VendorAuthExpired,
    VendorError,
    VendorRateLimited,
    VendorRejected,
    VendorUnavailable,
)

Forbidden = Literal["rejected", "auth_expired"]
"""What a 403 means at this vendor: the request is not allowed, or the credential lost its rights."""

_LONGEST_WAIT = 86_400.0
_LONGEST_WORDS = 200
_GATEWAYS = frozenset({502, 504})


def refusal(
    status: int,
    headers: Mapping[str, str],
    body: bytes | str,
    *,
    vendor: str,
    credential: str,
    forbidden: Forbidden = "rejected",
    now: datetime | None = None,
) -> VendorError:
    """The error that an answer with a status outside 2xx means."""
    words = shortened(body)
    said = f' "{words}"' if words else ""
    wait = retry_after_seconds(headers, now=now)
    if status == 429 or (status == 503 and wait is not None):
        when = f"in {wait:.0f} s" if wait is not None else "later"
        return VendorRateLimited(
            f"{vendor} takes no more requests for now (HTTP {status}); trying again {when}.{said}",
            vendor=vendor,
            retry_after=wait,
        )
    if status == 401 or (status == 403 and forbidden == "auth_expired"):
        return VendorAuthExpired(
            f"{vendor} no longer accepts the credential '{credential}' (HTTP {status}); please renew it.{said}",
            vendor=vendor,
            credential=credential,
        )
    if status == 408 or status >= 500:
        # A gateway's 502 or 504 says nothing about what the server behind it has done meanwhile.
        return VendorUnavailable(
            f"{vendor} could not answer (HTTP {status}); trying again later.{said}",
            vendor=vendor,
            ambiguous=status in _GATEWAYS,
            after=wait,
        )
    return VendorRejected(
        f"{vendor} refused the request (HTTP {status}).{said}", vendor=vendor, status=status
    )


def retry_after_seconds(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Seconds to wait by the header Retry-After, given in seconds or as an HTTP date; at most a day."""
    value = next((text.strip() for name, text in headers.items() if name.lower() == "retry-after"), "")
    if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", value):
        return min(float(value), _LONGEST_WAIT)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, IndexError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return min(max((date - (now or datetime.now(UTC))).total_seconds(), 0.0), _LONGEST_WAIT)


def shortened(body: bytes | str) -> str:
    """The vendor's own words on one short line, without addresses, numbers or keys that they may repeat."""
    text = body if isinstance(body, str) else body[:65_536].decode("utf-8", errors="replace")
    words = " ".join(_message(text)[:2_000].split())
    for pattern, mask in _MASKS:
        words = pattern.sub(mask, words)
    return words if len(words) <= _LONGEST_WORDS else words[: _LONGEST_WORDS - 1].rstrip() + "…"


_MASKS = (
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), "<address>"),
    # A key or token: long, of one piece, and with a digit in it.
    (re.compile(r"(?=[\w*./+=-]*\d)[\w*./+=-]{20,}"), "<key>"),
    # A phone, account or customer number: seven digits or more, perhaps with blanks between.
    (re.compile(r"\+?\d(?:[ /()-]{0,2}\d){6,}"), "<number>"),
)


def _message(text: str) -> str:
    """The sentence within the common JSON forms of an error; nothing for a page of HTML."""
    try:
        found = cast(object, json.loads(text))
    except (ValueError, RecursionError):  # the latter: brackets a thousand deep
        return "" if text.lstrip().startswith("<") else text
    if isinstance(found, list) and found:
        found = cast(list[object], found)[0]
    for _ in range(3):
        if not isinstance(found, dict):
            break
        fields = cast(dict[str, object], found)
        found = next(
            (
                fields[key]
                for key in ("error", "message", "error_description", "detail", "title")
                if fields.get(key)
            ),
            "",
        )
    return found if isinstance(found, str) else ""
