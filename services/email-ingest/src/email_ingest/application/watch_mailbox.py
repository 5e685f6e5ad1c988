"""One folder of one mailbox, watched: what arrives is taken in at once, what lay there before never is."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic

from email_ingest.application.ports import (
    Clock,
    Cursor,
    FolderKind,
    Letters,
    MailAccount,
    Mailboxes,
    MailboxRefused,
    OpenFolder,
    Transactions,
)
from email_ingest.application.take_letter_in import Arrival, TakeLetterIn
from email_ingest.domain.letter import LARGEST

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 60.0
_FETCHES = 8
"""How often a mail is asked for that the server does not hand out, before those behind it go on without it."""
_log = logging.getLogger("email_ingest.watch_mailbox")


@dataclass(slots=True)
class WatchState:
    """How a watch is doing; `trouble` is a sentence for people."""

    tenant_id: str
    folder: FolderKind
    watching: bool = False
    refused: bool = False
    trouble: str | None = None
    since: datetime | None = None
    failed_fetches: dict[int, int] = field(default_factory=dict[int, int])


class WatchMailbox:
    """Watches folders. `renew_seconds` is how long IDLE lasts at most before the folder is searched all the same."""

    def __init__(
        self, *, mailboxes: Mailboxes, letters: Letters, transactions: Transactions, take: TakeLetterIn, clock: Clock,
        renew_seconds: float,
    ) -> None:  # fmt: skip
        self._mailboxes = mailboxes
        self._letters = letters
        self._transactions = transactions
        self._take = take
        self._clock = clock
        self._renew_seconds = renew_seconds

    async def __call__(self, account: MailAccount, state: WatchState) -> None:
        """Watch until cancelled, or until the server refuses what the tenant entered; `state` tells how it goes."""
        pause = _FIRST_PAUSE
        while True:
            began = monotonic()
            try:
                await self._watch(account, state)
            except MailboxRefused as error:
                state.watching, state.refused, state.trouble = False, True, str(error)
                _log.warning("tenant %s, %s: the mailbox refuses us", account.tenant_id, state.folder)
                return
            except Exception as error:  # noqa: BLE001 — said, and tried again: a watch never ends by itself
                state.watching, state.trouble = False, str(error) or type(error).__name__
                _log.warning("tenant %s, %s: %s", account.tenant_id, state.folder, type(error).__name__)
            if monotonic() - began > _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 — spreads reconnects, hides nothing
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _watch(self, account: MailAccount, state: WatchState) -> None:
        async with self._mailboxes.open(account.tenant_id, state.folder) as folder:
            cursor = await self._begin(account, state, folder)
            state.trouble, state.since = None, self._clock()
            while True:
                # Until a search finds nothing: news that came while mails were fetched is not announced again.
                while uids := sorted(await folder.uids_after(cursor.last_uid)):
                    for uid in uids:
                        cursor = replace(cursor, last_uid=uid)
                        await self._take_one(account, state, folder, uid, cursor)
                state.watching = True
                await folder.wait(self._renew_seconds)

    async def _begin(self, account: MailAccount, state: WatchState, folder: OpenFolder) -> Cursor:
        """Where to go on; in a folder never seen: after what lies there now."""
        async with self._transactions.begin(account.tenant_id) as transaction:
            known = await self._letters.cursor(
                transaction.session, account.tenant_id, account.mailbox, folder.name
            )
            if known is None:
                now = self._clock().replace(microsecond=0)  # servers note arrival in whole seconds
                cursor = Cursor(account.mailbox, folder.name, folder.uidvalidity, folder.next_uid - 1, now)
                await self._letters.move_cursor(transaction.session, account.tenant_id, cursor)
                return cursor
        if known.uidvalidity == folder.uidvalidity:
            return known
        return await self._look_at_all_again(account, state, folder, known)

    async def _look_at_all_again(
        self, account: MailAccount, state: WatchState, folder: OpenFolder, known: Cursor
    ) -> Cursor:
        """The server has numbered the folder anew: what came since the first look is looked at; the known stays known."""
        for uid in sorted(await folder.received(since=known.connected_at, before=None)):
            await self._take_one(account, state, folder, uid, None)
        cursor = replace(known, uidvalidity=folder.uidvalidity, last_uid=folder.next_uid - 1)
        async with self._transactions.begin(account.tenant_id) as transaction:
            await self._letters.move_cursor(transaction.session, account.tenant_id, cursor)
        return cursor

    async def _take_one(
        self, account: MailAccount, state: WatchState, folder: OpenFolder, uid: int, cursor: Cursor | None
    ) -> None:
        """Take one mail in and move the cursor behind it, in one transaction."""
        arrival = await self._fetch(state, folder, uid)
        taken = await self._take.prepare(account.tenant_id, arrival) if arrival is not None else None
        if taken is None and cursor is None:
            return
        async with self._transactions.begin(account.tenant_id) as transaction:
            if taken is not None:
                transaction.say(*await self._take.keep(transaction.session, account.tenant_id, taken))
            if cursor is not None:
                await self._letters.move_cursor(transaction.session, account.tenant_id, cursor)

    async def _fetch(self, state: WatchState, folder: OpenFolder, uid: int) -> Arrival | None:
        """A mail; None when somebody deleted it meanwhile; one that the server never hands out is told as such."""
        failures = state.failed_fetches.get(uid, 0)
        if failures >= _FETCHES:
            problem = (
                f"The mail server does not hand out the mail with the number {uid} of the folder {folder.name}; "
                "please look at it in the mailbox."
            )
            raw = f"Subject: {folder.name} {folder.uidvalidity}/{uid}\r\n\r\n{problem}\r\n".encode()
            return Arrival(raw, self._clock(), "imap", sent=state.folder == "sent", problem=problem)
        state.failed_fetches[uid] = failures + 1
        fetched = await folder.fetch(uid, most_bytes=LARGEST)
        del state.failed_fetches[uid]
        if fetched is None:
            return None
        return Arrival(
            fetched.raw, fetched.received_at, "imap", sent=state.folder == "sent", whole=fetched.whole
        )
