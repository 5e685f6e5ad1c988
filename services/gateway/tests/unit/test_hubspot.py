from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from typing import Any

import pytest
from starlette.datastructures import Headers

from contracts.tenants.hooks import PublicHookSettings
from gateway.adapters.hubspot import HubspotSignature
from gateway.application.ports import Incoming, SignatureRefused
from gateway.domain.hook import Hook

SECRET, OLD = b"client-secret-0123456", b"old-client-secret-012"
NOW = 1_790_000_000.0
AT = int(NOW * 1000)
BASE, PATH = "https://hooks.muster.test", "/webhooks/hubspot/h"


def event(number: int, **changes: Any) -> dict[str, Any]:
    return {"eventId": number, "subscriptionId": 1, "occurredAt": 1711234567890, "objectId": 123, "attemptNumber": 0} | changes  # fmt: skip


def body_of(*events: Any) -> bytes:
    return json.dumps(list(events)).encode()


def sign(uri: str, body: bytes, at: object = AT, secret: bytes = SECRET) -> str:
    text = f"POST{uri}".encode() + body + str(at).encode()
    return b64encode(hmac.new(secret, text, hashlib.sha256).digest()).decode()


def verify(
    signature: str,
    body: bytes,
    *,
    at: object = AT,
    query: str = "",
    secrets: tuple[bytes, ...] = (SECRET,),
    public_url: str | None = None,
) -> str:
    headers = Headers({"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": str(at)})
    hook = Hook("h", "muster", "hubspot", "hubspot", secrets, PublicHookSettings(public_url=public_url))
    incoming = Incoming("POST", PATH.encode(), query.encode(), headers, body)
    return HubspotSignature(BASE).verify(incoming, hook, NOW)


def test_a_batch_that_is_repeated_is_the_same_though_it_counts_its_attempts() -> None:
    first, again = body_of(event(1), event(2)), body_of(event(2, attemptNumber=1), event(1, attemptNumber=1))

    assert verify(sign(BASE + PATH, first), first) == verify(sign(BASE + PATH, again), again)
    other = body_of(event(1), event(3))
    assert verify(sign(BASE + PATH, other), other) != verify(sign(BASE + PATH, first), first)


def test_either_secret_is_taken_while_it_is_turned() -> None:
    body = body_of(event(1))
    both = (SECRET, OLD)

    assert verify(sign(BASE + PATH, body, secret=OLD), body, secrets=both)
    with pytest.raises(SignatureRefused):
        verify(sign(BASE + PATH, body, secret=OLD), body)


def test_the_public_address_is_signed_with_some_of_its_escapes_decoded() -> None:
    body = body_of(event(1))
    uri = f"{BASE}{PATH}?x=a:b/c&y=%20%C3%BC"

    assert verify(sign(uri, body), body, query="x=a%3ab%2Fc&y=%20%C3%BC")
    own = sign(f"https://own.muster.test{PATH}", body)
    assert verify(own, body, public_url="https://own.muster.test")


@pytest.mark.parametrize(
    "at", [AT - 300_001, AT + 300_001, int(NOW), "", "-1", "²", f"{AT}.0", "9" * 5000]
)  # fmt: skip
def test_what_is_more_than_five_minutes_away_is_refused(at: object) -> None:
    body = body_of(event(1))

    with pytest.raises(SignatureRefused, match="5 minutes"):
        verify(sign(BASE + PATH, body, at), body, at=at)


@pytest.mark.parametrize("away", [-300_000, 300_000])
def test_the_window_is_five_minutes_both_ways(away: int) -> None:
    body = body_of(event(1))

    assert verify(sign(BASE + PATH, body, AT + away), body, at=AT + away)


def test_another_body_time_or_address_under_the_same_signature_is_refused() -> None:
    body = body_of(event(1))
    good = sign(BASE + PATH, body)
    for attempt in (
        lambda: verify(good, body + b" "),
        lambda: verify(good, body, at=AT + 1),
        lambda: verify(good, body, query="x=1"),
        lambda: verify(good, body, public_url="https://other.muster.test"),
        lambda: verify("", body),
    ):
        with pytest.raises(SignatureRefused):
            attempt()


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b"[1]", b'[{"eventId": null}]'])
def test_a_signed_body_that_names_no_events_is_known_by_its_hash(body: bytes) -> None:
    assert verify(sign(BASE + PATH, body), body) == hashlib.sha256(body).hexdigest()
