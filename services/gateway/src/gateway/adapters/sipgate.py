"""sipgate.io push: `X-Sipgate-Signature` is the base64 RSA-SHA256 (PKCS#1 v1.5) over the raw form.

The hook's secrets are public keys in PEM: sipgate's own, which is printed in its SDK (`lib/webhook/signatureVerifier.ts`),
and another one while it changes. Its SDK also looks at `X-Forwarded-For`, which anyone can send, so that this is no
proof here. There is no time in it: a random token in the address (`?token=…`, setting `url_token`) may be wanted beside.

The delivery id is the call's id and the event. Of what a caller dials there may be several, known by the whole form.
sipgate acts on the answer: an empty one lets the call go its normal way. Only `newCall` and `dtmf` are questions.
"""

from __future__ import annotations

from base64 import b64decode
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from contracts.tenants.hooks import SipgateSettings
from gateway.adapters.signatures import (
    PostOnly,
    body_id,
    fits,
    form,
    from_query,
    latin,
    only,
    settings_of,
    short_id,
)
from gateway.application.ports import Incoming, Question, Reply, SignatureRefused
from gateway.domain.hook import Hook

SECONDS = 2.0
NORMAL_WAY = Reply(b'<?xml version="1.0" encoding="UTF-8"?><Response/>', "application/xml")
_XML = frozenset({"application/xml", "text/xml"})
_ASKING = frozenset({"newCall", "dtmf"})


class SipgateSignature(PostOnly):
    """The ports `Verifier` and `Respondent` for sipgate."""

    def verify(self, incoming: Incoming, hook: Hook, _: float) -> str:
        """The call's id and the event. Raises `SignatureRefused`."""
        wanted = settings_of(hook, SipgateSettings).url_token
        if wanted is not None and not fits([wanted.encode()], [latin(from_query(incoming, "token") or "")]):
            raise SignatureRefused("the token in the address is not this hook's")
        given = only(incoming.headers, "x-sipgate-signature")
        try:
            signature = b64decode(given, validate=True)
        except ValueError as error:
            raise SignatureRefused("X-Sipgate-Signature is no base64") from error
        if not any(_signed(secret, signature, incoming.body) for secret in hook.secrets):
            raise SignatureRefused("the signature does not fit this hook and body")
        return _delivery(incoming.body)

    def question(self, incoming: Incoming, _: Hook) -> Question | None:
        """What shall become of the call."""
        event = _fields(incoming.body).get("event", "")
        return Question("telephony" if event in _ASKING else None, SECONDS, NORMAL_WAY, _XML)


def _delivery(body: bytes) -> str:
    fields = _fields(body)
    call, event = fields.get("callId", ""), fields.get("event", "")
    if not call or not event:
        return body_id(body)
    if event in {"newCall", "answer", "hangup"}:
        return short_id(f"{call}:{event}", body)
    return short_id(f"{call}:{event}:{body_id(body)[:32]}", body)


def _fields(body: bytes) -> dict[str, str]:
    """The form; empty when what is signed is none."""
    try:
        return dict(form(body))
    except SignatureRefused:
        return {}


def _signed(pem: bytes, signature: bytes, body: bytes) -> bool:
    key = _public_key(pem)
    if key is None:
        return False
    try:
        key.verify(signature, body, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=64)
def _public_key(pem: bytes) -> RSAPublicKey | None:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size >= 2048 else None
