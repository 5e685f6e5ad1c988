"""weclapp: signs nothing; the secret is the token in the address that was given to it."""

import json
from urllib.parse import urlencode

from sandbox.webhooks.request import Outgoing, Wish


def signed(wish: Wish) -> Outgoing:
    """The body as it is given, else the change of a party."""
    hint = {
        "entityId": wish.text("delivery_id", "975300"),
        "entityName": "party",
        "type": wish.text("type", "UPDATE"),
    }  # fmt: skip
    body = wish.body or json.dumps(hint, separators=(",", ":")).encode()
    headers = wish.headers(
        Content_Type="application/json", User_Agent="weclapp/26.11 (weclapp webhook sender)"
    )
    return Outgoing(f"{wish.url}?{urlencode({'token': wish.secret})}", body, headers)
