from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from gateway.adapters.hmac_signature import HmacSignature
from gateway.application.ports import Incoming, SignatureRefused
from gateway.domain.hook import Hook

SECRET, OLD_SECRET = b"neues-geheimnis-16", b"altes-geheimnis-16"
NOW = 1_790_000_000.0
BODY = "Grüße aus Wien".encode()


def sign(secret: bytes, body: bytes = BODY, *, delivery: str = "d-1", at: int = int(NOW)) -> str:
    # Written out here from the description, not taken from the code under test.
    return hmac.new(
        secret, str(at).encode() + b"." + delivery.encode() + b"." + body, hashlib.sha256
    ).hexdigest()


def headers(signature: str | None, delivery: str | None = "d-1") -> Headers:
    given = []
    if signature is not None:
        given.append((b"x-frontdesk-signature", signature.encode("latin-1")))
    if delivery is not None:
        given.append((b"x-frontdesk-delivery", delivery.encode("latin-1")))
    return Headers(raw=given)


def verify(
    given: Headers, body: bytes = BODY, secrets: tuple[bytes, ...] = (SECRET,), now: float = NOW
) -> str:
    hook = Hook("h", "muster", "mime", "hmac", secrets)
    return HmacSignature().verify(Incoming("POST", b"/webhooks/mime/h", b"", given, body), hook, now)


def test_a_rightly_signed_delivery_is_known_by_its_signed_id() -> None:
    assert verify(headers(f"t={int(NOW)},v1={sign(SECRET)}")) == "d-1"


def test_while_a_secret_is_turned_either_secret_and_several_signatures_are_taken() -> None:
    both = (SECRET, OLD_SECRET)

    assert verify(headers(f"t={int(NOW)},v1={sign(OLD_SECRET)}"), secrets=both) == "d-1"
    assert (
        verify(headers(f"t={int(NOW)},v1={sign(b'a-third-secret-of-16')},v1={sign(SECRET)}"), secrets=both)
        == "d-1"
    )


def test_a_secret_that_is_no_longer_active_is_refused() -> None:
    with pytest.raises(SignatureRefused):
        verify(headers(f"t={int(NOW)},v1={sign(OLD_SECRET)}"))


@pytest.mark.parametrize("away", [-301, 301, -86400, 10**11])
def test_a_signature_from_too_long_ago_or_from_the_future_is_refused(away: int) -> None:
    at = int(NOW) + away

    with pytest.raises(SignatureRefused, match="5 minutes"):
        verify(headers(f"t={at},v1={sign(SECRET, at=at)}"))


@pytest.mark.parametrize("away", [-300, 300])
def test_the_window_is_five_minutes_both_ways(away: int) -> None:
    at = int(NOW) + away

    assert verify(headers(f"t={at},v1={sign(SECRET, at=at)}")) == "d-1"


def test_another_body_time_or_delivery_id_under_the_same_signature_is_refused() -> None:
    signature = f"t={int(NOW)},v1={sign(SECRET)}"

    for shown, body in (
        (headers(signature), BODY + b" "),
        (headers(f"t={int(NOW) + 1},v1={sign(SECRET)}"), BODY),
        (headers(signature, "d-2"), BODY),
    ):
        with pytest.raises(SignatureRefused):
            verify(shown, body)


def test_a_part_of_the_body_cannot_be_passed_off_as_part_of_the_delivery_id() -> None:
    signature = sign(SECRET, b"first.second")
    assert verify(headers(f"t={int(NOW)},v1={signature}"), b"first.second") == "d-1"

    with pytest.raises(SignatureRefused):
        verify(headers(f"t={int(NOW)},v1={signature}", "d-1.first"), b"second")


def test_a_header_that_stands_there_twice_is_refused() -> None:
    good = headers(f"t={int(NOW)},v1={sign(SECRET)}")

    for name, value in good.raw:
        with pytest.raises(SignatureRefused):
            verify(Headers(raw=[*good.raw, (name, value)]))


@pytest.mark.parametrize(
    "signature",
    [
        None, "", "t=", "v1=", ",,,", "t=1", "v1=" + "0" * 64, "t=x,v1=" + "0" * 64, f"t={int(NOW)}",
        f"t={int(NOW)},v1=", f"t={int(NOW)},v1=zz", f"t={int(NOW)},v0={'0' * 64}", f"t={int(NOW)},v1={'0' * 64}",
        f"t={int(NOW)},t={int(NOW)},v1={'0' * 64}", "t=" + "9" * 5000 + ",v1=" + "0" * 64, "t=²,v1=" + "0" * 64,
        f"t={int(NOW)},v1=" + "é" * 64, f"t={int(NOW)}" + f",v1={'0' * 64}" * 1000, "\x00\xff" * 50,
    ],
)  # fmt: skip
def test_garbage_in_the_signature_is_refused_and_breaks_nothing(signature: str | None) -> None:
    with pytest.raises(SignatureRefused):
        verify(headers(signature))


@pytest.mark.parametrize("delivery", [None, "", " ", "a b", "a.b", "ü", "x" * 129, "a\x00b"])
def test_a_delivery_id_that_is_none_is_refused_even_when_signed(delivery: str | None) -> None:
    with pytest.raises(SignatureRefused):
        verify(headers(f"t={int(NOW)},v1={sign(SECRET, delivery=delivery or '')}", delivery))


def test_a_hook_without_secrets_takes_nothing() -> None:
    with pytest.raises(SignatureRefused):
        verify(headers(f"t={int(NOW)},v1={sign(b'')}"), secrets=())


@given(
    st.text(st.characters(max_codepoint=255)),
    st.text(st.characters(max_codepoint=255)),
    st.binary(max_size=64),
)
def test_no_header_whatever_passes_without_the_secret(signature: str, delivery: str, body: bytes) -> None:
    with pytest.raises(SignatureRefused):
        verify(headers(signature, delivery), body)
