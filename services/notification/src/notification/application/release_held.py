"""Let held letters go when the pause has ended or the hour has room again."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel

from contracts.envelope import Envelope, Timer
from contracts.messages.v1 import SendEmail
from notification.application.ports import HeldLetter, Profiles, Records, Transactions
from notification.domain import brake

MOST = 200
"""How many letters go in one round."""


class EmailReleased(Timer):
    """A held letter may go now."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str
    email: SendEmail


class ReleaseHeld:
    """Look at a tenant's held letters, oldest first, and let go what may leave."""

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
            waiting = await self._records.held(session, limit=MOST)
            handed_over = await self._records.handed_over_in_the_last_hour(session) if waiting else 0
        if not waiting:
            return 0
        profile = await self._profiles.profile(tenant_id)
        if brake.held_by(tenant_paused=profile.paused, fleet_paused=self._fleet_paused) is not None:
            return 0
        room = brake.room(handed_over=handed_over, cap=profile.replies_per_hour)
        released = 0
        for letter in waiting:
            if letter.counted:
                if room == 0:
                    continue
                room -= 1
            released += await self._release(tenant_id, letter)
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
