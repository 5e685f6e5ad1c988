"""Each service a process of its own, started again after every end."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import httpx

READY_SECONDS = 120.0
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


class Running(Protocol):
    """A process that runs one service."""

    @property
    def lives(self) -> bool:
        """Whether it runs."""
        ...

    async def wait(self) -> None:
        """Wait until it is gone."""
        ...

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it lives."""
        ...


class Supervised:
    """One service: how it is started, the process that runs it now, and how often it was started."""

    def __init__(self, name: str, start: Callable[[], Awaitable[Running]]) -> None:
        self.name = name
        self.starts = 0
        self._start = start
        self._process: Running | None = None

    @property
    def lives(self) -> bool:
        """Whether a process runs."""
        return self._process is not None and self._process.lives

    async def run(self, dice: random.Random) -> None:
        """Start it, and start it again after a short pause, until cancelled."""
        while True:
            self._process = await self._start()
            self.starts += 1
            await self._process.wait()
            await asyncio.sleep(dice.uniform(0.2, 1.5))

    def freeze(self) -> None:
        """Stop the process where it is, so that what it has in flight can be counted."""
        if self._process is not None:
            self._process.send(signal.SIGSTOP)

    async def kill(self) -> None:
        """`kill -9`, and wait until it is gone."""
        if self._process is not None:
            self._process.send(signal.SIGKILL)
            await self._process.wait()


class Child:
    """A process of ours."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Child:
        """Start a command that writes to a log and ends with us."""
        with log.open("ab") as output:
            return cls(
                await asyncio.create_subprocess_exec(
                    *command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    preexec_fn=_end_with_us,
                )
            )

    @property
    def lives(self) -> bool:
        """Whether it runs."""
        return self._process.returncode is None

    async def wait(self) -> None:
        """Wait until it is gone."""
        await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it lives."""
        if self.lives:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)


@asynccontextmanager
async def supervised(services: Sequence[Supervised], dice: random.Random) -> AsyncIterator[None]:
    """All of them running, for as long as the block lasts; at the end they are killed."""
    running = [asyncio.create_task(service.run(dice)) for service in services]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.gather(*(service.kill() for service in services))


def _end_with_us() -> None:
    """Have the kernel kill the service when this run is gone, however it went."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def environment_for(own: Mapping[str, str], byte_code: Path) -> dict[str, str]:
    """The service's own environment; where no compiled modules are kept, they are aside: a restart takes two seconds, not six."""
    names = ("PATH", "LANG", "HOME", "TMPDIR", "PYTHONPATH")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    aside = {"PYTHONPYCACHEPREFIX": str(byte_code)} if sys.dont_write_bytecode else {}
    return {**kept, **own, **aside, "LOG_LEVEL": "WARNING", "PYTHONUNBUFFERED": "1"}


async def wait_until_ready(urls: Mapping[str, str], *, seconds: float = READY_SECONDS) -> None:
    """Wait until every service consumes and serves. Raises `TimeoutError` that names those that do not."""
    missing = dict(urls)
    async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
        try:
            async with asyncio.timeout(seconds):
                while missing:
                    for name, url in list(missing.items()):
                        with contextlib.suppress(httpx.HTTPError):
                            if (await http.get(f"{url}/readyz")).status_code == 200:
                                del missing[name]
                    await asyncio.sleep(0.2)
        except TimeoutError as error:
            raise TimeoutError(f"not ready after {seconds:.0f} s: {', '.join(sorted(missing))}") from error
