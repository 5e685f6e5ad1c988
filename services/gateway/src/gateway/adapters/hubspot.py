"""HubSpot, signature version 3: `X-HubSpot-Signature-v3` is the base64 HMAC-SHA256, under the app's client secret, over
method + whole URI + raw body + `X-HubSpot-Request-Timestamp` (milliseconds), at most five minutes old.

As in HubSpot's documentation ("Validating requests"), which decodes some escapes of the URI first. Versions 1 and 2,
which it sends beside for older apps, have no time and are not looked at. The URI is the public one: it is built from a
configured address, never from a header of the request.

The delivery id is a hash over what names the events of the batch: repeated, it has another time and `attemptNumber`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import b64encode
from typing import cast

from contracts.tenants.hooks import PublicHookSettings
from gateway.adapters.signatures import PostOnly, body_id, fits, json_of, latin, only, settings_of
from gateway.application.ports import Incoming, SignatureRefused
from gateway.domain.hook import Hook

WINDOW_MILLISECONDS = 300_000
_TIME = re.compile(r"[0-9]{1,15}")
_DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(", "%29": ")",
    "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip
_ESCAPES = re.compile("|".join(_DECODED), re.IGNORECASE)
_NAMING = ("eventId", "subscriptionId", "occurredAt", "objectId")


class HubspotSignature(PostOnly):
    """The port `Verifier` for HubSpot."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    def verify(self, incoming: Incoming, hook: Hook, now: float) -> str:
        """A hash over the names of the events. Raises `SignatureRefused`."""
        given = latin(only(incoming.headers, "x-hubspot-signature-v3"))
        signed_at = only(incoming.headers, "x-hubspot-request-timestamp")
        if not _TIME.fullmatch(signed_at) or abs(now * 1000 - int(signed_at)) > WINDOW_MILLISECONDS:
            raise SignatureRefused("X-HubSpot-Request-Timestamp is more than 5 minutes away")
        base = settings_of(hook, PublicHookSettings).public_url or self._public_url
        target = incoming.path + (b"?" + incoming.query if incoming.query else b"")
        uri = _ESCAPES.sub(lambda found: _DECODED[found[0].upper()], base + target.decode("latin-1"))
        signed = b"".join(
            [incoming.method.encode(), uri.encode("latin-1", "replace"), incoming.body, signed_at.encode()]
        )
        expected = (b64encode(hmac.new(secret, signed, "sha256").digest()) for secret in hook.secrets)
        if not fits(expected, [given]):
            raise SignatureRefused("the signature does not fit this hook, address and body")
        return _events_id(incoming.body)


def _events_id(body: bytes) -> str:
    batch = json_of(body)
    events = cast(list[object], batch) if isinstance(batch, list) else []
    names: list[str] = []
    for event in events:
        fields = cast(dict[str, object], event) if isinstance(event, dict) else {}
        if not isinstance(fields.get("eventId"), int | str):
            return body_id(body)
        names.append(json.dumps([fields.get(name) for name in _NAMING]))
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest() if names else body_id(body)
