"""HubSpot: signature version 3 over method, public address, body and time in milliseconds; the older ones beside it."""

import base64
import hashlib
import hmac
import json

from sandbox.webhooks.request import Outgoing, Wish


def signed(wish: Wish) -> Outgoing:
    """The body as it is given, else one changed property."""
    event = {
        "eventId": int(wish.text("delivery_id", "100")), "subscriptionId": 1, "portalId": 1, "appId": 1,
        "occurredAt": 1711234567890, "subscriptionType": "contact.propertyChange", "attemptNumber": 0, "objectId": 123,
        "propertyName": "email", "propertyValue": "eva@muster.test", "changeSource": "CRM",
    }  # fmt: skip
    body = wish.body or json.dumps([event]).encode()
    moment = str(wish.second * 1000)
    source = "POST" + wish.signed_url + body.decode() + moment
    mac = hmac.new(wish.secret.encode(), source.encode(), hashlib.sha256).digest()
    headers = wish.headers(
        Content_Type="application/json",
        X_HubSpot_Signature=hashlib.sha256(wish.secret.encode() + body).hexdigest(),
        X_HubSpot_Signature_Version="v1",
        X_HubSpot_Signature_v3=base64.b64encode(mac).decode(),
        X_HubSpot_Request_Timestamp=moment,
    )
    return Outgoing(wish.url, body, headers)
