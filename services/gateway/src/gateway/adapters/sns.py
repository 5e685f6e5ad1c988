"""Amazon SNS: the body is signed by a certificate of Amazon's, RSA PKCS#1 v1.5 with SHA-1 (version 1) or SHA-256 (2).

What is signed are lines of field and value, in byte order: Message, MessageId, Subject (if there is one), Timestamp,
TopicArn, Type; of confirmations Message, MessageId, SubscribeURL, Timestamp, Token, TopicArn, Type. As in Amazon's
documentation ("Verifying the signatures of Amazon SNS messages"): the certificate is read from Amazon's own host alone,
and anyone can have a topic at Amazon, so that only those of the hook's settings are believed. There is no secret.

A `SubscriptionConfirmation` is confirmed by reading its `SubscribeURL`, after the same checks; it is answered and not kept.
What is older than an hour is refused: SNS gives up on an address of one's own after about a quarter of that.

The delivery id is the signed `MessageId`.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64decode
from datetime import UTC, datetime
from urllib.parse import urlsplit

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import Certificate, load_pem_x509_certificate

from contracts.tenants.hooks import SnsSettings
from gateway.adapters.signatures import PostOnly, json_object, settings_of, short_id
from gateway.application.ports import CannotVerify, Incoming, Outside, Reply, SignatureRefused, Verified
from gateway.domain.hook import Hook

WINDOW_SECONDS = 3600
MOST_CERTIFICATES = 16
MOST_BYTES = 64 * 1024
_HOST = re.compile(r"sns\.[a-z0-9-]{1,40}\.amazonaws\.com(?:\.cn)?")
_CERTIFICATE = re.compile(r"/[A-Za-z0-9._-]{1,200}\.pem")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}  # fmt: skip
_HASHES = {"1": SHA1, "2": SHA256}
_OK = Reply(b"", "text/plain")
_log = structlog.get_logger("gateway.sns")
Fields = dict[str, str]


class SnsSignature(PostOnly):
    """The port `Verifier` for Amazon SNS."""

    kept_headers = ("x-amz-sns-message-type",)

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._certificates: dict[str, Certificate] = {}
        self._reading = asyncio.Lock()

    async def verify(self, incoming: Incoming, hook: Hook, now: float) -> Verified:
        """The message's id; an answer to a confirmation. Raises `SignatureRefused` and `CannotVerify`."""
        fields = {name: value for name, value in json_object(incoming.body).items() if isinstance(value, str)}
        _check(fields, settings_of(hook, SnsSettings), now)
        key = await self._key(fields["SigningCertURL"], now)
        if not _fits(fields, key):
            raise SignatureRefused("the signature does not fit the message")
        if fields["Type"] == "Notification":
            return short_id(fields["MessageId"], incoming.body)
        if fields["Type"] == "SubscriptionConfirmation":
            await self._outside.get(_amazons(fields["SubscribeURL"], path=re.compile("/")), MOST_BYTES)
            _log.info("a topic is subscribed", hook=hook.hook_id, topic=fields["TopicArn"])
        else:
            _log.warning("a topic sends nothing any more", hook=hook.hook_id, topic=fields["TopicArn"])
        return _OK

    async def _key(self, url: str, now: float) -> RSAPublicKey:
        if url not in self._certificates:
            # Those that come meanwhile wait for the same reading.
            async with self._reading:
                if url not in self._certificates:
                    pem = await self._outside.get(_amazons(url, path=_CERTIFICATE), MOST_BYTES)
                    self._remember(url, pem)
        return _public_key(self._certificates[url], now)

    def _remember(self, url: str, pem: bytes) -> None:
        try:
            certificate = load_pem_x509_certificate(pem)
        except ValueError as error:
            raise CannotVerify("Amazon's certificate is not readable") from error
        if len(self._certificates) >= MOST_CERTIFICATES:
            self._certificates.clear()
        self._certificates[url] = certificate


def _check(fields: Fields, settings: SnsSettings, now: float) -> None:
    """What is needless to ask Amazon about. Raises `SignatureRefused`."""
    needed = {*_SIGNED.get(fields.get("Type", ""), ("Type",)), "Signature", "SigningCertURL"} - {"Subject"}
    if missing := needed - fields.keys() or fields["Type"] not in _SIGNED:
        raise SignatureRefused(f"this is no message of SNS; raw delivery has no signature ({missing})")
    if fields.get("SignatureVersion") not in _HASHES:
        raise SignatureRefused("SignatureVersion must be 1 or 2")
    if fields["TopicArn"] not in settings.topic_arns:
        raise SignatureRefused("the topic is none of those that this hook listens to")
    try:
        sent = datetime.strptime(fields["Timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise SignatureRefused("Timestamp is no time like 2026-11-20T12:00:00.000Z") from error
    if abs(now - sent.timestamp()) > WINDOW_SECONDS:
        raise SignatureRefused("Timestamp is more than an hour away")


def _amazons(url: str, *, path: re.Pattern[str]) -> str:
    """The address, when it is Amazon's. Raises `SignatureRefused`."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise SignatureRefused("an address in the message is none") from error
    whole = url.startswith(f"https://{parts.netloc}/") and url.isascii() and url.isprintable()
    if not whole or not _HOST.fullmatch(parts.netloc) or not path.fullmatch(parts.path):
        raise SignatureRefused("an address in the message is not Amazon SNS's own")
    return url


def _fits(fields: Fields, key: RSAPublicKey) -> bool:
    names = [name for name in _SIGNED[fields["Type"]] if name in fields]
    signed = "".join(f"{name}\n{fields[name]}\n" for name in names).encode("utf-8", "surrogatepass")
    try:
        signature = b64decode(fields["Signature"], validate=True)
        # SHA-1 is what version 1 is; which version a topic signs with is its owner's choice.
        key.verify(signature, signed, PKCS1v15(), _HASHES[fields["SignatureVersion"]]())
    except (InvalidSignature, ValueError):
        return False
    return True


def _public_key(certificate: Certificate, now: float) -> RSAPublicKey:
    key = certificate.public_key()
    moment = datetime.fromtimestamp(now, UTC)
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise SignatureRefused("the certificate is not valid at this time")
    if not isinstance(key, RSAPublicKey) or key.key_size < 2048:
        raise SignatureRefused("the certificate's key is none of those that Amazon signs with")
    return key
