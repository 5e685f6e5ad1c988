"""Transactions that no message caused: an HTTP request, a watcher of a mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.database import Database, Session
from chassis.effects import Effects
from chassis.outbox import Outbox, OutboxRow
from chassis.relay import Relay
from chassis.story import Story
from contracts.envelope import Envelope, Following, Message, check_tenant_id


class Transaction:
    """One open transaction of a tenant: its session, and what is said when it is committed."""

    def __init__(self, session: Session, story: Story) -> None:
        self.session = session
        self.story = story
        self.following: list[Following] = []
        self.identified: list[tuple[str, Message]] = []

    @property
    def correlation_id(self) -> str:
        """The story that this transaction belongs to."""
        return self.story.correlation_id

    def say(self, *following: Following) -> None:
        """Send messages, timers and cancellations with this transaction."""
        self.following.extend(following)

    def say_as(self, message_id: str, message: Message) -> None:
        """Send a message under an id that was minted outside (`contracts.envelope.outside_id`)."""
        self.identified.append((message_id, message))


class Units:
    """Transactions of one service, committed and published by the chassis."""

    def __init__(
        self, service: str, database: Database, outbox: Outbox, relay: Relay, effects: Effects
    ) -> None:
        self._service = service
        self._database = database
        self._outbox = outbox
        self._relay = relay
        self.effects = effects

    @asynccontextmanager
    async def begin(self, tenant_id: str, *, caused_by: Envelope | None = None) -> AsyncIterator[Transaction]:
        """A transaction of a tenant, committed at the end and rolled back on an exception; then its messages leave.

        Raises `OurOutage` when the database does not answer.
        """
        check_tenant_id(tenant_id)
        story = (
            Story.goes_on(self._service, caused_by) if caused_by else Story.begins(self._service, tenant_id)
        )
        rows: list[OutboxRow] = []
        async with self._database.transaction(tenant_id) as session:
            transaction = Transaction(session, story)
            yield transaction
            await session.flush()
            connection = await session.connection()
            rows += await story.keep(self._outbox, connection, transaction.following)
            rows += [story.row(message, message_id=known) for known, message in transaction.identified]
            await self._outbox.add(connection, rows)
        confirms = self._relay.submit(rows)
        if confirms:
            await asyncio.wait(confirms)

    @asynccontextmanager
    async def reading(self, tenant_id: str) -> AsyncIterator[Session]:
        """A session that reads a tenant's rows. Raises `OurOutage`."""
        async with self._database.transaction(check_tenant_id(tenant_id)) as session:
            yield session

    @asynccontextmanager
    async def fleet(self) -> AsyncIterator[Session]:
        """A session of no tenant: it reaches the fleet's own tables and no tenant's row. Raises `OurOutage`."""
        async with self._database.transaction(None) as session:
            yield session
