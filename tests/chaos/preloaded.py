"""Services forked from one process that has imported them all: a start costs milliseconds instead of seconds.

For the small form in the tests, whose many starts would otherwise spend most of their time importing. What a service
does from its `__main__` on is the same; only the imports are done before.

As a program: reads orders, a line of JSON each, from its standard input and answers each with the process's id.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

from launch import Order, run_service

_PR_SET_PDEATHSIG = 1


class Forked:
    """A process that another process of ours has forked: it is watched by its file descriptor, not waited for."""

    def __init__(self, pid: int) -> None:
        self._ended = asyncio.Event()
        try:
            self._descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            self._ended.set()
        else:
            asyncio.get_running_loop().add_reader(self._descriptor, self._end)

    @property
    def lives(self) -> bool:
        """Whether it runs."""
        return not self._ended.is_set()

    async def wait(self) -> None:
        """Wait until it is gone."""
        await self._ended.wait()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it lives."""
        if self.lives:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._ended.set()


class Preloaded:
    """The process that has imported all services and forks them."""

    def __init__(self, server: Process) -> None:
        self._server = server
        self._one_at_a_time = asyncio.Lock()

    async def start(self, order: Order, environment: Mapping[str, str], log: Path) -> Forked:
        """Fork a service. Raises `RuntimeError` when the server has died."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        line = json.dumps({"order": order._asdict(), "environment": dict(environment), "log": str(log)})
        async with self._one_at_a_time:
            self._server.stdin.write(line.encode() + b"\n")
            await self._server.stdin.drain()
            answer = await self._server.stdout.readline()
        if not answer:
            raise RuntimeError(f"{order.package} cannot be started: the process that forks services has died")
        return Forked(int(answer))


@asynccontextmanager
async def preloaded(packages: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[Preloaded]:
    """The server, for as long as the block lasts; what it forked dies with it."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, __file__, *packages, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield Preloaded(server)
    finally:
        with suppress(ProcessLookupError):
            server.kill()
        await server.wait()


def main(packages: Sequence[str]) -> None:
    """Import, then fork whatever is ordered until nobody orders any more."""
    for package in packages:
        importlib.import_module(f"{package}.app")
    if threading.active_count() != 1:
        raise RuntimeError("an import has started a thread: what is forked from here would lack it")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries our children
    for line in sys.stdin:
        wanted = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(Order(**wanted["order"]), wanted["environment"], wanted["log"])
        print(pid, flush=True)


def _become(order: Order, environment: Mapping[str, str], log: str) -> None:
    """Be the service, as if started anew: signals, session, standard streams, environment, the process's own name."""
    from chassis import health, metrics, telemetry

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for number, path in enumerate((os.devnull, log, log)):
        opened = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 (what was read ahead belongs to the server)
    os.environ.clear()
    os.environ.update(environment)
    metrics.PROCESS = health.PROCESS = telemetry.PROCESS = uuid4().hex[:12]
    run_service(order)
    sys.exit()


if __name__ == "__main__":
    main(sys.argv[1:])
