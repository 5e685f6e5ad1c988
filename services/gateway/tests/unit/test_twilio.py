from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from urllib.parse import urlencode

import pytest
from starlette.datastructures import Headers

from contracts.tenants.hooks import TwilioSettings
from gateway.adapters.twilio import TwilioSignature
from gateway.application.ports import Incoming, Question, SignatureRefused
from gateway.domain.hook import Hook

BASE = "https://hooks.muster.test"
TOKEN, OLD = b"12345678901234567890123456789012", b"abcdefghijabcdefghijabcdefghijab"
SMS = {"MessageSid": "SM1", "AccountSid": "AC1", "From": "+43660111", "To": "+43155", "Body": "Grüße & mehr", "NumMedia": "0"}  # fmt: skip
CALL = {"CallSid": "CA1", "AccountSid": "AC1", "From": "+43660111", "To": "+43155", "CallStatus": "ringing", "Direction": "inbound"}  # fmt: skip
PATH = "/webhooks/twilio/h"


def hook(*secrets: bytes, **settings: str) -> Hook:
    return Hook(
        "h", "muster", "twilio", "twilio", secrets or (TOKEN,), TwilioSettings.model_validate(settings)
    )  # fmt: skip


def sign(url: str, fields: dict[str, str], secret: bytes = TOKEN, algorithm: str = "sha1") -> str:
    # Written out here from Twilio's description, not taken from the code under test.
    whole = url
    for name in sorted(fields):
        whole += name + fields[name]
    return b64encode(hmac.new(secret, whole.encode("utf-8"), algorithm).digest()).decode()


def incoming(
    fields: dict[str, str] | bytes, signature: str, *, query: str = "", path: str = PATH, **more: str
) -> Incoming:
    body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature} | {
        name.replace("_", "-"): value for name, value in more.items()
    }
    return Incoming("POST", path.encode(), query.encode(), Headers(headers), body)


def verify(request: Incoming, of: Hook | None = None, public_url: str = BASE) -> str:
    return TwilioSignature(public_url).verify(request, of or hook(), 0.0)


def test_twilios_own_example_is_taken() -> None:
    fields = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+14158675310", "Digits": "1234", "From": "+14158675310",
        "To": "+18005551212",
    }  # fmt: skip
    request = incoming(fields, "GvWf1cFY/Q7PnoempGyD5oXAezc=", path="/myapp.php", query="foo=1&bar=2")

    assert verify(request, hook(b"12345"), "https://mycompany.com").startswith("CA1234567890ABCDE:")


def test_a_message_is_known_by_its_id_and_its_reports_by_their_status() -> None:
    assert verify(incoming(SMS, sign(BASE + PATH, SMS))) == "SM1:received"
    for status in ("sent", "delivered"):
        report = {"MessageSid": "SM1", "MessageStatus": status}
        assert verify(incoming(report, sign(BASE + PATH, report))) == f"SM1:{status}"


def test_what_a_caller_does_next_is_another_delivery_and_the_same_again_is_known() -> None:
    pressed = CALL | {"Digits": "1"}
    first = verify(incoming(CALL, sign(BASE + PATH, CALL)))

    assert first.startswith("CA1:")
    assert verify(incoming(CALL, sign(BASE + PATH, CALL))) == first
    assert verify(incoming(pressed, sign(BASE + PATH, pressed))) != first
    with_turn = incoming(CALL, sign(f"{BASE}{PATH}?turn=2", CALL), query="turn=2")
    assert verify(with_turn) != first


def test_the_public_address_is_configured_and_no_header_changes_it() -> None:
    evil = {"Host": "evil.test", "X_Forwarded_Host": "evil.test", "X_Forwarded_Proto": "https"}

    assert verify(incoming(SMS, sign(BASE + PATH, SMS), **evil)) == "SM1:received"
    with pytest.raises(SignatureRefused):
        verify(incoming(SMS, sign("https://evil.test" + PATH, SMS), **evil))
    own = hook(public_url="https://own.muster.test/prefix")
    assert verify(incoming(SMS, sign("https://own.muster.test/prefix" + PATH, SMS)), own) == "SM1:received"


@pytest.mark.parametrize(
    ("base", "signed"),
    [
        (BASE, f"{BASE}:443"),
        (f"{BASE}:443", BASE),
        ("http://muster.test", "http://muster.test:80"),
        (f"{BASE}:8443", BASE),
    ],
)
def test_the_address_may_be_signed_with_and_without_its_port(base: str, signed: str) -> None:
    assert verify(incoming(SMS, sign(signed + PATH, SMS)), public_url=base) == "SM1:received"


def test_names_that_repeat_are_signed_with_each_value_once_in_order() -> None:
    body = b"MessageSid=SM1&Tag=b&Tag=a&Tag=b"
    whole = f"{BASE}{PATH}MessageSidSM1TagaTagb"
    signature = b64encode(hmac.new(TOKEN, whole.encode(), "sha1").digest()).decode()

    assert verify(incoming(body, signature)) == "SM1:received"


