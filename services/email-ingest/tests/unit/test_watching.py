"""A watch loses nothing and takes nothing twice, whatever comes between its steps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from contracts.envelope import Envelope, Following
from contracts.messages.v1 import MessageReceived
from contracts.tenants.http_v1 import TenantProfile, Texts
from contracts.values import BlobRef
from email_ingest.application import watch_mailbox
from email_ingest.application.ports import Cursor, Fetched, MailAccount, MailboxRefused, TakenLetter
from email_ingest.application.take_letter_in import Arrival, TakeLetterIn
from email_ingest.application.watch_mailbox import WatchMailbox, WatchState
from email_ingest.domain.letter import LARGEST

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ACCOUNT = MailAccount("acme", "office@acme.test", None, "1")


def mail(number: int) -> bytes:
    return (
        f"From: a@example.org\r\nMessage-ID: <{number}@x.test>\r\nSubject: {number}\r\n\r\nHallo\r\n".encode()
    )


@dataclass
class FakeFolder:
    """A folder in memory; `comes_during_fetch` arrives unannounced while another mail is fetched."""

    mails: dict[int, bytes]
    comes_during_fetch: dict[int, bytes] = field(default_factory=dict)
    withheld: frozenset[int] = frozenset()
    name: str = "INBOX"
    uidvalidity: int = 1
    waits: int = 0
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def next_uid(self) -> int:
        return max(self.mails, default=0) + 1

    async def uids_after(self, uid: int) -> Sequence[int]:
        return [known for known in self.mails if known > uid]

    async def received(self, *, since: datetime | None, before: datetime | None) -> Sequence[int]:
        return list(self.mails)

    async def fetch(self, uid: int, *, most_bytes: int) -> Fetched | None:
        self.mails |= self.comes_during_fetch
        self.comes_during_fetch = {}
        if uid in self.withheld:
            raise ConnectionError("the server cannot read this mail")
        return Fetched(uid, self.mails[uid], NOW, len(self.mails[uid]), whole=True)

    async def wait(self, seconds: float) -> None:
        self.waiting.set()
        await asyncio.Event().wait()


@dataclass
class House:
    """Mailboxes, letters, transactions, profiles and blobs in memory."""

    folder: FakeFolder
    cursors: dict[str, Cursor] = field(default_factory=dict)
    kept: dict[str, TakenLetter] = field(default_factory=dict)
    said: list[Following] = field(default_factory=list)
    commits_that_fail: int = 0
    refuses: bool = False

    async def account(self, tenant_id: str) -> MailAccount:
        return ACCOUNT

    @asynccontextmanager
    async def open(self, tenant_id: str, folder: str) -> AsyncIterator[FakeFolder]:
        if self.refuses:
            raise MailboxRefused("the password is wrong")
        yield self.folder

    async def find_sent(self, tenant_id: str, message_id: str) -> str | None:
        return None

    async def append_sent(self, tenant_id: str, raw: bytes, at: datetime) -> str:
        return "Sent"

    async def keep(self, session: object, tenant_id: str, letter: TakenLetter) -> bool:
        if letter.fingerprint in self.kept:
            return False
        self.kept[letter.fingerprint] = letter
        return True

    async def cursor(self, session: object, tenant_id: str, mailbox: str, folder: str) -> Cursor | None:
        return self.cursors.get(folder)

    async def move_cursor(self, session: object, tenant_id: str, cursor: Cursor) -> None:
        self.cursors[cursor.folder] = cursor

    @asynccontextmanager
    async def begin(
        self, tenant_id: str, *, caused_by: Envelope | None = None
    ) -> AsyncIterator[FakeTransaction]:
        before = (dict(self.cursors), dict(self.kept))
        transaction = FakeTransaction()
        yield transaction
        if transaction.following and self.commits_that_fail:
            self.commits_that_fail -= 1
            self.cursors, self.kept = before
            raise ConnectionError("the database went away before the commit")
        self.said += transaction.following

    @asynccontextmanager
    async def reading(self, tenant_id: str) -> AsyncIterator[None]:
        yield None

    async def profile(self, tenant_id: str) -> TenantProfile:
        texts = {"de": Texts(signature="S", imprint="I", ai_notice="KI")}
        return TenantProfile(
            tenant_id="acme", name="Acme", version=1, mailbox="office@acme.test", display_name="Acme",
            agent_email="agent@acme.test", texts=texts,
        )  # fmt: skip

    async def put(self, tenant_id: str, data: bytes, media_type: str) -> BlobRef:
        return BlobRef(key="acme/0", size=len(data), media_type=media_type)

    async def get(self, tenant_id: str, ref: BlobRef) -> bytes:
        return b""

    def subjects(self) -> list[str]:
        return [one.subject for one in self.said if isinstance(one, MessageReceived)]


@dataclass
class FakeTransaction:
    """A transaction of `House`."""

    session: object = None
    following: list[Following] = field(default_factory=list)

    def say(self, *following: Following) -> None:
        self.following.extend(following)


def watching(house: House) -> WatchMailbox:
    take = TakeLetterIn(profiles=house, mailboxes=house, blobs=house, letters=house, is_own=lambda *_: False)
    return WatchMailbox(
        mailboxes=house, letters=house, transactions=house, take=take, clock=lambda: NOW, renew_seconds=60
    )


async def watched(house: House) -> None:
    """Watch until the folder has nothing new."""
    task = asyncio.create_task(watching(house)(ACCOUNT, WatchState("acme", "inbox")))
    async with asyncio.timeout(20):
        await house.folder.waiting.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def known_up_to(uid: int, uidvalidity: int = 1) -> dict[str, Cursor]:
    return {"INBOX": Cursor("office@acme.test", "INBOX", uidvalidity, uid, NOW)}


async def test_what_lies_there_at_the_first_look_is_never_taken_in() -> None:
    house = House(FakeFolder({1: mail(1), 2: mail(2)}))
    await watched(house)
    assert house.subjects() == []
    assert house.cursors["INBOX"].last_uid == 2


async def test_a_mail_that_arrives_while_another_is_fetched_does_not_wait_for_the_next_news() -> None:
    house = House(FakeFolder({1: mail(1)}, comes_during_fetch={2: mail(2)}), known_up_to(0))
    await watched(house)
    assert house.subjects() == ["1", "2"]


async def test_a_mail_whose_commit_failed_is_taken_in_again_and_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch_mailbox, "_FIRST_PAUSE", 0.0)
    house = House(FakeFolder({1: mail(1), 2: mail(2)}), known_up_to(0), commits_that_fail=20)
    await watched(house)
    assert house.subjects() == ["1", "2"]


async def test_a_mail_that_the_server_never_hands_out_is_told_and_stops_nothing_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch_mailbox, "_FIRST_PAUSE", 0.0)
    house = House(FakeFolder({1: mail(1), 2: mail(2), 3: mail(3)}, withheld=frozenset({2})), known_up_to(0))
    await watched(house)
    assert house.subjects() == ["1", "INBOX 1/2", "3"]
    (told,) = [
        one
        for one in house.said
        if isinstance(one, MessageReceived) and one.problems and "1/2" in one.subject
    ]
    assert "does not hand out the mail with the number 2" in " ".join(told.problems)


async def test_a_new_numbering_tells_only_what_was_not_told_before() -> None:
    house = House(FakeFolder({1: mail(1)}), known_up_to(0))
    await watched(house)
    house.folder = FakeFolder({1: mail(1), 2: mail(2)}, uidvalidity=2)
    await watched(house)
    assert house.subjects() == ["1", "2"]
    assert house.cursors["INBOX"] == Cursor("office@acme.test", "INBOX", 2, 2, NOW)


async def test_a_watch_that_is_refused_ends_and_says_why() -> None:
    state = WatchState("acme", "inbox")
    async with asyncio.timeout(20):
        await watching(House(FakeFolder({}), refuses=True))(ACCOUNT, state)
    assert state.refused
    assert state.trouble == "the password is wrong"


def test_of_a_mail_that_is_too_large_only_the_beginning_goes_on() -> None:
    arrival = Arrival(b"Subject: x\r\n\r\n" + bytes(LARGEST), NOW, "webhook")
    assert not arrival.limited.whole
    assert arrival.limited.raw.startswith(b"Subject: x")
    assert len(arrival.limited.raw) < LARGEST
    fits = Arrival(bytes(LARGEST), NOW, "webhook")
    assert fits.limited is fits
