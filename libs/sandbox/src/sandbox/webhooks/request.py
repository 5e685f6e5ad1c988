"""A webhook as it leaves the sandbox, and the wish that it is made from."""

import base64
import time
import uuid
from dataclasses import dataclass, field

from sandbox.wire import JsonObject, as_int, as_object, as_text


@dataclass(frozen=True)
class Outgoing:
    """What is posted (or, for some handshakes, got)."""

    url: str
    body: bytes
    headers: dict[str, str]
    method: str = "POST"
    delivery_id: str = ""


@dataclass(frozen=True)
class Wish:
    """What somebody asked to be fired. Fields that a sender does not know are passed over."""

    fields: JsonObject
    body: bytes
    made_at: float = field(default_factory=time.time)

    @classmethod
    def of(cls, fields: JsonObject) -> "Wish":
        """The wish in a request's JSON. Raises `ValueError` when its body is no base64."""
        return cls(fields, base64.b64decode(as_text(fields.get("body")), validate=True))

    @property
    def url(self) -> str:
        """Where it is posted to."""
        return as_text(self.fields.get("url"))

    @property
    def signed_url(self) -> str:
        """The address as the vendor knows it, when there is a proxy between: else the one posted to."""
        return as_text(self.fields.get("signed_url")) or self.url

    @property
    def secret(self) -> str:
        """What it is signed with."""
        return as_text(self.fields.get("secret"))

    @property
    def second(self) -> int:
        """The time of signing, in seconds."""
        return as_int(self.fields.get("timestamp"), int(self.made_at))

    def text(self, name: str, default: str = "") -> str:
        """A further field."""
        return as_text(self.fields.get(name)) or default

    def asks(self, name: str) -> bool:
        """Whether a switch is set."""
        return self.fields.get(name) is True

    def id(self, prefix: str) -> str:
        """The delivery's own id: the one wished for, or a new one."""
        return self.text("delivery_id") or f"{prefix}{uuid.uuid4().hex}"

    def headers(self, **own: str) -> dict[str, str]:
        """The vendor's own headers (`_` for `-`), and over them those wished for."""
        given = {name.replace("_", "-"): value for name, value in own.items()}
        return given | {name: str(value) for name, value in as_object(self.fields.get("headers")).items()}
