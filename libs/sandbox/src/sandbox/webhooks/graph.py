"""Microsoft Graph: change notifications with their `clientState`; `handshake: true` posts a `validationToken`."""

import json
import uuid
from urllib.parse import quote

from sandbox.webhooks.request import Outgoing, Wish


def signed(wish: Wish) -> Outgoing:
    """The body as it is given, else a notification of a new message, or of `lifecycle`."""
    if wish.asks("handshake"):
        token = wish.text("token", "Validation: Testing client application reachability for subscription Request-Id: 1")  # fmt: skip
        return Outgoing(
            f"{wish.url}?validationToken={quote(token, safe='')}", b"", wish.headers(Content_Type="text/plain")
        )  # fmt: skip
    item: dict[str, object] = {
        "subscriptionId": "7f105c7d-2dc5-4530-97cd-4e7ae6534c07", "clientState": wish.secret,
        "subscriptionExpirationDateTime": "2026-11-27T12:00:00.0000000Z", "tenantId": "t-1",
    }  # fmt: skip
    if lifecycle := wish.text("lifecycle"):
        item["lifecycleEvent"] = lifecycle
    else:
        message = wish.id("AAMk")
        data = {"@odata.type": "#Microsoft.Graph.Message", "@odata.etag": f'W/"{message}"', "id": message}
        item |= {
            "id": str(uuid.uuid4()),
            "changeType": "created",
            "resource": f"Users/u-1/Messages/{message}",
            "resourceData": data,
        }
    body = wish.body or json.dumps({"value": [item]}).encode()
    return Outgoing(wish.url, body, wish.headers(Content_Type="application/json; charset=utf-8"))
