"""TCP ports before Dovecot's sockets: IMAP (with STARTTLS), IMAP over TLS, and LMTP.

Bytes pass through unchanged. Being in between gives ports chosen by the kernel without a race, and
the faults that happen on a line: refused, cut and silent connections.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from sandbox.mail.certificate import Certificate
from sandbox.mail.faults import Faults

_CHUNK = 64 * 1024


class ImapFront:
    """Listens, and connects every client with Dovecot."""

    def __init__(self, faults: Faults, host: str = "127.0.0.1") -> None:
        self._host = host
        self._faults = faults
        self._servers: list[asyncio.Server] = []
        self._sessions: set[asyncio.Task[None]] = set()
        self._clients: set[asyncio.StreamWriter] = set()

    async def listen(
        self, port: int, behind: Path, certificate: Certificate | None = None, *, faulty: bool = True
    ) -> int:
        """Put a port (0: the kernel chooses) before a socket, with TLS when a certificate is given."""

        # Tasks of our own: asyncio reports a cancelled one of its own as an error (Python 3.11).
        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            session = asyncio.create_task(self._serve(reader, writer, behind, faulty=faulty))
            self._sessions.add(session)
            session.add_done_callback(self._sessions.discard)

        context = certificate.server_context() if certificate is not None else None
        server = await asyncio.start_server(serve, self._host, port, ssl=context)
        self._servers.append(server)
        return server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut what is open."""
        for server in self._servers:
            server.close()
        self.cut_all()
        for session in list(self._sessions):
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()

    def cut_all(self) -> int:
        """Cut every open connection, with no goodbye, and return how many there were."""
        open_now = list(self._clients)
        for client in open_now:
            client.transport.abort()
        return len(open_now)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, behind: Path, *, faulty: bool
    ) -> None:
        self._clients.add(writer)
        try:
            if not faulty or await self._suffer(reader, writer):
                await self._join(reader, writer, behind)
        except OSError:
            pass  # either side hung up: the other is closed below, which is all that is left to do
        finally:
            self._clients.discard(writer)
            writer.transport.abort()

    async def _suffer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Obey a fault ordered for new connections; return whether the conversation goes on."""
        fault = self._faults.take("imap", "connect")
        if fault is None:
            return True
        match fault.action:
            case "delay":
                await asyncio.sleep(fault.seconds)
                return True
            case "reply":
                writer.write(f"* BYE {fault.text or 'Server is busy, try again later'}\r\n".encode())
                await writer.drain()
                writer.close()
                await writer.wait_closed()
                return False
            case "hang":
                while await reader.read(_CHUNK):
                    pass  # listen and say nothing, until the client gives up
                return False
            case _:
                return False

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, behind: Path) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(behind)
        pumps = {
            asyncio.ensure_future(_pump(reader, server_writer)),
            asyncio.ensure_future(_pump(server_reader, writer)),
        }
        try:
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in done:
                pump.result()
            if not writer.is_closing():
                await asyncio.wait_for(_last_words(writer), 2)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            server_writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()


async def _last_words(writer: asyncio.StreamWriter) -> None:
    """Let the bytes that Dovecot sent before it hung up reach the client."""
    writer.close()
    await writer.wait_closed()
