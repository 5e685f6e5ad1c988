from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlencode

import pytest
from starlette.datastructures import Headers

from contracts.tenants.hooks import WhatsappSettings
from gateway.adapters.whatsapp import WhatsappSignature
from gateway.application.ports import Incoming, Reply, SignatureRefused
from gateway.domain.hook import Hook

SECRET, OLD = b"app-secret-0123456789", b"old-app-secret-01234"
VERIFY = "verify-token-0123456789"
BODY = b'{"object":"whatsapp_business_account","entry":[{"name":"\\u00c4"}]}'
HOOK = Hook(
    "h", "muster", "whatsapp", "whatsapp", (SECRET, OLD), WhatsappSettings(verify_token=VERIFY)
)  # fmt: skip


def verify(*signatures: str, body: bytes = BODY) -> str | Reply:
    raw = [(b"x-hub-signature-256", one.encode("latin-1")) for one in signatures]
    return WhatsappSignature().verify(
        Incoming("POST", b"/webhooks/whatsapp/h", b"", Headers(raw=raw), body), HOOK, 0
    )


def challenged(**fields: str) -> str | Reply:
    query = urlencode({f"hub.{name}": value for name, value in fields.items()}).encode()
    return WhatsappSignature().verify(
        Incoming("GET", b"/webhooks/whatsapp/h", query, Headers(), b""), HOOK, 0
    )


def signed(secret: bytes, body: bytes = BODY) -> str:
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("secret", [SECRET, OLD])
def test_a_signed_batch_is_known_by_its_hash(secret: bytes) -> None:
    assert verify(signed(secret)) == hashlib.sha256(BODY).hexdigest()


def test_the_raw_bytes_are_signed_not_what_they_mean() -> None:
    with pytest.raises(SignatureRefused):
        verify(signed(SECRET), body=BODY.replace(b"\\u00c4", "Ä".encode()))


@pytest.mark.parametrize(
    "signature", ["", "sha256=", signed(b"another-secret-0123"), "sha1=" + "0" * 40, "sha256=" + "é" * 64, "\xff"]
)  # fmt: skip
def test_what_is_not_signed_by_the_apps_secret_is_refused(signature: str) -> None:
    with pytest.raises(SignatureRefused):
        verify(signature)


def test_a_signature_that_is_missing_or_there_twice_is_refused() -> None:
    for signatures in ((), (signed(SECRET), signed(SECRET))):
        with pytest.raises(SignatureRefused):
            verify(*signatures)


def test_the_challenge_is_echoed_to_who_knows_the_verify_token() -> None:
    reply = challenged(mode="subscribe", verify_token=VERIFY, challenge="1158201444")

    assert isinstance(reply, Reply)
    assert (reply.status, reply.content) == (200, b"1158201444")
    assert reply.content_type.startswith("text/plain")


@pytest.mark.parametrize(
    "fields",
    [
        {"mode": "subscribe", "verify_token": "wrong", "challenge": "1"},
        {"mode": "subscribe", "verify_token": "", "challenge": "1"},
        {"mode": "subscribe", "challenge": "1"},
        {"mode": "unsubscribe", "verify_token": VERIFY, "challenge": "1"},
        {"mode": "subscribe", "verify_token": VERIFY, "challenge": "<script>"},
        {"mode": "subscribe", "verify_token": VERIFY},
        {"mode": "subscribe", "verify_token": "ü" * 23, "challenge": "1"},
    ],
)
def test_a_challenge_is_not_echoed_to_anybody_else(fields: dict[str, str]) -> None:
    with pytest.raises(SignatureRefused):
        challenged(**fields)
