"""Microsoft Graph: each notification carries the `clientState` of its subscription; nothing is signed.

Before a subscription is made, Graph posts `?validationToken=…` and wants it back as plain text within 10 s; that is
asked for before any secret is agreed upon, so it is answered to whoever knows the hook's address, and nothing is kept.
As in Microsoft's documentation ("Receive change notifications through webhooks"; lifecycle notifications come to the
same address in the same form). There is no time: notifications are hints, after which the mailbox or drive is read.

The delivery id is a hash over what names the notifications: their ids, or the version of what changed (`@odata.etag`).
Lifecycle notifications ("missed") say the same each time and are deliveries of their own, as are those without a name.
"""

from __future__ import annotations

import hashlib
import json
from typing import cast

from gateway.adapters.signatures import PostOnly, fits, from_query, hint_id, json_object
from gateway.application.ports import Incoming, Reply, SignatureRefused, Verified
from gateway.domain.hook import Hook

LONGEST_TOKEN = 2048
Item = dict[str, object]


class GraphClientState(PostOnly):
    """The port `Verifier` for Microsoft Graph."""

    def verify(self, incoming: Incoming, hook: Hook, _: float) -> Verified:
        """A hash over the names; the token, when the address is checked. Raises `SignatureRefused`."""
        if b"validationToken=" in incoming.query:
            return _echo(incoming)
        value = json_object(incoming.body).get("value")
        items = cast(list[object], value) if isinstance(value, list) else []
        notifications = [cast(Item, item) for item in items if isinstance(item, dict)]
        if not notifications or len(notifications) != len(items):
            raise SignatureRefused("there is no notification whose clientState could be looked at")
        # Each is compared, also after one that does not fit.
        if sum(fits(hook.secrets, [_state(item)]) for item in notifications) != len(notifications):
            raise SignatureRefused("a notification's clientState is not this hook's")
        names = [_name(item) for item in notifications]
        if any(name is None for name in names):
            return hint_id(incoming.body)
        return hashlib.sha256("\n".join(sorted(name or "" for name in names)).encode()).hexdigest()


def _echo(incoming: Incoming) -> Reply:
    token = from_query(incoming, "validationToken")
    if not token or len(token) > LONGEST_TOKEN:
        raise SignatureRefused(f"validationToken must be there once, with at most {LONGEST_TOKEN} characters")
    return Reply(token.encode(), "text/plain; charset=utf-8")


def _state(item: Item) -> bytes:
    state = item.get("clientState")
    return state.encode("utf-8", "replace") if isinstance(state, str) else b""


def _name(item: Item) -> str | None:
    if "lifecycleEvent" in item:
        return None
    if isinstance(item.get("id"), str):
        return json.dumps(item["id"])
    data = item.get("resourceData")
    etag = cast(Item, data).get("@odata.etag") if isinstance(data, dict) else None
    if not isinstance(etag, str):
        return None
    return json.dumps([item.get("subscriptionId"), item.get("changeType"), item.get("resource"), etag])
