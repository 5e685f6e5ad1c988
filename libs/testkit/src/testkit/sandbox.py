"""The simulated vendors as the tests steer them: one program for the session, and its control plane."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from pydantic import BaseModel, JsonValue

from testkit.mail import Mail

_START_SECONDS = 30


class Seen(BaseModel):
    """One request as a vendor saw it."""

    number: int
    vendor: str
    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = {}
    body: JsonValue = None
    status: int | None = None
    fault: str | None = None


class Delivery(BaseModel):
    """How a webhook that the sandbox sent was answered."""

    status: int
    headers: dict[str, str]
    body: str
    delivery_id: str


@dataclass(frozen=True)
class Sandbox:
    """The simulated vendors, and what steers them."""

    addresses: Mapping[str, str]
    mail: Mail
    _control: httpx.AsyncClient

    def address(self, vendor: str) -> str:
        """Where a vendor is reached: `openai`, `gemini`, `weclapp`, `graph`, `graph_login`, `smtp`, `imap`, ..."""
        return self.addresses[vendor]

    async def reset(self, vendor: str | None = None) -> None:
        """Forget everything, mail too, or only what one vendor knows."""
        query = {} if vendor is None else {"vendor": vendor}
        _checked(await self._control.post("reset", params=query))
        if vendor is None:
            await self.mail.reset()

    async def seed(self, vendor: str, **data: JsonValue) -> None:
        """Give a vendor its data."""
        _checked(await self._control.post("seed", json={vendor: data}))

    async def seen(self, vendor: str | None = None, *, after: int = 0) -> list[Seen]:
        """The requests so far, newest last."""
        query: dict[str, str | int] = {"after": after} | ({} if vendor is None else {"vendor": vendor})
        answer = _checked(await self._control.get("seen", params=query))
        return [Seen.model_validate(entry) for entry in answer.json()["seen"]]

    async def state(self, vendor: str) -> dict[str, JsonValue]:
        """What a vendor holds now."""
        answer: dict[str, dict[str, JsonValue]] = _checked(
            await self._control.get("state", params={"vendor": vendor})
        ).json()
        return answer[vendor]

    async def fault(self, vendor: str, kind: str, **details: str | float) -> None:
        """Spoil a vendor's next requests: method=, path=, times=, retry_after=, seconds=."""
        _checked(await self._control.post("faults", json={"vendor": vendor, "kind": kind, **details}))

    async def clear_faults(self) -> None:
        """Let all vendors behave again, the mail servers too."""
        _checked(await self._control.delete("faults"))
        await self.mail.clear_faults()

    async def fire(self, **wish: JsonValue) -> Delivery:
        """Post a signed webhook: url=, secret=, body= (base64), delivery_id=, headers=, timestamp=."""
        return Delivery.model_validate_json(_checked(await self._control.post("fire", json=wish)).content)


@pytest_asyncio.fixture(scope="session")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    """The simulated vendors, started for this session and ended with it."""
    folder = tmp_path_factory.mktemp("sandbox")
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(  # noqa: ASYNC220 (starting takes no time; waiting does, and is awaited)
            [sys.executable, "-m", "sandbox", "--port", "0", "--state-dir", str(folder / "state")],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        addresses = await asyncio.to_thread(_addresses, process, log)
        async with httpx.AsyncClient(
            base_url=f"{addresses['control']}/", timeout=60, trust_env=False
        ) as control:
            yield Sandbox(addresses, Mail(control), control)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


def _addresses(process: "subprocess.Popen[bytes]", log: Path) -> dict[str, str]:
    """What the program prints once it serves."""
    for _ in range(_START_SECONDS * 20):
        for line in log.read_text().splitlines():
            if line.startswith("{"):
                printed: dict[str, str] = json.loads(line)
                return printed
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"the sandbox did not start:\n{log.read_text()}")


def _checked(answer: httpx.Response) -> httpx.Response:
    """Fail with what the control plane said."""
    if answer.is_error:
        raise AssertionError(
            f"the sandbox refused {answer.request.method} {answer.request.url}: {answer.text}"
        )
    return answer
