"""The generic source: HMAC-SHA256 with a timestamp and a signed delivery id.

    X-Frontdesk-Delivery: <delivery id>          letters, digits, _, : and -, at most 128
    X-Frontdesk-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 over "{t}.{delivery id}.{raw body}">

Several `v1` may stand there while a secret is turned. A delivery id has no full stop, or a part of the body could be
passed off as part of the id under the same signature.
"""

from __future__ import annotations

import hmac
import re

from gateway.adapters.signatures import PostOnly
from gateway.application.ports import Incoming, SignatureRefused, SignedHeaders
from gateway.domain.hook import Hook

WINDOW_SECONDS = 300
MOST_SIGNATURES = 8
_DELIVERY = re.compile(r"[A-Za-z0-9_:-]{1,128}")
_TIME = re.compile(r"[0-9]{1,12}")
_MAC = re.compile(r"[0-9a-f]{64}")


class HmacSignature(PostOnly):
    """The port `Verifier` for the generic source."""

    def verify(self, incoming: Incoming, hook: Hook, now: float) -> str:
        """The signed delivery id. Raises `SignatureRefused`."""
        headers = incoming.headers
        delivery_id = _only(headers, "x-frontdesk-delivery")
        if not _DELIVERY.fullmatch(delivery_id):
            raise SignatureRefused("X-Frontdesk-Delivery must be letters, digits, _, : and -, at most 128")
        signed_at, given = _parts(_only(headers, "x-frontdesk-signature"))
        if abs(now - int(signed_at)) > WINDOW_SECONDS:
            raise SignatureRefused(
                "the signature's time is more than 5 minutes away: sign anew for each attempt"
            )
        prefix = f"{signed_at}.{delivery_id}.".encode("ascii")
        matches = 0
        for secret in hook.secrets:
            mac = hmac.new(secret, prefix, "sha256")
            mac.update(incoming.body)
            expected = mac.hexdigest().encode("ascii")
            for one in given:
                # Every pair is compared, so that the time tells nothing of which fits.
                matches |= hmac.compare_digest(expected, one)
        if not matches:
            raise SignatureRefused("the signature does not fit this hook, delivery id and body")
        return delivery_id


def _only(headers: SignedHeaders, name: str) -> str:
    values = headers.getlist(name)
    if len(values) != 1:
        raise SignatureRefused(f"the header {name} must be there once")
    return values[0]


def _parts(signature: str) -> tuple[str, list[bytes]]:
    signed_at: str | None = None
    given: list[bytes] = []
    for part in signature.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t" and signed_at is None and _TIME.fullmatch(value):
            signed_at = value
        elif name == "v1" and _MAC.fullmatch(value):
            given.append(value.encode("ascii"))
        elif name in {"t", "v1"}:
            raise SignatureRefused(
                "X-Frontdesk-Signature must be t=<unix seconds>,v1=<64 hexadecimal digits>"
            )
    if signed_at is None or not given or len(given) > MOST_SIGNATURES:
        raise SignatureRefused("X-Frontdesk-Signature must be t=<unix seconds>,v1=<64 hexadecimal digits>")
    return signed_at, given
