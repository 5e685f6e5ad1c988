"""The envelope of every message: CloudEvents 1.0, binary mode for AMQP 0-9-1.

The attributes travel as `ce-` headers, the body is the message as JSON (CloudEvents RabbitMQ protocol binding, through
the `cloudevents` SDK). Extensions: `tenantid`, `correlationid` (the whole story), `causationid` (the message before),
`traceparent` (W3C Trace Context), `sequence` (rises per event within a subject).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Self
from uuid import NAMESPACE_URL, UUID, uuid5

from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_binary, to_binary
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import BaseModel, ConfigDict
from uuid_utils.compat import uuid7

CONTENT_TYPE = "application/json"
_TENANT = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_FORMAT = JSONFormat()
_ATTRIBUTES = ("id", "type", "source", "subject", "time", "specversion", "tenantid", "correlationid")
_REQUIRED = tuple(f"ce-{name}" for name in _ATTRIBUTES)
_KNOWN = frozenset((*_REQUIRED, "ce-causationid", "ce-traceparent", "ce-sequence"))
_OUR_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z")


class Message(BaseModel):
    """Something that one service says: an `Event` that happened, or a `Command` to its one owner.

    Producers build strictly (an unknown field is an error); consumers read with `read`, which ignores unknown fields.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    aggregate: ClassVar[str]
    """The field that names what the message is about; it becomes `ce-subject`."""

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read a message from its JSON body, ignoring fields that this version does not know.

        Raises `pydantic.ValidationError` when a required field is missing or of the wrong form.
        """
        return cls.model_validate_json(body, extra="ignore")

    @property
    def ce_subject(self) -> str:
        """The aggregate's name and id, such as `lead/0198…`."""
        return f"{self.aggregate.removesuffix('_id')}/{getattr(self, self.aggregate)}"


class Event(Message):
    """Something that happened; its name is a noun and a past participle. Anyone may hear it."""


class Command(Message):
    """Something to be done; its name is a verb and a noun. One service hears it."""


class Timer(Message):
    """A note of a service to itself at a later time; it travels through the service's own queue and nobody else hears it."""


