"""WhatsApp Cloud API: `X-Hub-Signature-256` over the raw body, what is not ASCII escaped; `challenge: true` asks by GET."""

import hashlib
import hmac
import json
from urllib.parse import urlencode

from sandbox.webhooks.request import Outgoing, Wish


def signed(wish: Wish) -> Outgoing:
    """The body as it is given, else one text message; or the challenge of a new address."""
    if wish.asks("challenge"):
        query = urlencode(
            {
                "hub.mode": "subscribe",
                "hub.challenge": wish.text("token", "1158201444"),
                "hub.verify_token": wish.secret,
            }
        )
        return Outgoing(f"{wish.url}?{query}", b"", wish.headers(User_Agent="facebookexternalua"), "GET")
    body = wish.body or json.dumps(_message(wish)).encode("ascii")
    digest = hmac.digest(wish.secret.encode(), body, hashlib.sha256).hex()
    headers = wish.headers(Content_Type="application/json", X_Hub_Signature_256=f"sha256={digest}")
    return Outgoing(wish.url, body, headers)


def _message(wish: Wish) -> dict[str, object]:
    message = {
        "from": "43660111", "id": wish.id("wamid."), "timestamp": str(wish.second), "type": "text",
        "text": {"body": wish.text("text", "Grüße aus Wien")},
    }  # fmt: skip
    value = {
        "messaging_product": "whatsapp", "metadata": {"display_phone_number": "4315500", "phone_number_id": "1055"},
        "contacts": [{"profile": {"name": "Eva"}, "wa_id": "43660111"}], "messages": [message],
    }  # fmt: skip
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }
