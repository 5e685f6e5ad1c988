"""The generic source: HMAC-SHA256 over `t.delivery_id.raw_body`."""

import hashlib
import hmac

from sandbox.webhooks.request import Outgoing, Wish


def signed(wish: Wish) -> Outgoing:
    """A body under a delivery id of its own."""
    moment, delivery = str(wish.second), wish.id("")
    over = b".".join([moment.encode(), delivery.encode(), wish.body])
    digest = hmac.new(wish.secret.encode(), over, hashlib.sha256).hexdigest()
    headers = wish.headers(
        Content_Type=wish.text("content_type", "application/octet-stream"),
        X_Frontdesk_Delivery=delivery,
        X_Frontdesk_Signature=f"t={moment},v1={digest}",
    )
    return Outgoing(wish.url, wish.body, headers, delivery_id=delivery)
