"""Stripe: `Stripe-Signature: t=<unix>,v1=<hex>[,v1=<hex>]`, HMAC-SHA256 over "{t}.{raw body}".

The key is the endpoint's secret as it is shown, `whsec_` included; while it is rolled several `v1` stand there. As in
Stripe's documentation ("Verify webhook signatures manually") and its SDK (`WebhookSignature.verify_header`); unlike the
SDK, a time too far ahead is refused, too.

The delivery id is the event's, which stands in the signed body: Stripe sends the same event again under a new time.
"""

from __future__ import annotations

import hmac
import re

from gateway.adapters.signatures import PostOnly, fits, json_object, only, short_id, text_of
from gateway.application.ports import Incoming, SignatureRefused
from gateway.domain.hook import Hook

WINDOW_SECONDS = 300
MOST_SIGNATURES = 16
_TIME = re.compile(r"[0-9]{1,12}")
_MAC = re.compile(r"[0-9a-f]{64}")


class StripeSignature(PostOnly):
    """The port `Verifier` for Stripe."""

    def verify(self, incoming: Incoming, hook: Hook, now: float) -> str:
        """The event's id. Raises `SignatureRefused`."""
        signed_at, given = _parts(only(incoming.headers, "stripe-signature"))
        if abs(now - int(signed_at)) > WINDOW_SECONDS:
            raise SignatureRefused("the signature's time is more than 5 minutes away")
        signed = signed_at.encode("ascii") + b"." + incoming.body
        expected = (hmac.new(secret, signed, "sha256").hexdigest().encode("ascii") for secret in hook.secrets)
        if not fits(expected, given):
            raise SignatureRefused("the signature does not fit this hook and body")
        return short_id(text_of(json_object(incoming.body), "id"), incoming.body)


def _parts(signature: str) -> tuple[str, list[bytes]]:
    times: list[str] = []
    given: list[bytes] = []
    for part in signature.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            times.append(value)
        elif name == "v1" and _MAC.fullmatch(value):
            given.append(value.encode("ascii"))
    if len(times) != 1 or not _TIME.fullmatch(times[0]) or not 0 < len(given) <= MOST_SIGNATURES:
        raise SignatureRefused("Stripe-Signature must be t=<unix seconds>,v1=<64 hexadecimal digits>")
    return times[0], given
