"""The push service as its documents say: who may send, what is taken, what the person sees."""

from __future__ import annotations

import time
from base64 import urlsafe_b64decode

import http_ece
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from httpx import Response

from sandbox.push.state import base64url

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64url(KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "==")


def vapid(sandbox, **changes: object) -> str:
    claims = {"aud": sandbox.base, "sub": "mailto:a@b.test", "exp": int(time.time()) + 3600} | changes
    return f"vapid t={jwt.encode(claims, KEY, algorithm='ES256')}, k={PUBLIC}"


def encrypted(subscription, words: str) -> bytes:
    keys = subscription["keys"]
    return http_ece.encrypt(
        words.encode(), private_key=ec.generate_private_key(ec.SECP256R1()), dh=decoded(keys["p256dh"]),
        auth_secret=decoded(keys["auth"]), version="aes128gcm",
    )  # fmt: skip


async def send(sandbox, subscription, words: str = "Störung", **headers: str) -> Response:
    usual = {"TTL": "60", "Content-Encoding": "aes128gcm", "Authorization": vapid(sandbox)}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in (usual | given).items() if value}
    return await sandbox.http.post(
        subscription["endpoint"], content=encrypted(subscription, words), headers=sent
    )


async def messages(sandbox, which: str = "messages") -> list[str]:
    state = (await sandbox.http.get("/_sandbox/state", params={"vendor": "push"})).json()["push"]
    return [message["shown"] for message in state[which]]


@pytest.fixture
async def subscription(sandbox):
    return (await sandbox.http.post("/push/subscribe", json={"applicationServerKey": PUBLIC})).json()


async def test_a_message_is_taken_and_the_person_reads_it(sandbox, subscription) -> None:
    answer = await send(sandbox, subscription, Urgency="high", Topic="abc")
    assert (answer.status_code, answer.headers["TTL"]) == (201, "60")
    assert answer.headers["Location"].startswith(sandbox.base)
    assert await messages(sandbox) == ["Störung"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"TTL": ""}, 400),
        ({"TTL": "soon"}, 400),
        ({"Urgency": "panic"}, 400),
        ({"Topic": "x" * 33}, 400),
        ({"Content_Encoding": "gzip"}, 400),
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer x"}, 401),
        ({"Authorization": f"vapid t=a.b.c, k={PUBLIC}"}, 403),
    ],
)
async def test_what_the_documents_forbid_is_refused(
    sandbox, subscription, headers: dict[str, str], status: int
) -> None:
    assert (await send(sandbox, subscription, **headers)).status_code == status
    assert await messages(sandbox) == []


@pytest.mark.parametrize(
    "claims",
    [{"aud": "https://elsewhere.test"}, {"exp": 1}, {"exp": int(time.time()) + 90_000}, {"sub": "anna"}],
)
async def test_a_token_that_does_not_hold_is_forbidden(sandbox, subscription, claims) -> None:
    answer = await send(sandbox, subscription, Authorization=vapid(sandbox, **claims))
    assert answer.status_code == 403


async def test_a_subscription_is_for_the_key_that_it_was_made_for(sandbox) -> None:
    other = (await sandbox.http.post("/push/subscribe", json={"applicationServerKey": "BAAA"})).json()
    assert (await send(sandbox, other)).status_code == 403


async def test_an_expired_subscription_is_gone_and_a_removed_one_was_never_there(
    sandbox, subscription
) -> None:
    await sandbox.seed(push={"expired": [subscription["endpoint"]]})
    assert (await send(sandbox, subscription)).status_code == 410
    await sandbox.seed(push={"removed": [subscription["endpoint"]]})
    assert (await send(sandbox, subscription)).status_code == 404


async def test_a_message_has_at_most_4096_bytes(sandbox, subscription) -> None:
    assert (await send(sandbox, subscription, "x" * 3993)).status_code == 201
    assert (await send(sandbox, subscription, "x" * 3994)).status_code == 413


async def test_while_the_device_is_away_a_newer_message_takes_the_place_of_its_topics_older_one(
    sandbox, subscription
) -> None:
    await sandbox.seed(push={"offline": True})
    for words in ("alt", "neu"):
        await send(sandbox, subscription, words, Topic="a")
    await send(sandbox, subscription, "anderes", Topic="b")
    assert await messages(sandbox) == ["neu", "anderes"]
    assert await messages(sandbox, "replaced") == ["alt"]


async def test_what_the_browser_cannot_decrypt_is_dropped_there(sandbox, subscription) -> None:
    stranger = (await sandbox.http.post("/push/subscribe", json={"applicationServerKey": PUBLIC})).json()
    mixed = {"endpoint": subscription["endpoint"], "keys": stranger["keys"]}
    assert (await send(sandbox, mixed)).status_code == 201
    assert await messages(sandbox) == [None]


async def test_it_fails_on_demand(sandbox, subscription) -> None:
    await sandbox.fault(vendor="push", kind="429", retry_after=3)
    answer = await send(sandbox, subscription)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
