from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from starlette.datastructures import Headers

from contracts.tenants.hooks import HookSettings
from gateway.adapters.stripe import StripeSignature
from gateway.application.ports import Incoming, SignatureRefused
from gateway.domain.hook import Hook

NEW, OLD = b"whsec_new0123456789", b"whsec_old0123456789"
NOW = 1_790_000_000
BODY = json.dumps({"id": "evt_1", "object": "event", "type": "invoice.paid"}).encode()


def mac(secret: bytes, body: bytes = BODY, at: int = NOW) -> str:
    return hmac.new(secret, str(at).encode() + b"." + body, hashlib.sha256).hexdigest()


def verify(header: str | None, body: bytes = BODY, secrets: tuple[bytes, ...] = (NEW,)) -> str:
    raw = [] if header is None else [(b"stripe-signature", header.encode("latin-1"))]
    incoming = Incoming("POST", b"/webhooks/stripe/h", b"", Headers(raw=raw), body)
    return StripeSignature().verify(
        incoming, Hook("h", "muster", "stripe", "stripe", secrets, HookSettings()), NOW
    )


def test_an_event_is_known_by_its_signed_id() -> None:
    assert verify(f"t={NOW},v1={mac(NEW)}") == "evt_1"


def test_an_event_that_is_sent_again_under_a_new_time_is_the_same() -> None:
    assert verify(f"t={NOW - 200},v1={mac(NEW, at=NOW - 200)}") == "evt_1"


def test_while_a_secret_is_rolled_either_is_taken_and_other_schemes_are_passed_over() -> None:
    assert verify(f"t={NOW},v0={'0' * 64},v1={mac(OLD)},v1={mac(NEW)}") == "evt_1"
    assert verify(f"t={NOW},v1={mac(OLD)}", secrets=(NEW, OLD)) == "evt_1"


def test_the_secret_is_used_with_its_prefix() -> None:
    with pytest.raises(SignatureRefused):
        verify(f"t={NOW},v1={mac(NEW.removeprefix(b'whsec_'))}")


@pytest.mark.parametrize("away", [-301, 301, -86_400, 10**11])
def test_what_is_more_than_five_minutes_away_is_refused(away: int) -> None:
    with pytest.raises(SignatureRefused, match="5 minutes"):
        verify(f"t={NOW + away},v1={mac(NEW, at=NOW + away)}")


def test_another_body_or_time_under_the_same_signature_is_refused() -> None:
    for header, body in ((f"t={NOW},v1={mac(NEW)}", BODY + b" "), (f"t={NOW + 1},v1={mac(NEW)}", BODY)):
        with pytest.raises(SignatureRefused):
            verify(header, body)


@pytest.mark.parametrize(
    "header",
    [None, "", "t=", f"t={NOW}", f"v1={'0' * 64}", f"t={NOW},v1=zz", f"t={NOW},v0={mac(NEW)}", "t=²,v1=" + "0" * 64,
     f"t={NOW},t={NOW},v1={mac(NEW)}", f"t={NOW}" + f",v1={'0' * 64}" * 17, f"t=-1,v1={mac(NEW)}", "\xff,\xfe"],
)  # fmt: skip
def test_garbage_in_the_header_is_refused_and_breaks_nothing(header: str | None) -> None:
    with pytest.raises(SignatureRefused):
        verify(header)


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"[]", b'{"id": 7}', b'{"id": ""}', b"[" * 100_000, b'{"id": "' + b"x" * 300 + b'"}']
)  # fmt: skip
def test_a_signed_body_without_an_id_is_known_by_its_hash(body: bytes) -> None:
    assert verify(f"t={NOW},v1={mac(NEW, body)}", body) == hashlib.sha256(body).hexdigest()
