"""Twilio: base64 HMAC-SHA1 over the public address and the sorted fields; HMAC-SHA256 with `key_id`; JSON by its hash."""

import base64
import hashlib
import hmac
from collections import defaultdict
from urllib.parse import parse_qs, urlencode

from sandbox.webhooks.request import Outgoing, Wish
from sandbox.wire import as_object

_FORM = "application/x-www-form-urlencoded"


def signed(wish: Wish) -> Outgoing:
    """`fields` as a form (a message, when there are none), or the body as it is given with its `content_type`."""
    content_type = wish.text("content_type", _FORM if not wish.body else "application/json")
    url, signed_url, body = wish.url, wish.signed_url, wish.body
    parameters: dict[str, set[str]] = defaultdict(set)
    if content_type.startswith(_FORM):
        body = body or urlencode(_fields(wish)).encode()
        for name, values in parse_qs(body.decode(), keep_blank_values=True).items():
            parameters[name] |= set(values)
    else:
        digest = f"bodySHA256={hashlib.sha256(body).hexdigest()}"
        url, signed_url = (
            f"{address}{'&' if '?' in address else '?'}{digest}" for address in (url, signed_url)
        )
    for name in sorted(parameters):
        for value in sorted(parameters[name]):
            signed_url += name + value
    key = wish.text("key_id")
    algorithm = hashlib.sha256 if key else hashlib.sha1
    mac = hmac.new(wish.secret.encode(), signed_url.encode("utf-8"), algorithm)
    headers = {"Content-Type": content_type, "User-Agent": "TwilioProxy/1.1"}
    headers["X-Twilio-Signature"] = base64.encodebytes(mac.digest()).decode().strip()
    if key:
        headers["X-Twilio-Webhooks-Signature-Settings"] = f"key={key},algorithm=HMAC_SHA256"
    return Outgoing(url, body, headers | wish.headers())


def _fields(wish: Wish) -> dict[str, str]:
    given = {name: str(value) for name, value in as_object(wish.fields.get("fields")).items()}
    return given or {
        "MessageSid": wish.id("SM"), "AccountSid": "AC0123", "From": "+43660111", "To": "+43155",
        "Body": wish.text("text", "Grüße & mehr"), "NumMedia": "0", "NumSegments": "1",
    }  # fmt: skip
