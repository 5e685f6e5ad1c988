"""The consuming loop: FastStream's own subscribers, iterated; look, work, write, then acknowledge.

What an error means is decided here, once (`chassis.errors`): a retry is an outbox row to the hearer's own queue, a
parked message an outbox row that a change of the credential releases, a dead letter a row of its own; each is committed before the
acknowledgement. Our own outage is no attempt: the message is kept unacknowledged and tried again when the database is
back.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import monotonic

import structlog
from aio_pika.exceptions import AMQPError
from aiormq import Channel
from faststream.rabbit import RabbitMessage
from faststream.rabbit.subscriber import RabbitSubscriber
from pydantic import ValidationError

from chassis.database import Database
from chassis.dead_letters import DeadLetters
from chassis.delivery import Delivery, KeepsCrashing, bury
from chassis.errors import NeedsTenant, NeverRetry, OurOutage, RetryLater
from chassis.inbox import Inbox
from chassis.metrics import Metrics
from chassis.outbox import DUE, Outbox, OutboxRow
from chassis.publishing import Acknowledgements
from chassis.router import AnyEvent, Hearing
from chassis.telemetry import Telemetry, frames, kept_trace, mark_failed
from chassis.unit import Committer, UnitOfWork
from contracts.envelope import Envelope, InvalidEnvelope, Message

LADDER = (5.0, 30.0, 120.0, 600.0, 3600.0)
"""Seconds before the second to the sixth attempt, when nobody named a time."""
PARKED_SECONDS = 3600.0
"""After how long a parked message is tried again although nobody changed the credential."""
DRAIN_SECONDS = 25.0
"""How long a stop waits for what was taken: less than the 30 s after which Kubernetes kills."""
GIVE_BACK_SECONDS = 5.0
"""Pause before a message goes back to the broker, which counts and stops it at its delivery limit."""
_log = structlog.get_logger("chassis.hearing")


class Ear:
    """One hearing at work: takes messages from its queue, has them handled, and settles each."""

    def __init__(
        self, service: str, hearing: Hearing, *, database: Database, outbox: Outbox, inbox: Inbox,
        committer: Committer, dead_letters: DeadLetters, metrics: Metrics, telemetry: Telemetry,
    ) -> None:  # fmt: skip
        self.queue = hearing.queue(service)
        self.hearing = hearing
        self.listening = False
        self._database = database
        self._outbox = outbox
        self._inbox = inbox
        self._committer = committer
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._telemetry = telemetry
        self._under_way: set[asyncio.Task[None]] = set()
        self._of_tenant: Counter[str] = Counter()
        self._held_too_long = asyncio.Event()
        self._acknowledgements = Acknowledgements()
        name = hearing.binding if hearing.message is not None and hearing.binding else self.queue
        # What bounds how many are handled at once is the prefetch, whether their writes share a commit or not: the
        # workers of a committer bound only how many transactions are open, which is a part of handling.
        self._in_flight = metrics.flight(name, hearing.prefetch)

    async def listen(self, subscriber: RabbitSubscriber) -> None:
        """Take messages until cancelled; FastStream's subscriber gives at most `prefetch` at a time."""
        self._held_too_long.clear()
        giving_up = asyncio.create_task(self._held_too_long.wait())
        taking = asyncio.create_task(self._take(subscriber))
        try:
            await asyncio.wait({giving_up, taking}, return_when=asyncio.FIRST_COMPLETED)
            if taking.done():
                taking.result()
        finally:
            giving_up.cancel()
            taking.cancel()
            await asyncio.gather(giving_up, taking, return_exceptions=True)
            self.listening = False

    async def drain(self) -> None:
        """Wait until what was taken is settled; what an outage holds up is left to the broker, which delivers it again."""
        if self._under_way:
            _, left = await asyncio.wait(self._under_way, timeout=DRAIN_SECONDS)
            if left:
                _log.warning(
                    "not settled at the stop; it will come again", queue=self.queue, messages=len(left)
                )
                for task in left:
                    task.cancel()
        await self._acknowledgements.drain()

    async def once_alone(self, message: RabbitMessage) -> None:
        """Handle what the crash guard put aside, once more and by itself.

        When even that attempt ended a process, the message comes again marked as redelivered, and is a dead letter.
        """
        delivery = Delivery.of(message)

        async def handle() -> None:
            if message.raw_message.redelivered:
                error = KeepsCrashing(f"handling it ended the process again and again ({self.queue})")
                await self._bury(delivery, error)
            else:
                await self._outcome_of(delivery)

        # Given up in an outage it would come again as redelivered, and be buried for our own fault.
        await self._database.outlasting(handle, longest=math.inf)

    async def _take(self, subscriber: RabbitSubscriber) -> None:
        self.listening = True
        async for message in subscriber:
            task = asyncio.create_task(self._settle(Delivery.of(message)))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _settle(self, delivery: Delivery) -> None:
        self._in_flight.inc()
        try:
            await self._settle_once_possible(delivery)
        except Exception as error:  # noqa: BLE001 — a fault of the chassis's own: the crash guard counts it
            _log.error("could not be settled, given back", queue=self.queue, error=type(error).__name__,
                       at=frames(error))  # fmt: skip
            await asyncio.sleep(GIVE_BACK_SECONDS)
            await self._give_back(delivery)
        finally:
            self._in_flight.dec()

    def _acknowledge(self, delivery: Delivery) -> None:
        try:
            raw = delivery.message.raw_message
            channel, tag = raw.channel, raw.delivery_tag
        except (AMQPError, RuntimeError) as error:
            # Its channel is gone: the broker will deliver it again, and the inbox will know it.
            _log.debug("not acknowledged", queue=self.queue, error=type(error).__name__)
        else:
            assert isinstance(channel, Channel)
            assert tag is not None
            self._acknowledgements.add(channel, tag)

    async def _give_back(self, delivery: Delivery) -> None:
        with suppress(AMQPError, RuntimeError, ConnectionError):
            await delivery.message.nack(requeue=True)

    async def _settle_once_possible(self, delivery: Delivery) -> None:
        began = monotonic()
        try:
            outcome = await self._database.outlasting(lambda: self._outcome_of(delivery))
        except OurOutage:
            _log.error("held through our own outage for too long; given back to the broker", queue=self.queue)
            self._held_too_long.set()
            await self._give_back(delivery)
            return
        self._acknowledge(delivery)
        name = delivery.routing_key or self.queue
        self._metrics.handled(name, outcome, monotonic() - began, delivery.trace)

    async def _outcome_of(self, delivery: Delivery) -> str:
        try:
            envelope, event = self._read(delivery)
        except (InvalidEnvelope, ValidationError) as error:
            await self._bury(delivery, error)
            return "dead"
        if await self._inbox.knows(envelope.id):
            return "duplicate"
        if await self._beyond_its_share(envelope, delivery):
            return "yielded"
        self._of_tenant[envelope.tenant_id] += 1
        try:
            fresh = await self._handle(delivery, (envelope, event))
        finally:
            self._of_tenant[envelope.tenant_id] -= 1
            if not self._of_tenant[envelope.tenant_id]:
                del self._of_tenant[envelope.tenant_id]
        return fresh

    async def _handle(self, delivery: Delivery, heard: tuple[Envelope, Message | AnyEvent]) -> str:
        envelope, event = heard
        waited = delivery.waited(envelope)
        with self._telemetry.handling(
            self.queue, envelope, delivery.attempt, taken=delivery.taken, waited=waited
        ) as span:
            delivery.trace = kept_trace(span)
            self._metrics.waited(delivery.routing_key or self.queue, waited, delivery.trace)
            unit = UnitOfWork(envelope, delivery.attempt, self._committer)
            try:
                await self.hearing.handler(event, unit)
                outcome = await unit.finish()
            except OurOutage:
                raise
            except Exception as error:  # noqa: BLE001 — its meaning for delivery is decided here
                mark_failed(span, error)
                return await self._failed(delivery, error)
            finally:
                if span.is_recording():
                    span.set_attributes(unit.course.seconds(monotonic()))
            return "done" if outcome.fresh else "duplicate"

    def _read(self, delivery: Delivery) -> tuple[Envelope, Message | AnyEvent]:
        envelope = Envelope.of(delivery.headers)
        if self.hearing.message is None:
            return envelope, AnyEvent(envelope, delivery.body)
        return envelope, self.hearing.message.read(delivery.body)

    async def _failed(self, delivery: Delivery, error: Exception) -> str:
        kind = type(error).__name__
        if isinstance(error, NeedsTenant):
            _log.warning(
                "parked until the tenant's credential changes", queue=self.queue, credential=error.credential
            )
            # The change may have been told while this attempt still used the old credential: look again by and by.
            again = datetime.now(UTC) + timedelta(seconds=PARKED_SECONDS)
            await self._keep(
                delivery, attempt=delivery.attempt, publish_at=again, parked_for=error.credential
            )
            return "parked"
        if isinstance(error, NeverRetry) or delivery.attempt > len(LADDER):
            _log.error("a dead letter", queue=self.queue, error=kind, attempts=delivery.attempt)
            await self._bury(delivery, error)
            return "dead"
        after = error.after if isinstance(error, RetryLater) else None
        seconds = after if after is not None else LADDER[delivery.attempt - 1] * random.uniform(0.9, 1.1)  # noqa: S311 — jitter
        expected = isinstance(error, RetryLater)
        _log.warning("tried in vain, to be retried", queue=self.queue, error=kind, attempt=delivery.attempt,
                     seconds=round(seconds, 1), at=None if expected else frames(error))  # fmt: skip
        await self._keep(
            delivery, attempt=delivery.attempt + 1, publish_at=datetime.now(UTC) + timedelta(seconds=seconds)
        )
        return "retried"

    async def _beyond_its_share(self, envelope: Envelope, delivery: Delivery) -> bool:
        """Fairness: while others wait, a tenant holds at most half of the prefetch; the rest yields its place."""
        half = max(1, self.hearing.prefetch // 2)
        if len(self._of_tenant) < 2 or self._of_tenant[envelope.tenant_id] < half:
            return False
        # Giving way is no new beginning: it is due since it was due.
        since = delivery.due or envelope.time
        await self._keep(
            delivery,
            attempt=delivery.attempt,
            publish_at=datetime.now(UTC) + timedelta(seconds=0.2),
            due=since,
        )
        return True

    async def _keep(
        self,
        delivery: Delivery,
        *,
        attempt: int,
        publish_at: datetime | None = None,
        parked_for: str | None = None,
        due: datetime | None = None,
    ) -> None:
        headers = delivery.headers if due is None else {**delivery.headers, DUE: due.isoformat()}
        row = OutboxRow(
            delivery.message_id, delivery.routing_key, headers, delivery.body,
            delivery.headers["ce-tenantid"], self.queue, attempt, publish_at, parked_for=parked_for,
        )  # fmt: skip
        async with self._database.connection() as connection:
            await self._outbox.add(connection, [row])

    async def _bury(self, delivery: Delivery, error: BaseException) -> None:
        await bury(self._dead_letters, self.queue, delivery, error)
