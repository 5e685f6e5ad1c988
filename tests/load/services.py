"""The product's own processes, as they run in pods: `python -m gateway`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
from ground import Ground


def gateway_process(
    ground: Ground, port: int, tenancy_url: str, **settings: str
) -> AbstractAsyncContextManager[int]:
    """The real gateway, with nothing kept from a run before."""
    snapshot = ground.folder / f"hooks-{port}.sealed"
    return service_process(
        ground, "gateway", port, TENANCY_URL=tenancy_url, GATEWAY_SNAPSHOT_PATH=str(snapshot), **settings
    )


@asynccontextmanager
async def service_process(ground: Ground, package: str, port: int, **settings: str) -> AsyncIterator[int]:
    """A service in a process of its own, ready; yields its process id."""
    environment = {**os.environ, **ground.environment, "HTTP_PORT": str(port), **settings}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", package, env=environment)
    try:
        await _ready(package, f"http://127.0.0.1:{port}/readyz", process)
        yield process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _ready(package: str, url: str, process: asyncio.subprocess.Process) -> None:
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(60):
        while process.returncode is None:
            try:
                if (await http.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
    raise AssertionError(f"{package} did not start")
