"""Stripe: `Stripe-Signature: t=…,v1=…`, HMAC-SHA256 over `t.raw_body` under the secret as it is shown."""

import hashlib
import hmac
import json

from sandbox.webhooks.request import Outgoing, Wish


def signed(wish: Wish) -> Outgoing:
    """The body as it is given, else an event of the type `invoice.paid`."""
    event = {
        "id": wish.id("evt_"), "object": "event", "api_version": "2026-10-28.endive", "created": wish.second,
        "type": wish.text("type", "invoice.paid"), "livemode": False, "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None}, "data": {"object": {"id": "in_1", "object": "invoice"}},
    }  # fmt: skip
    body = wish.body or json.dumps(event, indent=2).encode()
    payload = f"{wish.second}.{body.decode('utf-8')}"
    digest = hmac.new(wish.secret.encode("utf-8"), payload.encode("utf-8"), hashlib.sha256).hexdigest()
    headers = wish.headers(
        Content_Type="application/json; charset=utf-8",
        User_Agent="Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        Stripe_Signature=f"t={wish.second},v1={digest},v0={'0' * 64}",
    )
    return Outgoing(wish.url, body, headers)
