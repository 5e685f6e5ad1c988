"""weclapp: signs nothing. Its hooks post `{"entityId", "entityName", "type"}` to an address that we give them.

So the address carries a secret, `?token=…`, and what comes is a hint and no more: whoever owns it reads the record by
the API, and believes nothing of the body but where to look (one client's live finding: no signature header, no
guaranteed order, no guaranteed delivery; so it is also polled).

Every hint is a delivery of its own. Its body is the same for each change of the same record, so that a delivery id out
of the body would swallow the second change: for 30 days, or within a short bucket, whenever the first was read already.
What weclapp repeats costs one reading too many, and that is all that it costs.
"""

from __future__ import annotations

from gateway.adapters.signatures import PostOnly, fits, from_query, hint_id, latin
from gateway.application.ports import Incoming, SignatureRefused
from gateway.domain.hook import Hook


class WeclappToken(PostOnly):
    """The port `Verifier` for weclapp."""

    most_bytes = 64 * 1024

    def verify(self, incoming: Incoming, hook: Hook, _: float) -> str:
        """A delivery id of its own. Raises `SignatureRefused`."""
        given = from_query(incoming, "token")
        if given is None or not fits(hook.secrets, [latin(given)]):
            raise SignatureRefused("the token in the address is not this hook's")
        return hint_id(incoming.body)
