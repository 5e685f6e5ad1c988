"""Old mail is taken in on command only: marked as historic, and never answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from email_ingest.application.ports import Clock, Letters, Mailboxes, Transactions
from email_ingest.application.take_letter_in import Arrival, TakeLetterIn
from email_ingest.domain.letter import LARGEST


class NoMailbox(Exception):
    """The tenant has no mailbox to import from."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one portion; `next_uid` continues with what is older, None when that was all."""

    taken: int
    known: int
    next_uid: int | None


class ImportHistory:
    """Takes in what lay in a folder before it was first looked at, newest first, a portion at a time."""

    def __init__(
        self,
        *,
        mailboxes: Mailboxes,
        letters: Letters,
        transactions: Transactions,
        take: TakeLetterIn,
        clock: Clock,
    ) -> None:
        self._mailboxes = mailboxes
        self._letters = letters
        self._transactions = transactions
        self._take = take
        self._clock = clock

    async def __call__(
        self, tenant_id: str, *, since: datetime | None, below_uid: int | None, limit: int
    ) -> Imported:
        """Import from the inbox. Raises `NoMailbox`, and what the mailbox raises."""
        account = await self._mailboxes.account(tenant_id)
        if account is None:
            raise NoMailbox(f"tenant {tenant_id} has no credential 'imap'")
        async with self._mailboxes.open(tenant_id, "inbox") as folder:
            async with self._transactions.reading(tenant_id) as session:
                cursor = await self._letters.cursor(session, tenant_id, account.mailbox, folder.name)
            before = cursor.connected_at if cursor is not None else self._clock()
            uids = await folder.received(since=since, before=before)
            older = sorted((uid for uid in uids if below_uid is None or uid < below_uid), reverse=True)
            portion, taken, known = older[:limit], 0, 0
            for uid in portion:
                fetched = await folder.fetch(uid, most_bytes=LARGEST)
                if fetched is None:
                    continue
                arrival = Arrival(fetched.raw, fetched.received_at, "history", whole=fetched.whole)
                prepared = await self._take.prepare(tenant_id, arrival)
                if prepared is None:
                    continue
                async with self._transactions.begin(tenant_id) as transaction:
                    following = await self._take.keep(transaction.session, tenant_id, prepared)
                    transaction.say(*following)
                taken, known = (taken + 1, known) if following else (taken, known + 1)
        return Imported(taken, known, portion[-1] if len(older) > limit else None)
