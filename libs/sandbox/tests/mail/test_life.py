"""Starting, stopping, and being killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import httpx
import psutil
import pytest
from starlette.applications import Starlette

from sandbox.mail import MailServers

PROGRAM = """
import asyncio, signal, ssl, sys
from pathlib import Path

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin with it ignored
import aiosmtplib, httpx
from sandbox.mail import MailServers
from starlette.applications import Starlette

async def main():
    servers = MailServers()
    await servers.start(Path(sys.argv[1]))
    for address in sys.argv[2:]:
        app = httpx.ASGITransport(Starlette(routes=servers.routes()))
        async with httpx.AsyncClient(transport=app, base_url="http://x") as client:
            await client.post("/mailboxes", json={"address": address, "password": "pw"})
        where = servers.addresses()
        host, port = where["smtp"].split(":")
        trust = ssl.create_default_context(cafile=where["ca"])
        await aiosmtplib.send(
            b"Subject: kept\\r\\n\\r\\nhello\\r\\n", sender=address, recipients=[address], hostname=host, port=int(port),
            username=address, password="pw", start_tls=True, tls_context=trust,
        )
    print("started", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await servers.stop()

asyncio.run(main())
"""


def _dovecots(state: Path) -> list[int]:
    """Process ids of every Dovecot process, of the master of this state folder and below."""
    runtime = (state / "mail-runtime").resolve()
    found: list[int] = []
    for process in psutil.process_iter(["cmdline"]):
        if str(runtime / "dovecot.conf") in (process.info["cmdline"] or []):
            found += [process.pid, *(child.pid for child in process.children(recursive=True))]
    return found


async def test_stopping_leaves_no_process_and_no_file_outside_the_state_folder(state: Path) -> None:
    servers = MailServers()
    await servers.start(state)
    runtime, processes = (state / "mail-runtime").resolve(), _dovecots(state)
    assert len(processes) > 3
    await servers.stop()
    await _until_gone(processes)
    assert not runtime.exists()
    assert servers.addresses() == {}


async def test_a_sandbox_killed_outright_takes_dovecot_along_and_the_next_start_tidies_up(
    state: Path,
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(state), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"started\n"
    runtime, processes = (state / "mail-runtime").resolve(), _dovecots(state)
    assert len(processes) > 3
    process.send_signal(signal.SIGKILL)
    await process.wait()
    await _until_gone(processes)
    servers = MailServers()
    await servers.start(state)
    await servers.stop()
    assert not runtime.exists()


@pytest.mark.parametrize("killed", [False, True])
async def test_accounts_letters_and_the_record_are_kept_over_a_restart(state: Path, killed: bool) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(state), "eva@kunde.example", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"started\n"
    process.send_signal(signal.SIGKILL if killed else signal.SIGINT)
    await process.wait()
    servers = MailServers()
    await servers.start(state)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=servers.routes())), base_url="http://x"
    )
    async with client:
        assert (await client.get("/mailboxes")).json() == {"mailboxes": ["eva@kunde.example"]}
        assert [mail["number"] for mail in (await client.get("/sent")).json()["sent"]] == [1]
        assert len((await client.get("/mailboxes/eva@kunde.example/INBOX")).json()["messages"]) == 1
    await servers.stop()


async def test_stopping_does_not_wait_for_open_connections(state: Path) -> None:
    servers = MailServers()
    await servers.start(state)
    streams = [
        await asyncio.open_connection(*servers.addresses()[name].split(":"))
        for name in ("smtp", "imap", "lmtp")
    ]
    for reader, _ in streams:
        await reader.readline()
    await servers.stop()
    for reader, writer in streams:
        assert await _rest(reader) == b""
        writer.close()


async def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_running(state: Path) -> None:
    taken = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    servers = MailServers(smtp_port=taken.sockets[0].getsockname()[1])
    with pytest.raises(OSError, match="address already in use"):
        await servers.start(state)
    assert not (state / "mail-runtime").exists()
    taken.close()


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


async def _until_gone(processes: list[int]) -> None:
    async with asyncio.timeout(15):
        while any(_alive(process) for process in processes):
            await asyncio.sleep(0.05)  # another process ends: there is no event to wait for


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
