"""A really running sandbox on a free port, fresh for every test."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from sandbox.server import running


@dataclass(frozen=True)
class Running:
    """Where the sandbox is, and a client that talks to it."""

    base: str
    http: httpx.AsyncClient

    async def fault(self, **wish: object) -> None:
        answer = await self.http.post("/_sandbox/faults", json=wish)
        assert answer.status_code == 201, answer.text

    async def seed(self, **wish: object) -> None:
        answer = await self.http.post("/_sandbox/seed", json=wish)
        assert answer.status_code == 204, answer.text


@pytest_asyncio.fixture(scope="session")
async def _server() -> AsyncIterator[Running]:
    async with running() as sandbox:
        base = sandbox.control.addresses["sandbox"]
        async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=20) as client:
            yield Running(base, client)


@pytest_asyncio.fixture
async def sandbox(_server: Running) -> Running:
    await _server.http.post("/_sandbox/reset")
    return _server


@pytest.fixture
def weclapp_headers() -> dict[str, str]:
    return {"AuthenticationToken": "token-1"}
