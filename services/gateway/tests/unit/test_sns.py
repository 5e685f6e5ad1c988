from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from starlette.datastructures import Headers

from contracts.tenants.hooks import SnsSettings
from gateway.adapters.sns import SnsSignature
from gateway.application.ports import CannotVerify, Incoming, Reply, SignatureRefused
from gateway.domain.hook import Hook

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-central-1:123456789012:inbound"
CERTIFICATE = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
SUBSCRIBE = f"https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t"
KEY, OTHER = (rsa.generate_private_key(65537, 2048) for _ in range(2))
HOOK = Hook("h", "muster", "ses", "sns", (), SnsSettings(topic_arns=(TOPIC,)))


def certificate(key: rsa.RSAPrivateKey = KEY, *, days: int = 30) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    start = NOW - timedelta(days=10)
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, start, start + timedelta(days=days))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


class Amazon:
    """What stands at Amazon's addresses; the port `Outside`."""

    def __init__(self, pem: bytes = certificate()) -> None:
        self.pem = pem
        self.asked: list[str] = []
        self.down = False

    async def get(self, url: str, most_bytes: int) -> bytes:
        self.asked.append(url)
        await asyncio.sleep(0)
        if self.down:
            raise CannotVerify("Amazon does not answer")
        return self.pem if urlsplit(url).path.endswith(".pem") else b"<ok/>"


def message(kind: str = "Notification", **changes: str | None) -> dict[str, str]:
    fields: dict[str, str | None] = {
        "Type": kind, "MessageId": "m-1", "TopicArn": TOPIC, "Message": "Grüße\nund mehr",
        "Timestamp": "2026-11-20T12:00:00.000Z", "SignatureVersion": "2", "SigningCertURL": CERTIFICATE,
    }  # fmt: skip
    if kind != "Notification":
        fields |= {"Token": "t", "SubscribeURL": SUBSCRIBE}
    return {name: value for name, value in (fields | changes).items() if value is not None}


def signed(fields: dict[str, str], key: rsa.RSAPrivateKey = KEY) -> bytes:
    if fields["Type"] == "Notification":
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    else:
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields)
    digest = hashes.SHA1() if fields.get("SignatureVersion") == "1" else hashes.SHA256()
    signature = b64encode(key.sign(text.encode(), padding.PKCS1v15(), digest)).decode()
    return json.dumps({**fields, "Signature": signature}).encode()


async def verify(body: bytes, amazon: Amazon | None = None, hook: Hook = HOOK) -> str | Reply:
    incoming = Incoming(
        "POST", b"/webhooks/ses/h", b"", Headers({"x-amz-sns-message-type": "Notification"}), body
    )
    return await SnsSignature(amazon or Amazon()).verify(incoming, hook, NOW.timestamp())


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [None, "Betreff: Grüße"])
async def test_a_notification_is_known_by_its_id(version: str, subject: str | None) -> None:
    assert await verify(signed(message(SignatureVersion=version, Subject=subject))) == "m-1"


async def test_a_certificate_is_read_once() -> None:
    amazon = Amazon()
    verifier = SnsSignature(amazon)
    for number in range(3):
        body = signed(message(MessageId=f"m-{number}"))
        incoming = Incoming("POST", b"/", b"", Headers(), body)
        assert await verifier.verify(incoming, HOOK, NOW.timestamp()) == f"m-{number}"

    assert amazon.asked == [CERTIFICATE]


async def test_those_that_come_at_once_wait_for_one_reading_of_the_certificate() -> None:
    amazon = Amazon()
    verifier = SnsSignature(amazon)
    incoming = [
        Incoming("POST", b"/", b"", Headers(), signed(message(MessageId=f"m-{number}")))
        for number in range(40)
    ]

    await asyncio.gather(*(verifier.verify(one, HOOK, NOW.timestamp()) for one in incoming))

    assert amazon.asked == [CERTIFICATE]


async def test_a_certificate_that_was_good_is_not_good_for_ever() -> None:
    verifier = SnsSignature(Amazon())
    later = NOW + timedelta(days=30)
    body = signed(message(Timestamp=later.strftime("%Y-%m-%dT%H:%M:%S.000Z")))
    await verifier.verify(Incoming("POST", b"/", b"", Headers(), signed(message())), HOOK, NOW.timestamp())

    with pytest.raises(SignatureRefused, match="not valid at this time"):
        await verifier.verify(Incoming("POST", b"/", b"", Headers(), body), HOOK, later.timestamp())


async def test_a_subscription_is_confirmed_at_amazon_and_nothing_is_kept() -> None:
    amazon = Amazon()

    reply = await verify(signed(message("SubscriptionConfirmation")), amazon)

    assert isinstance(reply, Reply)
    assert reply.status == 200
    assert amazon.asked == [CERTIFICATE, SUBSCRIBE]


