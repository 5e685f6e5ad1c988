"""The tenants' mailboxes over IMAP: a thread of its own for each connection, ended at once when its task ends."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar

from chassis import Tenants
from chassis.errors import NeedsTenant
from contracts.tenants.http_v1 import Credential
from email_ingest.adapters.imap.client import ImapConnection, ImapServer
from email_ingest.adapters.imap.mapping import CREDENTIAL, ImapFolderMissing, ImapRefused
from email_ingest.application.ports import Fetched, FolderKind, MailAccount
from vendorkit import PUBLIC_ONLY, Guard

_Result = TypeVar("_Result")
_USUAL_SENT_FOLDER = "Sent"


class ImapMailboxes:
    """The port `email_ingest.application.ports.Mailboxes`."""

    def __init__(self, tenants: Tenants, guard: Guard = PUBLIC_ONLY) -> None:
        self._tenants = tenants
        self._guard = guard
        self._appending: dict[str, asyncio.Lock] = {}

    async def account(self, tenant_id: str) -> MailAccount | None:
        """A tenant's mailbox, None without one. Raises `RetryLater` when tenancy does not answer."""
        try:
            credential = await self._tenants.credential(tenant_id, CREDENTIAL)
        except NeedsTenant:
            return None
        values = {name: value.get_secret_value() for name, value in credential.values.items()}
        stamp = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()
        mailbox = values.get("username", "").strip().lower()
        return MailAccount(tenant_id, mailbox, values.get("authserv_id") or None, stamp)

    @asynccontextmanager
    async def open(self, tenant_id: str, folder: FolderKind | str) -> AsyncIterator[ImapFolder]:
        """A tenant's folder, open for reading."""
        async with self._connected(tenant_id) as calls:
            name = "INBOX" if folder == "inbox" else folder
            if folder == "sent":
                found = await calls.run(calls.connection.sent_folder)
                if found is None:
                    raise ImapFolderMissing(
                        "the mailbox has no Sent folder; name it as sent_folder in the credential 'imap'"
                    )
                name = found
            uidvalidity, next_uid = await calls.run(lambda: calls.connection.select(name))
            yield ImapFolder(name, uidvalidity, next_uid, calls)

    async def find_sent(self, tenant_id: str, message_id: str) -> str | None:
        """The Sent folder's name when it holds this message."""
        async with self._connected(tenant_id) as calls:
            name = await calls.run(calls.connection.sent_folder)
            if name is None:
                return None
            try:
                held = await calls.run(lambda: calls.connection.holds(name, message_id))
            except ImapFolderMissing:
                return None
            return name if held else None

    async def append_sent(self, tenant_id: str, raw: bytes, at: datetime) -> str:
        """Put a message into the Sent folder; its name. One at a time: providers count connections."""
        async with self._appending.setdefault(tenant_id, asyncio.Lock()), self._connected(tenant_id) as calls:
            name = await calls.run(calls.connection.sent_folder) or _USUAL_SENT_FOLDER
            await calls.run(lambda: calls.connection.append(name, raw, at))
            return name

    @asynccontextmanager
    async def _connected(self, tenant_id: str) -> AsyncIterator[_Calls]:
        server = server_of(await self._tenants.credential(tenant_id, CREDENTIAL))
        calls = _Calls(ImapConnection(server, self._guard), f"imap-{tenant_id}")
        try:
            await calls.run(calls.connection.connect)
            yield calls
        finally:
            calls.end()


class ImapFolder:
    """The port `email_ingest.application.ports.OpenFolder`."""

    def __init__(self, name: str, uidvalidity: int, next_uid: int, calls: _Calls) -> None:
        self.name = name
        self.uidvalidity = uidvalidity
        self.next_uid = next_uid
        self._calls = calls

    async def uids_after(self, uid: int) -> Sequence[int]:
        """The UIDs above one."""
        return await self._calls.run(lambda: self._calls.connection.uids_after(uid))

    async def received(self, *, since: datetime | None, before: datetime | None) -> Sequence[int]:
        """The UIDs of what was received at or after one time and before another."""
        return await self._calls.run(lambda: self._calls.connection.received(since, before))

    async def fetch(self, uid: int, *, most_bytes: int) -> Fetched | None:
        """A mail; None when it is gone."""
        return await self._calls.run(lambda: self._calls.connection.fetch(uid, most_bytes))

    async def wait(self, seconds: float) -> None:
        """Wait for news of the folder, at most so long."""
        await self._calls.run(lambda: self._calls.connection.wait(seconds))


class _Calls:
    """The blocking calls of one connection, in a thread of their own."""

    def __init__(self, connection: ImapConnection, name: str) -> None:
        self.connection = connection
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, call: Callable[[], _Result]) -> _Result:
        """Call, and wait for the result."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def end(self) -> None:
        """End the connection, and with it the call that may wait in it, and the thread."""
        self.connection.cut()
        self._thread.submit(self.connection.close)
        self._thread.shutdown(wait=False)


def server_of(credential: Credential) -> ImapServer:
    """A credential read as a server. Raises `ImapRefused`, which says what is wrong with it."""
    values = {name: value.get_secret_value() for name, value in credential.values.items()}
    security, port = values.get("security", "tls"), values.get("port", "993")
    if not values.get("host") or not port.isdecimal() or security not in ("tls", "starttls", "none"):
        raise ImapRefused(
            "the credential 'imap' must have host, port (a number) and security (tls, starttls or none)"
        )
    return ImapServer(
        host=values["host"],
        port=int(port),
        security=security,
        username=values.get("username", ""),
        password=credential.values["password"],
        ca_pem=values.get("ca_pem") or None,
        sent_folder=values.get("sent_folder") or None,
    )
