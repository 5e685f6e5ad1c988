"""A visitor's browser with the website widget: the widget's key, the page's origin, a nonce for each message."""

import json
import uuid

from sandbox.webhooks.request import Outgoing, Wish


def signed(wish: Wish) -> Outgoing:
    """The body as it is given, else a visitor's words from the page `origin`; `preflight: true` asks first."""
    origin = wish.text("origin", "https://www.muster.test")
    if wish.asks("preflight"):
        asking = wish.headers(
            Origin=origin, Access_Control_Request_Method="POST",
            Access_Control_Request_Headers="content-type,x-frontdesk-key",
        )  # fmt: skip
        return Outgoing(wish.url, b"", asking, "OPTIONS")
    words = {
        "nonce": wish.text("delivery_id") or uuid.uuid4().hex,
        "text": wish.text("text", "Grüße aus Wien"),
    }
    body = wish.body or json.dumps(words, ensure_ascii=False).encode()
    headers = wish.headers(Content_Type="application/json", Origin=origin, X_Frontdesk_Key=wish.secret)
    if captcha := wish.text("captcha"):
        headers["X-Frontdesk-Captcha"] = captcha
    return Outgoing(wish.url, body, headers)
