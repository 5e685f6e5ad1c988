from __future__ import annotations

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.datastructures import Headers

from contracts.tenants.hooks import SipgateSettings
from gateway.adapters.sipgate import SipgateSignature
from gateway.application.ports import Incoming, SignatureRefused
from gateway.domain.hook import Hook

KEY, OTHER, SMALL = (rsa.generate_private_key(65537, size) for size in (2048, 2048, 1024))
TOKEN = "token-in-the-address"
BODY = (
    b"event=newCall&direction=in&from=492111234567&to=4915791234567&callId=12345678&origCallId=12345678"
    b"&user%5B%5D=Alice&userId%5B%5D=w0&fullUserId%5B%5D=1234567w0&xcid=123abc"
)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signed(body: bytes = BODY, key: rsa.RSAPrivateKey = KEY) -> str:
    return b64encode(key.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()


def verify(
    signature: str | None,
    body: bytes = BODY,
    *,
    keys: tuple[bytes, ...] = (pem(KEY),),
    query: bytes = b"",
    token: str | None = None,
) -> str:
    headers = Headers({} if signature is None else {"X-Sipgate-Signature": signature})
    hook = Hook("h", "muster", "sipgate", "sipgate", keys, SipgateSettings(url_token=token))
    return SipgateSignature().verify(
        Incoming("POST", b"/webhooks/sipgate/h", query, headers, body), hook, 0.0
    )


def test_a_call_is_known_by_its_id_and_the_event() -> None:
    assert verify(signed()) == "12345678:newCall"
    hangup = BODY.replace(b"newCall", b"hangup")
    assert verify(signed(hangup), hangup) == "12345678:hangup"


def test_of_what_a_caller_dials_there_may_be_several() -> None:
    one, two = (b"event=dtmf&callId=1&dtmf=" + digits for digits in (b"01", b"02"))

    assert verify(signed(one), one) != verify(signed(two), two)
    assert verify(signed(one), one) == verify(signed(one), one)


def test_either_public_key_is_taken_while_it_changes() -> None:
    assert verify(signed(key=OTHER), keys=(pem(KEY), pem(OTHER))) == "12345678:newCall"


def test_what_is_signed_otherwise_is_refused() -> None:
    sha1 = b64encode(KEY.sign(BODY, padding.PKCS1v15(), hashes.SHA1())).decode()
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    wrong = [None, "", "é", "####", signed(key=OTHER), signed(BODY + b"&x=1"), sha1,
             b64encode(KEY.sign(BODY, pss, hashes.SHA256())).decode()]  # fmt: skip
    for signature in wrong:
        with pytest.raises(SignatureRefused):
            verify(signature)


def test_a_key_that_is_too_small_or_none_of_rsa_lets_nobody_in() -> None:
    for key in (pem(SMALL), pem(ec.generate_private_key(ec.SECP256R1())), b"no key at all"):
        with pytest.raises(SignatureRefused):
            verify(signed(key=SMALL), keys=(key,))


def test_the_token_in_the_address_is_wanted_beside_the_signature() -> None:
    assert verify(signed(), query=f"token={TOKEN}".encode(), token=TOKEN) == "12345678:newCall"
    for query in (b"", b"token=", b"token=wrong", f"token={TOKEN}&token={TOKEN}".encode(), b"token=%C3%BC"):
        with pytest.raises(SignatureRefused):
            verify(signed(), query=query, token=TOKEN)


@pytest.mark.parametrize("body", [b"", b"\xff", b"event=newCall", b"callId=1"])
def test_a_signed_body_that_names_no_call_is_known_by_its_hash(body: bytes) -> None:
    assert len(verify(signed(body), body)) == 64


@pytest.mark.parametrize(
    ("event", "service"),
    [("\xff", None), ("newCall", "telephony"), ("dtmf", "telephony"), ("answer", None), ("hangup", None)],
)
def test_what_shall_become_of_a_call_is_asked_of_telephony_and_the_rest_of_nobody(
    event: str, service: str | None
) -> None:
    body = BODY.replace(b"newCall", event.encode("latin-1"))
    hook = Hook("h", "muster", "sipgate", "sipgate", (), SipgateSettings())

    question = SipgateSignature().question(Incoming("POST", b"/", b"", Headers(), body), hook)

    assert question is not None
    assert (question.service, question.seconds) == (service, 2.0)
    assert question.otherwise.content.endswith(b"<Response/>")
    assert question.otherwise.content_type == "application/xml"