def test_either_token_is_taken_while_it_is_turned() -> None:
    assert verify(incoming(SMS, sign(BASE + PATH, SMS, OLD)), hook(TOKEN, OLD)) == "SM1:received"
    with pytest.raises(SignatureRefused):
        verify(incoming(SMS, sign(BASE + PATH, SMS, OLD)))


def test_a_shared_key_signs_with_sha256_and_nothing_else() -> None:
    shared = b"shared-key-secret-0123"
    settings = {"X_Twilio_Webhooks_Signature_Settings": "key=SK1,algorithm=HMAC_SHA256"}
    of = hook(TOKEN, b"SK1:" + shared, b"SK2:another-shared-key")
    good = sign(BASE + PATH, SMS, shared, "sha256")

    assert verify(incoming(SMS, good, **settings), of) == "SM1:received"
    weaker = [
        incoming(SMS, good),
        incoming(SMS, sign(BASE + PATH, SMS, shared, "sha1")),
        incoming(SMS, sign(BASE + PATH, SMS, b"SK1:" + shared, "sha1")),
        incoming(SMS, sign(BASE + PATH, SMS, TOKEN, "sha256"), **settings),
        incoming(SMS, good, X_Twilio_Webhooks_Signature_Settings="key=SK2,algorithm=HMAC_SHA256"),
        incoming(SMS, good, X_Twilio_Webhooks_Signature_Settings="key=SK3,algorithm=HMAC_SHA256"),
        incoming(SMS, good, X_Twilio_Webhooks_Signature_Settings="key=SK1,algorithm=HMAC_MD5"),
    ]
    for request in weaker:
        with pytest.raises(SignatureRefused):
            verify(request, of)


def json_event(body: bytes, signed_hash: str) -> Incoming:
    query = f"bodySHA256={signed_hash}"
    signature = sign(f"{BASE}{PATH}?{query}", {})
    return incoming(body, signature, query=query, Content_Type="application/json")


def test_a_body_that_is_no_form_is_signed_by_its_hash_in_the_address() -> None:
    body = '{"type":"com.twilio.messaging","text":"Grüße"}'.encode()
    digest = hashlib.sha256(body).hexdigest()

    assert verify(json_event(body, digest)) == digest
    for changed in (json_event(body + b" ", digest), json_event(body, "0" * 64)):
        with pytest.raises(SignatureRefused):
            verify(changed)


def test_a_body_that_is_no_form_and_not_signed_is_refused_though_the_address_is() -> None:
    with pytest.raises(SignatureRefused, match="bodySHA256"):
        verify(incoming(b"{}", sign(BASE + PATH, {}), Content_Type="application/json"))


@pytest.mark.parametrize("body", [b"a=%ff", b"\xff\xfe", b"&".join(b"a=1" for _ in range(501))])
def test_a_form_that_is_none_is_refused_and_breaks_nothing(body: bytes) -> None:
    with pytest.raises(SignatureRefused):
        verify(incoming(body, sign(BASE + PATH, {})))


@pytest.mark.parametrize("signature", ["", "=", "é", sign(BASE + PATH, SMS)[:-2], sign(BASE + PATH, CALL)])
def test_another_signature_is_refused(signature: str) -> None:
    with pytest.raises(SignatureRefused):
        verify(incoming(SMS, signature))


def asked(fields: dict[str, str], **settings: str) -> Question:
    question = TwilioSignature(BASE).question(incoming(fields, ""), hook(**settings))
    assert question is not None
    assert question.seconds < 15
    return question


def test_calls_are_asked_of_telephony_and_messages_of_messaging() -> None:
    assert asked(CALL).service == "telephony"
    assert asked(CALL | {"CallStatus": "in-progress", "Digits": "1"}).service == "telephony"
    assert asked(SMS).service == "messaging"


def test_reports_are_asked_of_nobody_and_answered_with_nothing_to_do() -> None:
    for fields in (
        CALL | {"CallStatus": "completed", "CallDuration": "12"},
        CALL | {"CallbackSource": "call-progress-events"},
        {"MessageSid": "SM1", "MessageStatus": "delivered"},
    ):
        question = asked(fields)
        assert question.service is None
        assert question.otherwise.content.endswith(b"<Response/>")


def test_what_is_no_form_is_not_answered_but_received() -> None:
    assert TwilioSignature(BASE).question(json_event(b"{}", ""), hook()) is None


def test_a_caller_whom_no_service_answers_is_connected_or_told_so_in_the_companys_language() -> None:
    forwarded = asked(CALL, forward_to="+43155000").otherwise
    assert b"<Dial><Number>+43155000</Number></Dial>" in forwarded.content
    assert forwarded.content_type.startswith("text/xml")

    german, english = asked(CALL).otherwise.content.decode(), asked(CALL, language="en").otherwise.content
    assert 'language="de-DE"' in german
    assert "später" in german
    assert b"later" in english
    assert b"<Hangup/>" in english


def test_the_sender_of_a_message_whom_no_service_answers_hears_nothing() -> None:
    assert asked(SMS).otherwise.content.endswith(b"<Response/>")
