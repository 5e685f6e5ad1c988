"""What the simulated push service and its user agents hold."""

import os
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sandbox.wire import JsonObject


def base64url(data: bytes) -> str:
    """Without padding, as the push documents write it."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Subscription:
    """One browser's subscription: the keys are the browser's own, and the push service never sees the private one."""

    endpoint: str
    application_server_key: str | None
    private_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )
    auth: bytes = field(default_factory=lambda: os.urandom(16), repr=False)
    expired: bool = False

    def as_browser_tells(self) -> JsonObject:
        """What `PushSubscription.toJSON()` gives a page."""
        point = self.private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {
            "endpoint": self.endpoint,
            "expirationTime": None,
            "keys": {"p256dh": base64url(point), "auth": base64url(self.auth)},
        }


@dataclass
class PushMessage:
    """A message that the push service took; `shown` is what the person's browser makes of it, None for rubbish."""

    endpoint: str
    shown: str | None
    ttl: int
    urgency: str
    topic: str | None
    signer: str
    id: str = field(default_factory=lambda: uuid4().hex)

    def as_json(self) -> JsonObject:
        """As the control plane tells it."""
        return dict(self.__dict__)


@dataclass
class PushState:
    """Everything but the wire."""

    subscriptions: dict[str, Subscription] = field(default_factory=dict[str, Subscription])
    messages: list[PushMessage] = field(default_factory=list[PushMessage])
    replaced: list[PushMessage] = field(default_factory=list[PushMessage])
    """Taken, and replaced by a newer one of the same topic before the device was there."""
    offline: bool = False
    """Whether the devices are away: only then a message waits, and can be replaced."""

    def take(self, message: PushMessage) -> None:
        """Keep a message; of one topic only the newest waits for a device (RFC 8030, 5.4)."""
        if self.offline and message.topic is not None:
            older = [
                known
                for known in self.messages
                if (known.endpoint, known.topic) == (message.endpoint, message.topic)
            ]
            self.replaced += older
            self.messages = [known for known in self.messages if known not in older]
        self.messages.append(message)
