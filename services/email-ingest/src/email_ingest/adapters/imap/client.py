"""One connection to a mail server, in blocking calls: the only place that knows IMAPClient."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import cast

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError
from imapclient.imapclient import SENT
from pydantic import SecretStr

from email_ingest.adapters.imap.mapping import (
    ImapFolderMissing,
    ImapRefused,
    login_failure,
    lost,
    refused_command,
)
from email_ingest.application.ports import Fetched
from vendorkit import MOST_TRIED, PUBLIC_ONLY, AddressRefused, Guard, named_tls_context

_CONNECT_SECONDS, _ANSWER_SECONDS = 10.0, 60.0
_POLL_SECONDS = 5.0
_DAY = timedelta(days=1)
_FIRST_IDLE_SECONDS = 1.0
"""What arrives in the moment in which IDLE begins may be overheard: IDLE is short after news, a search follows each."""


@dataclass(frozen=True, slots=True)
class ImapServer:
    """A server and how to log in."""

    host: str
    port: int
    security: str
    username: str
    password: SecretStr = field(repr=False)
    ca_pem: str | None = field(default=None, repr=False)
    sent_folder: str | None = None


class ImapConnection:
    """A connection. All calls but `cut` come from one thread; they raise the errors of `mapping`."""

    def __init__(self, server: ImapServer, guard: Guard = PUBLIC_ONLY) -> None:
        self._server = server
        self._guard = guard
        self._client: IMAPClient | None = None
        self._cut = False
        self._quiet = 0

    def connect(self) -> None:
        """Connect, secure, log in."""
        server = self._server
        with _meaning():
            self._client = client = self._reached()
            client.normalise_times = False
            if server.security == "starttls":
                client.starttls(_context(server))
            try:
                self._log_in(client)
            except LoginError as error:
                if isinstance(error.__context__, IMAPClientAbortError):  # hung up on, not refused
                    raise error.__context__ from None
                raise login_failure(error) from error
        if self._cut:
            self.cut()

    def _reached(self) -> IMAPClient:
        """A connection to one of the addresses that the guard has looked at; TLS verifies the host's name."""
        server, failure = self._server, OSError("the host has no address")
        context = _context(server) if server.security == "tls" else None
        for address in self._guard.checked(server.host, server.port, "imap")[:MOST_TRIED]:
            try:
                return IMAPClient(
                    str(address),
                    server.port,
                    ssl=server.security == "tls",
                    ssl_context=context,
                    timeout=cast(
                        "float", SocketTimeout(_CONNECT_SECONDS, _ANSWER_SECONDS)
                    ),  # its own form, not in its types
                )
            except OSError as error:
                failure = error
        raise failure

    def _log_in(self, client: IMAPClient) -> None:
        """LOGIN knows ASCII only; a password with an umlaut goes by AUTHENTICATE PLAIN."""
        username, password = self._server.username, self._server.password.get_secret_value()
        if (username + password).isascii():
            client.login(username, password)
        else:
            client.plain_login(username, password)

    def cut(self) -> None:
        """End the connection at once, from any thread: a call that waits in it fails."""
        self._cut = True
        if self._client is not None:
            with suppress(OSError, AttributeError):  # not there any more
                socket.socket.shutdown(self._client.socket(), socket.SHUT_RDWR)

    def close(self) -> None:
        """Give back what the connection holds."""
        if self._client is not None:
            with suppress(OSError, AttributeError, IMAPClientError):  # not there any more
                self._client.shutdown()

    def sent_folder(self) -> str | None:
        """The Sent folder: the one that was entered, else the one that the server marks, else None."""
        with _meaning():
            if self._server.sent_folder:
                return self._server.sent_folder
            found = self._ready.find_special_folder(SENT)
        return found.decode("ascii", "replace") if isinstance(found, bytes) else cast("str | None", found)

    def select(self, folder: str) -> tuple[int, int]:
        """Open a folder for reading only; its UIDVALIDITY and the next UID."""
        with _meaning():
            try:
                found = self._ready.select_folder(folder, readonly=True)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                raise ImapFolderMissing(f"the mailbox has no folder '{folder}' that can be opened") from error
            if b"UIDNEXT" in found:
                return int(found[b"UIDVALIDITY"]), int(found[b"UIDNEXT"])
            return int(found[b"UIDVALIDITY"]), max(self._search("ALL"), default=0) + 1

    def uids_after(self, uid: int) -> list[int]:
        """The UIDs above one. A server answers `n:*` with its last message even when that is below n."""
        with _meaning():
            # A search looks at what was announced before it; what its own end announces, IDLE does not announce again.
            self._ready.noop()
            new = [found for found in self._search("UID", f"{uid + 1}:*") if found > uid]
        if new:
            self._quiet = 0
        return new

    def received(self, since: datetime | None, before: datetime | None) -> list[int]:
        """The UIDs of what the server received at or after one time and before another."""
        with _meaning():
            # SINCE compares dates as the server's own clock has them: a day earlier, and the times decide.
            uids = self._search("SINCE", (since - _DAY).date()) if since else self._search("ALL")
            found: list[int] = []
            for start in range(0, len(uids), 500):
                times = self._ready.fetch(uids[start : start + 500], ["INTERNALDATE"])
                for uid, items in times.items():
                    at = _moment(items.get(b"INTERNALDATE"))
                    if (since is None or at >= since) and (before is None or at < before):
                        found.append(uid)
            return found

    def fetch(self, uid: int, most_bytes: int) -> Fetched | None:
        """A mail without marking it as read, only its header when it is too large; None when it is gone."""
        with _meaning():
            about = self._ready.fetch([uid], ["RFC822.SIZE", "INTERNALDATE"]).get(uid)
            if about is None:
                return None
            size = int(cast("int", about.get(b"RFC822.SIZE", 0)))
            whole = size <= most_bytes
            item = "BODY[]" if whole else "BODY[HEADER]"
            found = self._ready.fetch([uid], [item.replace("BODY", "BODY.PEEK")]).get(uid)
            if found is None:
                return None
            content = found.get(item.encode())
            raw = content if isinstance(content, bytes) else b""
            return Fetched(uid, raw, _moment(about.get(b"INTERNALDATE")), size, whole)

    def wait(self, seconds: float) -> None:
        """Wait until the server has news of the folder, at most so long."""
        with _meaning():
            if not self._ready.has_capability("IDLE"):
                sleep(min(seconds, _POLL_SECONDS))
                self._ready.noop()
                return
            self._ready.idle()
            news = self._ready.idle_check(timeout=min(seconds, _FIRST_IDLE_SECONDS * 2**self._quiet))
            self._quiet = 0 if news else min(self._quiet + 1, 12)
            self._ready.idle_done()

    def holds(self, folder: str, message_id: str) -> bool:
        """Whether a folder holds a mail of this Message-ID."""
        self.select(folder)
        with _meaning():
            return bool(self._search("HEADER", "Message-ID", message_id))

    def append(self, folder: str, raw: bytes, at: datetime) -> None:
        """Put a mail into a folder, as read; the folder is made when it is missing."""
        with _meaning():
            if not self._ready.folder_exists(folder):
                self._ready.create_folder(folder)
        with _meaning(ambiguous=True):
            self._ready.append(folder, raw, flags=[rb"\Seen"], msg_time=at)

    @property
    def _ready(self) -> IMAPClient:
        if self._client is None or self._cut:
            raise lost("the connection was ended", ambiguous=False)
        return self._client

    def _search(self, *criteria: object) -> list[int]:
        return [int(uid) for uid in cast("Sequence[int]", self._ready.search(cast("str", list(criteria))))]


def _context(server: ImapServer) -> ssl.SSLContext:
    try:
        return named_tls_context(server.host, cadata=server.ca_pem)
    except (ssl.SSLError, ValueError) as error:
        raise ImapRefused(
            "the certificate (ca_pem) in the credential 'imap' cannot be read; please enter it anew"
        ) from error


def _moment(value: object) -> datetime:
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.now(UTC)


@contextmanager
def _meaning(*, ambiguous: bool = False) -> Iterator[None]:
    """Say in our terms what failed: the connection, or the command."""
    try:
        yield
    except IMAPClientAbortError as error:
        raise lost(str(error), ambiguous=ambiguous) from error
    except AddressRefused as error:
        raise ImapRefused(f"the server in the credential 'imap' cannot be used: {error}") from error
    except IMAPClientError as error:
        raise refused_command(error) from error
    except OSError as error:
        raise lost(f"{type(error).__name__}: {error}", ambiguous=ambiguous) from error
