"""Webhooks that the sandbox makes: vectors that the vendors print, and what a receiver reads beside."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from sandbox.webhooks import sipgate, sns, stripe, twilio
from sandbox.webhooks.fire import SENDERS
from sandbox.webhooks.request import Wish

URL = "http://127.0.0.1:9/webhooks/x/h"


def wish(**fields: object) -> Wish:
    return Wish.of({"url": URL, "secret": "geheim", **fields})


def test_twilios_own_example_has_the_signature_that_twilio_prints() -> None:
    fields = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+14158675310", "Digits": "1234", "From": "+14158675310",
        "To": "+18005551212",
    }  # fmt: skip

    made = twilio.signed(
        wish(secret="12345", fields=fields, signed_url="https://mycompany.com/myapp.php?foo=1&bar=2")
    )

    assert made.headers["X-Twilio-Signature"] == "GvWf1cFY/Q7PnoempGyD5oXAezc="
    assert made.url == URL


def test_stripes_signature_is_over_time_and_raw_body() -> None:
    body = base64.b64encode(b"{}").decode()

    made = stripe.signed(wish(secret="whsec_test", body=body, timestamp=1_790_000_000))

    # Computed by openssl: printf '1790000000.{}' | openssl dgst -sha256 -hmac whsec_test
    digest = "1c2847ad1f8158a1da978f36627ac1f07f7fd027321ac9ad40bccc06743f8396"
    assert made.headers["Stripe-Signature"].startswith(f"t=1790000000,v1={digest}")


def test_sipgates_signature_fits_the_public_key_that_is_shown() -> None:
    key = load_pem_public_key(sipgate.public_key().encode())
    made = sipgate.signed(wish(secret="", delivery_id="42"))

    assert isinstance(key, RSAPublicKey)
    signature = base64.b64decode(made.headers["X-Sipgate-Signature"])
    key.verify(signature, made.body, padding.PKCS1v15(), hashes.SHA256())
    assert b"callId=42" in made.body
    assert made.url == URL


@pytest.mark.parametrize(("version", "digest"), [("1", hashes.SHA1()), ("2", hashes.SHA256())])
async def test_sns_signs_with_the_certificate_that_can_be_read(
    sandbox, version: str, digest: hashes.HashAlgorithm
) -> None:
    made = sns.signed(wish(signature_version=version, subject="Betreff"))
    sent = json.loads(made.body)
    path = sent["SigningCertURL"].removeprefix("https://sns.eu-central-1.amazonaws.com")
    pem = await sandbox.http.get(f"/sns{path}")

    key = load_pem_x509_certificate(pem.content).public_key()
    assert isinstance(key, RSAPublicKey)
    lines = "".join(
        f"{name}\n{sent[name]}\n"
        for name in ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    )
    key.verify(base64.b64decode(sent["Signature"]), lines.encode(), padding.PKCS1v15(), digest)


async def test_a_subscription_is_confirmed_at_the_address_that_sns_names(sandbox) -> None:
    sent = json.loads(sns.signed(wish(type="SubscriptionConfirmation")).body)
    query = sent["SubscribeURL"].partition("/?")[2]

    assert (await sandbox.http.get(f"/sns/?{query}")).status_code == 200
    assert (await sandbox.http.get("/sns/?Action=ConfirmSubscription")).status_code == 400
    state = (await sandbox.http.get("/_sandbox/state?vendor=sns")).json()
    assert state["sns"]["confirmed"] == [sent["TopicArn"]]


async def test_a_captcha_is_good_once(sandbox) -> None:
    async def asked(**form: str) -> bool:
        answer = await sandbox.http.post("/captcha/siteverify", data=form)
        return answer.json()["success"]

    assert await asked(secret="s", response="solved-1")
    assert not await asked(secret="s", response="solved-1")
    assert not await asked(secret="s", response="guessed")
    assert not await asked(response="solved-2")


async def test_what_cannot_be_made_or_delivered_is_said(sandbox) -> None:
    unknown = await sandbox.http.post("/_sandbox/fire", json={"url": URL, "vendor": "fax"})
    broken = await sandbox.http.post("/_sandbox/fire", json={"url": URL, "body": "no base64!"})
    nobody = await sandbox.http.post("/_sandbox/fire", json={"url": URL, "secret": "x", "body": ""})

    assert (unknown.status_code, broken.status_code, nobody.status_code) == (400, 400, 502)
    assert "stripe" in unknown.json()["error"]


async def test_the_keys_that_receivers_need_are_shown(sandbox) -> None:
    keys = (await sandbox.http.get("/_sandbox/fire/keys")).json()

    assert keys["sipgate"].startswith("-----BEGIN PUBLIC KEY-----")


@pytest.mark.parametrize("sender", sorted(SENDERS))
def test_every_sender_has_an_example_of_its_own(sender: str) -> None:
    made = SENDERS[sender](wish())

    assert made.url.startswith(URL)
    assert made.method == "POST"
    assert made.headers["Content-Type"]
