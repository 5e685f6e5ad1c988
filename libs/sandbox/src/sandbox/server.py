"""Running the sandbox on a socket."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Protocol

import uvicorn
from starlette.routing import BaseRoute

from sandbox.app import Sandbox, create_sandbox, http_addresses
from sandbox.connections import CuttableProtocol
from sandbox.wire import json_object

_GRACE_SECONDS = 2
_IDLE_SECONDS = 75


class Mail(Protocol):
    """The mail half of the sandbox: SMTP and IMAP servers with control routes of their own."""

    async def start(self, state_dir: Path) -> None:
        """Listen."""
        ...

    async def stop(self) -> None:
        """Close the sockets and end the processes."""
        ...

    def addresses(self) -> dict[str, str]:
        """Where the servers are reached."""
        ...

    def routes(self) -> list[BaseRoute]:
        """The control routes, relative to /_sandbox/mail."""
        ...


@contextlib.asynccontextmanager
async def running(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    name: str | None = None,
    state_dir: Path | None = None,
    mail: Mail | None = None,
) -> AsyncIterator[Sandbox]:
    """Serve the sandbox for as long as the block lasts; port 0 takes a free one (see control.addresses).

    `name` is what others reach it by, where that is not the address that it listens on.
    """
    sandbox = create_sandbox(mail.routes() if mail else [])
    if state_dir is not None:
        _load(sandbox, state_dir)
    if mail is not None:
        if state_dir is None:
            raise ValueError("The mail servers need a folder for their certificate: give state_dir.")
        await mail.start(state_dir)
    try:
        with _listening(host, port) as listener:
            base = f"http://{name or host}:{listener.getsockname()[1]}"
            sandbox.control.addresses.update(http_addresses(base) | (mail.addresses() if mail else {}))
            async with _serving(sandbox, listener):
                yield sandbox
    finally:
        if mail is not None:
            await mail.stop()
        if state_dir is not None:
            _save(sandbox, state_dir)


@contextlib.asynccontextmanager
async def _serving(sandbox: Sandbox, listener: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        sandbox.asgi,
        http=CuttableProtocol,
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        # As long as real vendors do it: a pooled connection must not vanish while a client is about to use it.
        timeout_keep_alive=_IDLE_SECONDS,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        if task.done():
            await task
            raise RuntimeError("The sandbox's HTTP server ended before it had started.")
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: whoever runs the sandbox decides when it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@contextlib.contextmanager
def _listening(host: str, port: int) -> Generator[socket.socket, None, None]:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        yield listener
    finally:
        listener.close()


def _load(sandbox: Sandbox, state_dir: Path) -> None:
    state_dir.mkdir(parents=True, exist_ok=True)
    for name, vendor in sandbox.control.vendors.items():
        kept = state_dir / f"{name}.json"
        if kept.exists():
            vendor.load(json_object(kept.read_bytes()))


def _save(sandbox: Sandbox, state_dir: Path) -> None:
    for name, vendor in sandbox.control.vendors.items():
        state = vendor.dump()
        if state:
            kept, fresh = state_dir / f"{name}.json", state_dir / f"{name}.json.new"
            fresh.write_text(json.dumps(state))
            fresh.replace(kept)
