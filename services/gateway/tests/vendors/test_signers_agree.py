"""The vendors' signers and our verifiers were written apart, from the same documents: they agree on whatever is sent.

For Stripe the vendor's own SDK signs; Twilio's and ours were compared by hand, for its SDK brings an HTTP stack along.
"""

from __future__ import annotations

import json
import time
from base64 import b64encode
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers

from contracts.tenants.hooks import HookSettings, PublicHookSettings, SnsSettings, TwilioSettings
from gateway.adapters.verifiers import verifiers
from gateway.application.ports import Incoming, Reply, SignatureRefused
from gateway.domain.hook import Hook
from sandbox.sns.authority import certified
from sandbox.webhooks.fire import SENDERS
from sandbox.webhooks.request import Outgoing, Wish

SECRET, PUBLIC, PATH = "whsec_0123456789", "https://hooks.muster.test", "/webhooks/x/h"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:inbound"
AT = int(time.time())
OWN: dict[str, HookSettings] = {
    "twilio": TwilioSettings(), "hubspot": PublicHookSettings(), "sns": SnsSettings(topic_arns=(TOPIC,)),
}  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
QUERIES = st.text("abc=&%20/:?@!*(),;'$-._~", max_size=30).filter(lambda text: "%" not in text)


class Amazon:
    """Where the sandbox's certificate stands; the ports `Outside` and `Captcha`."""

    async def get(self, url: str, most_bytes: int) -> bytes:
        return certified()[1].public_bytes(Encoding.PEM)

    async def passed(self, provider: str, secret: str, token: str) -> bool:
        return False


VERIFIERS = verifiers(PUBLIC, Amazon(), Amazon())


def fired(sender: str, query: str = "", **fields: Any) -> Outgoing:
    url = PUBLIC + PATH + (f"?{query}" if query else "")
    return SENDERS[sender](Wish.of({"url": url, "secret": SECRET, "timestamp": AT, **fields}))


async def verified(kind: str, sent: Outgoing) -> str | Reply:
    url = urlsplit(sent.url)
    hook = Hook("h", "muster", kind, kind, (SECRET.encode(),), OWN.get(kind, HookSettings()))
    incoming = Incoming("POST", PATH.encode(), url.query.encode(), Headers(sent.headers), sent.body)
    result = VERIFIERS[kind].verify(incoming, hook, AT)
    return result if isinstance(result, str | Reply) else await result


@settings(max_examples=60)
@given(fields=st.dictionaries(TEXTS.filter(bool), TEXTS, min_size=1, max_size=6), query=QUERIES)
async def test_whatever_form_twilio_sends_is_taken(fields: dict[str, str], query: str) -> None:
    form = {"fields": fields, "content_type": "application/x-www-form-urlencoded"}

    assert await verified("twilio", fired("twilio", query, **form))


@settings(max_examples=40)
@given(query=QUERIES)
async def test_whatever_address_hubspot_is_given_is_taken(query: str) -> None:
    assert await verified("hubspot", fired("hubspot", query))


@settings(max_examples=30)
@given(subject=TEXTS, message=TEXTS, version=st.sampled_from(["1", "2"]))
async def test_whatever_text_amazon_delivers_is_taken(subject: str, message: str, version: str) -> None:
    wish = {"subject": subject, "signature_version": version, "topic_arn": TOPIC, "delivery_id": "m-1"}
    sent = fired("sns", body=b64encode(message.encode()).decode(), **wish)

    assert await verified("sns", sent) == "m-1"


@settings(max_examples=40)
@given(text=TEXTS, spoilt=st.integers(0, 30))
async def test_what_stripes_own_sdk_signs_is_taken_and_what_it_refuses_is_not(text: str, spoilt: int) -> None:
    body = json.dumps({"id": "evt_1", "text": text}, ensure_ascii=False)
    header = stripe.WebhookSignature.generate_signature_header(body, SECRET, timestamp=AT)

    sent = Outgoing(PUBLIC + PATH, body.encode(), {"Stripe-Signature": header})
    assert await verified("stripe", sent) == "evt_1"
    broken = body[: spoilt % len(body)] + "x" + body[spoilt % len(body) :]
    with pytest.raises(SignatureRefused):
        await verified("stripe", Outgoing(PUBLIC + PATH, broken.encode(), sent.headers))


def test_stripes_own_sdk_takes_what_the_sandbox_signs() -> None:
    sent = fired("stripe")

    assert stripe.WebhookSignature.verify_header(
        sent.body.decode(), sent.headers["Stripe-Signature"], SECRET, tolerance=None
    )
