"""What a mail server means by a date: its own clock's, which may still be at yesterday."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import cast

from imapclient import IMAPClient
from pydantic import SecretStr

from email_ingest.adapters.imap.client import ImapConnection, ImapServer

CALIFORNIA = timezone(timedelta(hours=-8))


class ServerInCalifornia:
    """Holds letters by the time it received them, and compares SINCE with the date of its own clock (RFC 3501)."""

    def __init__(self, *received: datetime) -> None:
        self._received = {uid: at.astimezone(CALIFORNIA) for uid, at in enumerate(received, start=1)}

    def search(self, criteria: tuple[str, date]) -> list[int]:
        return [uid for uid, at in self._received.items() if at.date() >= criteria[1]]

    def fetch(self, uids: list[int], items: list[str]) -> dict[int, dict[bytes, datetime]]:
        return {uid: {items[0].encode(): self._received[uid]} for uid in uids}


def test_a_letter_is_found_by_its_time_although_the_servers_clock_was_still_at_yesterday() -> None:
    border = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
    server = ServerInCalifornia(border - timedelta(minutes=1), border, border + timedelta(hours=1))
    connection = ImapConnection(ImapServer("mail.test", 993, "tls", "a@acme.test", SecretStr("geheim")))
    connection._client = cast("IMAPClient", server)  # pyright: ignore[reportPrivateUsage] — no such server is at hand

    assert connection.received(border, None) == [2, 3]
