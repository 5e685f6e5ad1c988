"""Telegram: the secret token of `setWebhook`, as it is, in a header."""

import json

from sandbox.webhooks.request import Outgoing, Wish


def signed(wish: Wish) -> Outgoing:
    """The body as it is given, else an update with one message."""
    sender = {"id": 111, "is_bot": False, "first_name": "Eva", "language_code": "de"}
    message = {
        "message_id": 7, "date": wish.second, "from": sender, "chat": {"id": 111, "type": "private"},
        "text": wish.text("text", "Grüße aus Wien"),
    }  # fmt: skip
    update = {"update_id": int(wish.text("delivery_id", str(wish.second))), "message": message}
    body = wish.body or json.dumps(update, ensure_ascii=False, separators=(",", ":")).encode()
    headers = wish.headers(
        Content_Type="application/json", X_Telegram_Bot_Api_Secret_Token=wish.secret
    )  # fmt: skip
    return Outgoing(wish.url, body, headers)