@dataclass(frozen=True, slots=True)
class Later:
    """A message to be published at a later time: a durable timer. `key` cancels it."""

    message: Message
    at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Takes back the `Later` of that key, if it is still waiting."""

    key: str


Following = Message | Later | Cancel
"""What a write part returns: the messages that follow from it."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes around a message.

    `id` is a UUIDv7, or for what comes from outside a UUIDv5 (see `outside_id`), minted once. `type` is the routing
    key. `source` is the sending service. Times are aware and in UTC.
    """

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    tenant_id: str
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    sequence: int | None = None

    def headers(self) -> dict[str, str]:
        """The `ce-` headers of this envelope: what the SDK makes of it (`sdk_headers`), made directly."""
        if not (self.id and self.type and self.source and self.subject) or self.time.tzinfo is not UTC:
            return self.sdk_headers()
        headers = {
            "ce-id": self.id,
            "ce-type": self.type,
            "ce-source": self.source,
            "ce-subject": self.subject,
            "ce-time": self.time.isoformat()[:-6] + "Z",
            "ce-specversion": "1.0",
            "ce-tenantid": self.tenant_id,
            "ce-correlationid": self.correlation_id,
        }
        if self.causation_id is not None:
            headers["ce-causationid"] = self.causation_id
        if self.traceparent is not None:
            headers["ce-traceparent"] = self.traceparent
        if self.sequence is not None:
            headers["ce-sequence"] = str(self.sequence)
        return headers

    def sdk_headers(self) -> dict[str, str]:
        """The same by the `cloudevents` SDK: the reference that tests compare with. Raises its validation errors."""
        attributes: dict[str, str | datetime] = {
            "id": self.id,
            "type": self.type,
            "source": self.source,
            "subject": self.subject,
            "time": self.time,
            "specversion": "1.0",
            "datacontenttype": CONTENT_TYPE,
            "tenantid": self.tenant_id,
            "correlationid": self.correlation_id,
        }
        if self.causation_id is not None:
            attributes["causationid"] = self.causation_id
        if self.traceparent is not None:
            attributes["traceparent"] = self.traceparent
        if self.sequence is not None:
            attributes["sequence"] = str(self.sequence)
        return to_binary(CloudEvent(attributes), _FORMAT).headers

    @classmethod
    def of(cls, headers: Mapping[str, object]) -> Envelope:
        """Read an envelope from a message's headers.

        Raises `InvalidEnvelope`, which says what is missing or wrong.
        """
        if not headers.keys() <= _KNOWN:
            return cls.sdk_of(headers)
        required = [value for name in _REQUIRED if isinstance(value := headers.get(name), str) and value]
        if len(required) < len(_REQUIRED):
            return cls.sdk_of(headers)
        identity, kind, source, subject, moment, version, tenant_id, correlation_id = required
        if version != "1.0" or not _OUR_TIME.fullmatch(moment):
            return cls.sdk_of(headers)
        try:
            time = datetime.fromisoformat(moment)
        except ValueError:
            return cls.sdk_of(headers)
        causation_id, traceparent = headers.get("ce-causationid"), headers.get("ce-traceparent")
        sequence = headers.get("ce-sequence")
        return cls(
            identity, kind, source, subject, time.replace(tzinfo=UTC), check_tenant_id(tenant_id), correlation_id,
            None if causation_id is None else str(causation_id),
            None if traceparent is None else str(traceparent),
            int(text) if sequence is not None and (text := str(sequence)).isdecimal() else None,
        )  # fmt: skip

    @classmethod
    def sdk_of(cls, headers: Mapping[str, object]) -> Envelope:
        """The same by the `cloudevents` SDK: the way for headers that are not as we write them.

        Raises `InvalidEnvelope`, which says what is missing or wrong.
        """
        texts = {name: str(value) for name, value in headers.items() if name.startswith("ce-")}
        try:
            event = from_binary(RabbitMQMessage(texts, None, b""), _FORMAT, CloudEvent)
        except (CloudEventValidationError, ValueError) as error:
            raise InvalidEnvelope(f"the ce- headers are no CloudEvent: {error}") from error
        attributes = event.get_attributes()
        # Of the headers, not of the event: the SDK makes up an id or a time that is missing.
        missing = [
            f"ce-{name}"
            for name in ("id", "subject", "time", "tenantid", "correlationid")
            if not texts.get(f"ce-{name}")
        ]
        if missing:
            raise InvalidEnvelope(f"the headers lack {', '.join(missing)}")
        check_tenant_id(attributes["tenantid"])
        time: datetime = attributes["time"]
        sequence = attributes.get("sequence")
        return cls(
            id=attributes["id"],
            type=attributes["type"],
            source=attributes["source"],
            subject=attributes["subject"],
            time=time.astimezone(UTC),
            tenant_id=attributes["tenantid"],
            correlation_id=attributes["correlationid"],
            causation_id=attributes.get("causationid"),
            traceparent=attributes.get("traceparent"),
            sequence=int(sequence) if sequence is not None and sequence.isdecimal() else None,
        )


class InvalidEnvelope(ValueError):
    """The headers of a message are no envelope of ours."""


def check_tenant_id(tenant_id: str) -> str:
    """Return the tenant's id if it is one: lower-case letters, digits and hyphens, 1 to 63 of them."""
    if not _TENANT.fullmatch(tenant_id):
        raise InvalidEnvelope(
            f"{tenant_id[:80]!r} is no tenant id: lower-case letters, digits, hyphens, at most 63"
        )
    return tenant_id


def new_id() -> str:
    """A new UUIDv7: unique, and rising with time."""
    return str(uuid7())


def outside_id(tenant_id: str, hook: str, delivery: str) -> str:
    """The id of what comes from outside: the same delivery to the same hook of a tenant has the same id.

    `delivery` is the signed delivery id, else a hash of the raw body. UUIDv5 as in RFC 9562.
    """
    return str(uuid5(_OUTSIDE, f"{tenant_id}\x1f{hook}\x1f{delivery}"))


_OUTSIDE: UUID = uuid5(NAMESPACE_URL, "urn:frontdesk:outside")
