"""The transactions of billing, over the chassis's own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from billing.adapters.budgets import StoredBudgets
from billing.adapters.companies import StoredCompanies, StoredDirectory
from billing.adapters.ledger import StoredLedger
from billing.adapters.meters import StoredMeters
from billing.application.ports import FLEET, Directory, Room
from chassis import Session, Units
from contracts.envelope import Envelope, Following


class StoredBooks:
    """The port `Books`."""

    def __init__(self, units: Units) -> None:
        self._units = units

    @asynccontextmanager
    async def of(self, tenant_id: str, *, caused_by: Envelope | None = None) -> AsyncGenerator[Room]:
        """A company's books."""
        async with self._units.begin(tenant_id, caused_by=caused_by) as transaction:
            yield room(transaction.session, transaction.say)

    @asynccontextmanager
    async def fleet(self) -> AsyncGenerator[Directory]:
        """The directory."""
        async with self._units.begin(FLEET) as transaction:
            yield StoredDirectory(transaction.session)

    async def once(
        self, tenant_id: str, key: str, *, look_up: Callable[[], Awaitable[str | None]], call: Callable[[], Awaitable[str]]
    ) -> str:  # fmt: skip
        """The port `Once`."""

        async def looked_up() -> dict[str, str] | None:
            found = await look_up()
            return {"id": found} if found is not None else None

        async def called() -> dict[str, str]:
            return {"id": await call()}

        return str((await self._units.effects.once(tenant_id, key, look_up=looked_up, call=called))["id"])


def room(session: Session, say: Callable[[Following], None]) -> Room:
    """What belongs to one company within a session."""
    return Room(
        StoredCompanies(session), StoredLedger(session), StoredMeters(session), StoredBudgets(session), say
    )
