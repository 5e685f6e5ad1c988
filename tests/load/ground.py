"""The ground that is measured on: a stack of its own, a fresh virtual host and database, programs in processes."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from frontdesk.stack import Stack, load_environment

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LINE_BYTES = 8 * 1024 * 1024
Answer = dict[str, JsonValue]


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int = 3
    events: int = 6000
    seconds: float = 5.0
    enquiries: int = 100
    pages: int = 4
    tenants: int = 50
    megabytes: int = 1000
    duplicates: float = 0.05


@dataclass(frozen=True)
class Ground:
    """Where a figure is measured."""

    folder: Path
    environment: Mapping[str, str]
    size: Size

    @property
    def amqp_url(self) -> str:
        """The virtual host of this run."""
        return self.environment["AMQP_URL"]

    @property
    def database_url(self) -> str:
        """The database of this run, as its owner."""
        return self.environment["DATABASE_URL"]

    async def run(self, program: str, **arguments: JsonValue) -> Answer:
        """Run a program to its end; returns what it measured. Raises `ProgramFailed`."""
        async with self.running(program, **arguments) as running:
            return await running.answer()

    @asynccontextmanager
    async def running(self, program: str, **arguments: JsonValue) -> AsyncIterator[Running]:
        """A program of `programs/` in a process of its own, ended with the block."""
        given = {**os.environ, **self.environment}
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(HERE / "programs" / f"{program}.py"), json.dumps(arguments),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=given, limit=LINE_BYTES,
        )  # fmt: skip
        try:
            yield Running(program, process)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


class ProgramFailed(Exception):
    """A measured program ended without an answer; what it said is above, on standard error."""


@dataclass(frozen=True)
class Running:
    """A program that runs."""

    name: str
    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    async def answer(self) -> Answer:
        """Its next line. Raises `ProgramFailed`."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            if line.startswith(b"{"):
                found: Answer = json.loads(line)
                return found
        raise ProgramFailed(f"programs/{self.name}.py ended with code {await self.process.wait()}")

    async def tell(self, **what: JsonValue) -> Answer:
        """Say something to it, and wait for its answer. Raises `ProgramFailed`."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        await self.process.stdin.drain()
        return await self.answer()


@asynccontextmanager
async def prepared_ground(size: Size) -> AsyncIterator[Ground]:
    """The benchmark's own stack (`.local/test-bench`), with a fresh virtual host and database; stopped at the end."""
    # Whatever broker the environment names is not ours to load.
    stack = Stack.at(ROOT / ".local" / "test-bench", given={})
    await asyncio.to_thread(stack.start)
    name = f"bench_{secrets.token_hex(4)}"
    try:
        environment = {
            **load_environment(stack.folder, given={}),
            "AMQP_URL": stack.create_vhost(name),
            "DATABASE_URL": await asyncio.to_thread(stack.create_database, name),
            "BLOB_URL": (stack.folder / "blobs").as_uri(),
            "LOG_LEVEL": "WARNING",
        }
        try:
            yield Ground(stack.folder, environment, size)
        finally:
            await asyncio.to_thread(stack.drop_database, name)
            stack.drop_vhost(name)
    finally:
        await asyncio.to_thread(stack.stop)


def number(answer: Answer, name: str) -> float:
    """A number that a program answered."""
    found = answer[name]
    if not isinstance(found, int | float):
        raise ProgramFailed(f"{name} is no number: {found!r}")
    return float(found)
