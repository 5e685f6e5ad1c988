"""WhatsApp Cloud API: `X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the raw body under the app's secret>`.

Meta escapes what is not ASCII, so that the raw bytes alone can be checked. The address itself is checked once by
`GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…`, answered with the challenge. As in Meta's Graph API
documentation ("Webhooks: getting started") and WhatsApp's Node SDK (`src/api/webhooks.ts`).

There is no time in the signature: a copy that is replayed is known by its hash, for the 30 days that receipts are kept,
and each message in it by its own id to its owner, in whatever batch it comes.
"""

from __future__ import annotations

import hmac
import re

from contracts.tenants.hooks import WhatsappSettings
from gateway.adapters.signatures import PostOnly, body_id, fits, from_query, latin, only, settings_of
from gateway.application.ports import Incoming, Reply, SignatureRefused, Verified
from gateway.domain.hook import Hook

_SIGNATURE = re.compile(r"sha256=([0-9a-fA-F]{64})")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,256}")


class WhatsappSignature(PostOnly):
    """The port `Verifier` for WhatsApp."""

    methods = frozenset({"GET", "POST"})

    def verify(self, incoming: Incoming, hook: Hook, _: float) -> Verified:
        """The hash of the body; the challenge, when the address is checked. Raises `SignatureRefused`."""
        if incoming.method == "GET":
            return _challenge(incoming, settings_of(hook, WhatsappSettings))
        found = _SIGNATURE.fullmatch(only(incoming.headers, "x-hub-signature-256"))
        if found is None:
            raise SignatureRefused("X-Hub-Signature-256 must be sha256=<64 hexadecimal digits>")
        expected = (
            hmac.new(secret, incoming.body, "sha256").hexdigest().encode("ascii") for secret in hook.secrets
        )
        if not fits(expected, [found[1].lower().encode("ascii")]):
            raise SignatureRefused("the signature does not fit this hook and body")
        return body_id(incoming.body)


def _challenge(incoming: Incoming, settings: WhatsappSettings) -> Reply:
    given = from_query(incoming, "hub.verify_token") or ""
    challenge = from_query(incoming, "hub.challenge") or ""
    fit = fits([settings.verify_token.encode()], [latin(given)])
    if not fit or from_query(incoming, "hub.mode") != "subscribe" or not _CHALLENGE.fullmatch(challenge):
        raise SignatureRefused("hub.mode, hub.verify_token and hub.challenge do not fit this hook")
    return Reply(challenge.encode("ascii"), "text/plain; charset=utf-8")
