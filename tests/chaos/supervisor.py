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
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

LAUNCHER = Path(__file__).with_name("launch.py")
READY_SECONDS = 120.0
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


class Supervised:
    """One service: the command, the process that runs it now, and how often it was started."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.starts = 0
        self._command = command
        self._environment = environment
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def lives(self) -> bool:
        """Whether a process runs."""
        return self._process is not None and self._process.returncode is None

    async def run(self, dice: random.Random) -> None:
        """Start it, and start it again after a short pause, until cancelled."""
        while True:
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=_end_with_us,
                )
            self.starts += 1
            await self._process.wait()
            await asyncio.sleep(dice.uniform(0.2, 1.5))

    def freeze(self) -> None:
        """Stop the process where it is, so that what it has in flight can be counted."""
        self._send(signal.SIGSTOP)

    async def kill(self) -> None:
        """`kill -9`, and wait until it is gone."""
        self._send(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
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


def command_of(package: str, broken: str | None, lease: float | None) -> list[str]:
    """How a service is started: as in production, unless a guard is off or leases are short."""
    if broken is None and lease is None:
        return [sys.executable, "-m", package]
    switches = [*(["--without", broken] if broken else []), *(["--lease", str(lease)] if lease else [])]
    return [sys.executable, str(LAUNCHER), *switches, package]


def environment_for(own: Mapping[str, str], byte_code: Path) -> dict[str, str]:
    """The service's own environment; compiled modules are kept aside, so that a restart takes two seconds, not six."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "LANG", "HOME", "TMPDIR", "PYTHONPATH")
    }
    return {
        **kept,
        **own,
        "LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPYCACHEPREFIX": str(byte_code),
    }


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
