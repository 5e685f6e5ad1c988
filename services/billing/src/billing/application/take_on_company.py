"""Take a company on as a customer: it tries for some days, and its licence is told."""

from __future__ import annotations

from datetime import timedelta

from billing.application.ports import Books, Clock, Company, Room
from billing.domain.plans import Catalogue


class TakeOnCompany:
    """A company that is known stays as it is."""

    def __init__(self, books: Books, catalogue: Catalogue, currency: str, clock: Clock) -> None:
        self._books = books
        self._catalogue = catalogue
        self._currency = currency
        self._clock = clock

    async def enter(self, tenant_id: str) -> None:
        """Enter it in the directory of those who are billed."""
        async with self._books.fleet() as directory:
            await directory.enter(tenant_id, None)

    async def known(self, room: Room, tenant_id: str, name: str = "", *, lock: bool = False) -> Company:
        """The company within its books, taken on if it is new."""
        found = await room.companies.found(tenant_id, lock=lock)
        if found is not None:
            return found
        now = self._clock()
        trial_ends_at = now + timedelta(days=self._catalogue.trial_days)
        await room.companies.take_on(
            Company(tenant_id, name or tenant_id, self._currency, now, trial_ends_at)
        )
        taken = await room.companies.found(tenant_id, lock=lock)
        assert taken is not None
        return taken
