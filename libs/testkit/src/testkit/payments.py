"""The sandbox's Stripe as the tests steer it: the person on its pages, its clock, its webhooks."""

from dataclasses import dataclass
from typing import Any

import httpx

Json = dict[str, Any]
"""An object of Stripe's interface, as the control plane gives it."""


@dataclass(frozen=True)
class StripeSteering:
    """Everything under `/_sandbox/stripe` (libs/sandbox/src/sandbox/stripe/FIDELITY.md)."""

    _control: httpx.AsyncClient

    async def pay(self, session: str, **details: str) -> Json:
        """The person paid a checkout: payment_method= (a test card's name), email=, name=. Gives the session."""
        return await self._post(f"checkout/{session}/complete", **details)

    async def leave(self, session: str) -> Json:
        """The checkout expired."""
        return await self._post(f"checkout/{session}/expire")

    async def act_in_portal(self, session: str, action: str, **details: object) -> Json:
        """The person did something in the portal: cancel, resume, change_plan (price=, quantity=), new_card (payment_method=), pay."""
        return await self._post(f"portal/{session}", action=action, **details)

    async def advance(self, seconds: int) -> int:
        """Let Stripe's own time go on, for customers without a test clock; gives the new time."""
        return (await self._post("clock", advance_seconds=seconds))["now"]

    async def deliver(self, **manner: object) -> None:
        """How events are delivered from now on: held=, twice=, delay_seconds=, api_version=; without any, as usual."""
        await self._post("webhooks", **manner)

    async def release(self, order: str = "given") -> int:
        """Send the held events: given, reversed or dropped; gives how many there were."""
        return (await self._post("webhooks/release", order=order))["released"]

    async def send_again(self, event: str) -> int:
        """Send an event once more; gives to how many endpoints."""
        return (await self._post("webhooks/again", event=event))["sent"]

    async def deliveries(self) -> list[Json]:
        """Every delivery with its attempts and their answers, oldest first."""
        answer = await self._control.get("stripe/webhooks")
        return answer.raise_for_status().json()["deliveries"]

    async def _post(self, path: str, **wish: object) -> Json:
        answer = await self._control.post(f"stripe/{path}", json=wish)
        if answer.is_error:
            raise AssertionError(f"the sandbox's Stripe refused {path}: {answer.text}")
        return answer.json()
