"""A message as the broker delivered it, and what is kept of one that nobody can handle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from faststream.rabbit import RabbitMessage
from pydantic import ValidationError

from chassis.dead_letters import DeadLetters
from chassis.errors import NeverRetry
from chassis.outbox import DUE
from contracts.envelope import Envelope


@dataclass(slots=True)
class Delivery:
    """A message as the broker delivered it."""

    message: RabbitMessage
    headers: dict[str, str]
    body: bytes
    message_id: str
    routing_key: str
    attempt: int
    taken: datetime
    due: datetime | None
    trace: str | None = None
    """The id of the trace that its handling is kept in, once it is known."""

    @classmethod
    def of(cls, message: RabbitMessage) -> Delivery:
        raw = message.raw_message
        headers = {name: str(value) for name, value in raw.headers.items() if name.startswith("ce-")}
        attempt = raw.headers.get("x-attempt", 1)
        return cls(
            message=message,
            headers=headers,
            body=raw.body,
            message_id=headers.get("ce-id") or raw.message_id or "",
            routing_key=headers.get("ce-type") or raw.routing_key or "",
            attempt=attempt if isinstance(attempt, int) else 1,
            taken=datetime.now(UTC),
            due=_moment(raw.headers.get(DUE)),
        )

    def waited(self, envelope: Envelope) -> float:
        """Seconds from when it was due to when it was taken; less than nothing when two hosts' clocks differ."""
        return (self.taken - (self.due or envelope.time)).total_seconds()


async def bury_unheard(dead_letters: DeadLetters, queue: str, message: RabbitMessage) -> None:
    """Keep what the crash guard put aside from a queue that no hearing reads any more. Raises `OurOutage`."""
    await bury(
        dead_letters,
        queue,
        Delivery.of(message),
        NobodyHears(f"this release of the service does not hear the queue {queue}"),
    )


async def bury(dead_letters: DeadLetters, queue: str, delivery: Delivery, error: BaseException) -> None:
    """Keep a message as a dead letter, with its reason in words that quote nothing of it. Raises `OurOutage`."""
    await dead_letters.bury(
        queue=queue, routing_key=delivery.routing_key, message_id=delivery.message_id,
        headers=delivery.headers, body=delivery.body, error=_for_people(error), attempts=delivery.attempt,
    )  # fmt: skip


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def first_queue(headers: Mapping[str, object]) -> str | None:
    """The queue that a dead-lettered message came from (RabbitMQ's `x-first-death-queue`)."""
    found = headers.get("x-first-death-queue")
    return str(found) if found is not None else None


def _for_people(error: BaseException) -> BaseException:
    if not isinstance(error, ValidationError):
        return error
    # pydantic quotes the input, which may hold personal data: name the fields and the faults only
    faults = "; ".join(
        f"{'.'.join(str(place) for place in fault['loc']) or 'body'}: {fault['msg']}"
        for fault in error.errors(include_input=False, include_url=False)
    )
    return InvalidBody(f"the body is not what {error.title} promises: {faults}")


class KeepsCrashing(NeverRetry):
    """Each attempt to handle a message ended its process or its connection."""


class NobodyHears(NeverRetry):
    """A message was put aside from a queue that this release of the service does not hear any more."""


class InvalidBody(NeverRetry):
    """A message's body does not fit its class."""
