"""Dovecot asks here whether a login is right: its dict protocol, over a Unix socket.

A password file would be simpler, but Dovecot reads it again at most once a second, and it cannot
refuse exactly two logins and accept the third.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

from sandbox.mail.faults import Fault, Faults
from sandbox.mail.mailboxes import Mailboxes

KEY = "account/%u"


class AccountServer:
    """Answers one question, "what is this user's password", and lets faults answer first."""

    def __init__(self, mailboxes: Mailboxes, faults: Faults) -> None:
        self._mailboxes = mailboxes
        self._faults = faults
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, socket: Path) -> None:
        """Listen on the socket."""
        self._server = await asyncio.start_unix_server(self._converse, socket)

    async def stop(self) -> None:
        """Stop listening; Dovecot is gone by then."""
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await self._server.wait_closed()
        self._server = None

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while line := await reader.readline():
                if line.startswith(b"L"):  # a lookup; all else (H, the greeting) wants no answer
                    writer.write(await self._answer(line) + b"\n")
                    await writer.drain()
        except ConnectionError:
            pass  # Dovecot ended while we answered
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, line: bytes) -> bytes:
        address = line[1:].split(b"\t")[0].rstrip(b"\n").decode("utf-8", "replace").rpartition("/")[2]
        fault = self._faults.take("imap", "login", [address])
        if fault is not None:
            refusal = await _obey(fault)
            if refusal is not None:
                return refusal
        password = self._mailboxes.password(address)
        if password is None:
            return b"N"
        digest = hashlib.sha256(password.encode()).hexdigest()
        return b"O" + json.dumps({"password": f"{{SHA256.HEX}}{digest}"}).encode()


async def _obey(fault: Fault) -> bytes | None:
    match fault.action:
        case "refuse":
            return b"N"
        case "unavailable":
            return b"F" + b"ordered by the sandbox"
        case "delay":
            await asyncio.sleep(fault.seconds)
            return None
        case _:  # hang: Dovecot gives up after half a minute of its own accord
            await asyncio.Event().wait()
            return None
