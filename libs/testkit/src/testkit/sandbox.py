"""The simulated vendors as the tests steer them: one program for the session, and its control plane."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio
from pydantic import BaseModel, JsonValue

from frontdesk.fleet.vendors import OUTWARD_ALLOW, Vendors, simulated_vendors
from testkit.mail import Mail
from testkit.payments import StripeSteering
from vendorkit import Guard

TO_THE_SANDBOX = Guard.allowing(OUTWARD_ALLOW)
"""What a vendor's adapter is given in a test, so that it reaches the simulated vendors on this machine."""


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
    stripe: StripeSteering
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

    async def browser(self, application_server_key: str) -> dict[str, JsonValue]:
        """Subscribe a browser to push messages; returns what a page gets of it (`PushSubscription.toJSON()`)."""
        made = await self._control.post(
            f"{self.addresses['push']}/subscribe", json={"applicationServerKey": application_server_key}
        )
        subscription: dict[str, JsonValue] = _checked(made).json()
        return subscription

    async def fire(self, **wish: JsonValue) -> Delivery:
        """Post a signed webhook: url=, secret=, body= (base64), delivery_id=, headers=, timestamp=."""
        return Delivery.model_validate_json(_checked(await self._control.post("fire", json=wish)).content)


@pytest_asyncio.fixture(scope="session")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    """The simulated vendors, started for this session and ended with it."""
    async with simulated_vendors(tmp_path_factory.mktemp("sandbox")) as vendors, steered(vendors) as sandbox:
        yield sandbox


@asynccontextmanager
async def steered(vendors: Vendors) -> AsyncIterator[Sandbox]:
    """The control plane of simulated vendors that run."""
    async with httpx.AsyncClient(
        base_url=f"{vendors.addresses['control']}/", timeout=120, trust_env=False
    ) as control:
        yield Sandbox(vendors.addresses, Mail(control), StripeSteering(control), control)


def _checked(answer: httpx.Response) -> httpx.Response:
    """Fail with what the control plane said."""
    if answer.is_error:
        raise AssertionError(
            f"the sandbox refused {answer.request.method} {answer.request.url}: {answer.text}"
        )
    return answer