async def test_the_end_of_a_subscription_is_not_undone() -> None:
    amazon = Amazon()

    assert isinstance(await verify(signed(message("UnsubscribeConfirmation")), amazon), Reply)
    assert amazon.asked == [CERTIFICATE]


async def test_a_subscription_that_is_not_signed_is_not_confirmed() -> None:
    amazon = Amazon()

    with pytest.raises(SignatureRefused):
        await verify(signed(message("SubscriptionConfirmation"), OTHER), amazon)
    assert SUBSCRIBE not in amazon.asked


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-central-1.amazonaws.com/x.pem", "https://sns.eu-central-1.amazonaws.com.evil.test/x.pem",
        "https://evil.test/sns.eu-central-1.amazonaws.com/x.pem", "https://sns.eu-central-1.amazonaws.com@evil.test/x.pem",
        "https://sns.eu-central-1.amazonaws.com:444/x.pem", "https://sns.eu-central-1.amazonaws.com/x.pem.exe",
        "https://sns.eu-central-1.amazonaws.com/a/../x.pem", "https://sns.amazonaws.com/x.pem", "https://[::1/x.pem",
        "https://s3.amazonaws.com/x.pem", "https://sns.eu-central-1.amazonaws.com/x.pem\n", "HTTPS://sns.eu-central-1.amazonaws.com/x.pem",
        "https://sns.eu-central-1.amazonaws.com\\@evil.test/x.pem", "", "x.pem",
    ],
)  # fmt: skip
async def test_a_certificate_is_read_from_amazons_own_host_alone(url: str) -> None:
    amazon = Amazon()

    with pytest.raises(SignatureRefused):
        await verify(signed(message(SigningCertURL=url)), amazon)
    assert amazon.asked == []


@pytest.mark.parametrize(
    "url",
    ["https://evil.test/?Action=ConfirmSubscription", "https://sns.eu-central-1.amazonaws.com/other?Action=x", ""],
)  # fmt: skip
async def test_a_subscription_is_confirmed_at_amazons_own_host_alone(url: str) -> None:
    amazon = Amazon()

    with pytest.raises(SignatureRefused):
        await verify(signed(message("SubscriptionConfirmation", SubscribeURL=url)), amazon)
    assert amazon.asked == [CERTIFICATE]


@pytest.mark.parametrize(
    "changes",
    [
        {"TopicArn": TOPIC + "2"}, {"TopicArn": None}, {"MessageId": None}, {"Message": None}, {"SigningCertURL": None},
        {"SignatureVersion": "3"}, {"SignatureVersion": None}, {"Timestamp": "2026-11-20T10:59:59.000Z"},
        {"Timestamp": "2026-11-20T13:00:01.000Z"}, {"Timestamp": "yesterday"}, {"Type": "Other"},
    ],
)  # fmt: skip
async def test_what_is_late_or_of_another_topic_or_not_whole_is_refused_before_amazon_is_asked(
    changes: dict[str, str | None],
) -> None:
    amazon = Amazon()
    body = json.dumps({**message(**changes), "Signature": "AAAA"}).encode()

    with pytest.raises(SignatureRefused):
        await verify(body, amazon)
    assert amazon.asked == []


@pytest.mark.parametrize("name", ["Message", "MessageId", "Timestamp", "Subject", "SignatureVersion"])
async def test_nothing_that_is_signed_can_be_changed(name: str) -> None:
    fields = json.loads(signed(message(Subject="Betreff")))
    others = {"Timestamp": "2026-11-20T12:00:01.000Z", "SignatureVersion": "1"}

    with pytest.raises(SignatureRefused):
        await verify(json.dumps({**fields, name: others.get(name, "something else")}).encode())


@pytest.mark.parametrize(
    "pem", [certificate(OTHER), certificate(days=5)], ids=["of another key", "no longer valid"]
)
async def test_a_certificate_that_does_not_fit_lets_nobody_in(pem: bytes) -> None:
    with pytest.raises(SignatureRefused):
        await verify(signed(message()), Amazon(pem))


async def test_while_amazon_is_down_the_sender_is_asked_to_come_again() -> None:
    amazon = Amazon()
    amazon.down = True
    with pytest.raises(CannotVerify):
        await verify(signed(message()), amazon)

    for pem in (b"", b"<html>"):
        with pytest.raises(CannotVerify):
            await verify(signed(message()), Amazon(pem))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"\xff\xfe", b'{"Type": 1}', b'{"Type": "Notification"}', b"[" * 10_000]
)
async def test_garbage_is_refused_and_breaks_nothing(body: bytes) -> None:
    with pytest.raises(SignatureRefused):
        await verify(body)
