"""Correct a record of use: by an entry that undoes its own, never by a change."""

from __future__ import annotations

from billing.application.ports import Books, Clock, Refused
from billing.domain.ledger import reversal


class ReverseUsage:
    """A record that a meter has counted is not reversed here: Stripe's credit note brings it into the ledger."""

    def __init__(self, books: Books, clock: Clock) -> None:
        self._books = books
        self._clock = clock

    async def __call__(self, tenant_id: str, usage_id: str, *, reason: str) -> None:
        """Reverse one. Raises `Refused`."""
        async with self._books.of(tenant_id) as room:
            entry = await room.ledger.entry(tenant_id, f"usage:{usage_id}")
            if entry is None:
                raise Refused(f"there is no record {usage_id[:60]} with an entry")
            if not await room.meters.withdraw(tenant_id, usage_id, reason):
                raise Refused(
                    "a meter has counted it: give a credit note at Stripe, the ledger takes it from there"
                )
            if not await room.ledger.post(tenant_id, [reversal(entry, at=self._clock(), reason=reason)]):
                raise Refused("it was reversed before")
            await room.ledger.discount(tenant_id, usage_id)
