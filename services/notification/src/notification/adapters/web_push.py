"""Web Push: RFC 8030 (delivery), RFC 8291 (encryption) and RFC 8292 (VAPID, who sends).

`pywebpush` encrypts and `py_vapid` signs; neither connects. The endpoint is an address that came from outside, so the
message leaves through vendorkit's client and its guard.
"""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from time import time
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)
from py_vapid import Vapid02, VapidException
from pydantic import SecretStr
from pywebpush import WebPusher
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from chassis import Units
from chassis.keyring import KeyRing
from notification.adapters.alert_tables import VAPID_KEYS
from notification.application.alert_ports import (
    FLEET,
    PushMessage,
    PushRefused,
    PushTooLarge,
    Subscription,
    SubscriptionGone,
    SubscriptionUnusable,
)
from vendorkit import PUBLIC_ONLY, Guard, Limits, VendorAuthExpired, VendorClient, VendorRejected, url_flaw

_VENDOR = "the push service"
_TOKEN_SECONDS = 12 * 3600
"""RFC 8292 allows 24 hours; a clock that is off must not make that more."""
_LIMITS = Limits(connect=5.0, read=10.0, total=20.0, response_bytes=64 * 1024)
_CONTEXT = "vapid-key"
_POINT_BYTES, _AUTH_BYTES, _RAW_KEY_BYTES = 65, 16, 32

VapidKey = Callable[[], Awaitable[ec.EllipticCurvePrivateKey]]


class WebPush:
    """The port `PushService`."""

    def __init__(self, key: VapidKey, *, subject: str, guard: Guard = PUBLIC_ONLY) -> None:
        """`subject` is whom a push service writes to about us: `mailto:…` or `https://…`."""
        self._key = key
        self._subject = subject
        self._guard = guard

    async def public_key(self) -> str:
        """What a page subscribes with (`applicationServerKey`): the key's point, base64url."""
        public = (await self._key()).public_key()
        return _base64url(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def check(self, endpoint: str, p256dh: str, auth: str) -> None:
        """Raises `SubscriptionUnusable`."""
        if (flaw := url_flaw(self._guard, endpoint)) is not None:
            raise SubscriptionUnusable(f"the endpoint {flaw}")
        parts = urlsplit(endpoint)
        if parts.scheme != "https" and PUBLIC_ONLY.flaw(parts.hostname or "", "web") is None:
            raise SubscriptionUnusable("the endpoint is no https address")
        try:
            point, secret = _decoded(p256dh), _decoded(auth)
            if len(point) != _POINT_BYTES or len(secret) != _AUTH_BYTES:
                raise ValueError
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except ValueError:
            raise SubscriptionUnusable(
                "keys.p256dh is no point of the curve P-256 (65 bytes), or keys.auth has not 16 bytes, in base64url"
            ) from None

    async def send(self, subscription: Subscription, message: PushMessage) -> None:
        """Hand a message to the push service. Raises `SubscriptionGone`, `PushTooLarge`, `PushRefused`, `VendorUnavailable`,
        `VendorRateLimited`; that it was sent twice does no harm, the second takes the first one's place.
        """
        parts = urlsplit(subscription.endpoint)
        origin = f"{parts.scheme}://{parts.netloc}"
        headers = await self._headers(origin, message)
        # Plain work for a processor, a millisecond; the event loop has other things to do.
        body = await asyncio.to_thread(_encrypted, subscription, message.payload)
        async with VendorClient(
            _VENDOR, origin, credential="push", limits=_LIMITS, guard=self._guard
        ) as client:
            try:
                await client.send("POST", subscription.endpoint, headers=headers, content=body)
            except VendorRejected as error:
                raise _meaning(error) from error
            except VendorAuthExpired as error:
                raise PushRefused(f"the push service does not accept our VAPID key: {error}") from error

    async def _headers(self, origin: str, message: PushMessage) -> dict[str, str]:
        claims = {"aud": origin, "sub": self._subject, "exp": int(time()) + _TOKEN_SECONDS}
        try:
            signed: dict[str, str] = Vapid02(await self._key()).sign(claims)
        except VapidException as error:
            raise PushRefused(
                f"no VAPID token can be made ({error}): check NOTIFICATION_VAPID_SUBJECT"
            ) from error
        return signed | {
            "TTL": str(message.seconds_to_live),
            "Urgency": "high" if message.urgent else "normal",
            "Topic": message.topic,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
        }


def read_key(text: SecretStr) -> ec.EllipticCurvePrivateKey:
    """A VAPID key of the settings: PEM, or base64url of its 32 bytes or of DER. Raises `ValueError` without the key."""
    given = text.get_secret_value().strip()
    try:
        if given.startswith("-----BEGIN"):
            key = load_pem_private_key(given.encode(), None)
        elif len(raw := _decoded(given)) == _RAW_KEY_BYTES:
            key = ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
        else:
            key = load_der_private_key(raw, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("NOTIFICATION_VAPID_PRIVATE_KEY is no private key of the curve P-256")
    return key


class OwnKey:
    """The fleet's VAPID key: the settings' one, else one that is made once and lies sealed in the database.

    Browsers subscribe for one key: when it changes, their subscriptions have to be made anew.
    """

    def __init__(self, units: Units, ring: KeyRing, given: SecretStr | None) -> None:
        self._units = units
        self._ring = ring
        self._key = None if given is None else read_key(given)

    async def __call__(self) -> ec.EllipticCurvePrivateKey:
        """The key. Raises `OurOutage`, `SealBroken`."""
        if self._key is None:
            self._key = await self._kept()
        return self._key

    async def _kept(self) -> ec.EllipticCurvePrivateKey:
        made = ec.generate_private_key(ec.SECP256R1())
        plain = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        async with self._units.begin(FLEET) as transaction:
            # Of several processes the first one's key is everybody's.
            await transaction.session.execute(
                insert(VAPID_KEYS)
                .values(tenant_id=FLEET, box=self._ring.seal(plain, _CONTEXT), created_at=func.now())
                .on_conflict_do_nothing()
            )
            box: str = (await transaction.session.execute(select(VAPID_KEYS.c.box))).scalar_one()
        key = load_der_private_key(self._ring.open(box, _CONTEXT), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key


def _meaning(error: VendorRejected) -> Exception:
    match error.status:
        case 404 | 410:
            return SubscriptionGone(str(error))
        case 413:
            return PushTooLarge(str(error))
        case _:
            return PushRefused(str(error))


def _encrypted(subscription: Subscription, payload: bytes) -> bytes:
    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    pusher = WebPusher({"endpoint": subscription.endpoint, "keys": keys})
    encrypted: bytes = pusher.encode(payload, "aes128gcm")["body"]
    return encrypted


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
