"""Let held letters go when the pause has ended or the hour has room again."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel

from contracts.envelope import Envelope, Timer
from contracts.messages.v1 import SendEmail
from notification.application.ports import HeldLetter, Profiles, Records, Transactions
from notification.domain import brake

PAGE = 200
"""How many letters are looked at together."""


class EmailReleased(Timer):
    """A held letter may go now."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str
    email: SendEmail


class ReleaseHeld:
    """Look at all of a tenant's held letters, oldest first, and let go what may leave.

    Those that do not count against the hour come first: they wait for a pause alone, not behind those that do.
    """

    def __init__(
        self, *, profiles: Profiles, records: Records, transactions: Transactions, fleet_paused: bool = False
    ) -> None:
        self._profiles = profiles
        self._records = records
        self._transactions = transactions
        self._fleet_paused = fleet_paused

    async def __call__(self, tenant_id: str) -> int:
        """Release what may leave; returns how many."""
        async with self._transactions.reading(tenant_id) as session:
            waiting = await self._records.held(session, limit=1)
            handed_over = await self._records.handed_over_in_the_last_hour(session) if waiting else 0
        if not waiting:
            return 0
        profile = await self._profiles.profile(tenant_id)
        if (
            brake.held_by(
                tenant_paused=profile.paused, fleet_paused=self._fleet_paused, suspended=profile.suspended
            )
            is not None
        ):
            return 0
        room = brake.room(handed_over=handed_over, cap=profile.replies_per_hour)
        released = await self._let_go(tenant_id, counted=False, most=None)
        return released + await self._let_go(tenant_id, counted=True, most=room)

    async def _let_go(self, tenant_id: str, *, counted: bool, most: int | None) -> int:
        released, last = 0, None
        while most is None or released < most:
            limit = PAGE if most is None else min(PAGE, most - released)
            async with self._transactions.reading(tenant_id) as session:
                page = await self._records.held(session, limit=limit, counted=counted, after=last)
            for letter in page:
                released += await self._release(tenant_id, letter)
            if len(page) < limit:
                break
            last = page[-1]
        return released

    async def _release(self, tenant_id: str, letter: HeldLetter) -> int:
        kept = _Kept.model_validate(letter.held)
        async with self._transactions.begin(tenant_id, caused_by=kept.envelope.opened()) as transaction:
            if not await self._records.release(transaction.session, letter.key):
                return 0
            transaction.say(EmailReleased(lead_id=kept.email.lead_id, email=kept.email))
        return 1


class _KeptEnvelope(BaseModel):
    id: str
    type: str
    source: str
    subject: str
    time: datetime
    tenant_id: str
    correlation_id: str
    traceparent: str | None = None

    def opened(self) -> Envelope:
        return Envelope(
            id=self.id, type=self.type, source=self.source, subject=self.subject, time=self.time,
            tenant_id=self.tenant_id, correlation_id=self.correlation_id, traceparent=self.traceparent,
        )  # fmt: skip


class _Kept(BaseModel):
    email: SendEmail
    envelope: _KeptEnvelope
