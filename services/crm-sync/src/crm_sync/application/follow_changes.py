"""Follow what changes in the CRM, so that the local copy answers in its place."""

from __future__ import annotations

from datetime import timedelta

from contracts.crm.v1 import CustomerChanged
from crm_sync.application.ports import Copy, Crm, Crms, Profiles, Transactions, Turn

OVERLAP = timedelta(minutes=2)
"""How far back each look begins: changes whose time was set before they could be seen."""


class FollowChanges:
    """One look at a company's CRM, by one process at a time."""

    def __init__(
        self, *, crms: Crms, profiles: Profiles, copy: Copy, transactions: Transactions, seconds: float
    ) -> None:
        self._crms = crms
        self._profiles = profiles
        self._copy = copy
        self._transactions = transactions
        self._seconds = seconds

    async def __call__(self, tenant_id: str) -> int:
        """Take over what changed since the last look; returns how many records did."""
        profile = await self._profiles.profile(tenant_id)
        if profile.crm == "builtin":  # what is written there is copied as it is written
            return 0
        async with self._transactions.begin(tenant_id) as transaction:
            turn = await self._copy.take_turn(transaction.session, profile.crm)
        if turn is None:
            return 0
        # A look that fails keeps its turn until the lease is over, so a CRM that is down is not asked all the time.
        changed = await self._take_over(tenant_id, await self._crms.of(tenant_id), turn)
        async with self._transactions.begin(tenant_id) as transaction:
            await self._copy.end_turn(transaction.session, profile.crm, next_in=self._seconds)
        return changed

    async def _take_over(self, tenant_id: str, crm: Crm, turn: Turn) -> int:
        since = turn.modified_until - OVERLAP if turn.modified_until is not None else None
        count = 0
        async for page in crm.changed_since(since):
            async with self._transactions.begin(tenant_id) as transaction:
                changed = await self._copy.put(transaction.session, crm.vendor, page)
                await self._copy.move_cursor(
                    transaction.session, crm.vendor, max(customer.modified_at for customer in page)
                )
                if since is not None:  # the first look takes over what was always there: no news
                    transaction.say(
                        *(
                            CustomerChanged(
                                customer_id=customer.customer_id, vendor=crm.vendor, version=customer.version
                            )
                            for customer in changed
                        )
                    )
            count += len(changed)
        return count
