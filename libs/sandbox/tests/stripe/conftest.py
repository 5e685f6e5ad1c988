"""Stripe's real SDK against the sandbox, and its control plane."""

import functools
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import stripe

START = 1_769_850_000
"""2026-01-31T09:00:00Z: a day that most months do not have."""
DAY, HOUR = 86_400, 3_600


@dataclass(frozen=True)
class Shop:
    """A seller's view: the SDK, what is steered from outside, and the usual things made in a line."""

    sdk: stripe.StripeClient
    http: httpx.AsyncClient

    @property
    def v1(self) -> Any:
        return self.sdk.v1

    async def steer(self, path: str, **wish: object) -> Any:
        answer = await self.http.post(f"/_sandbox/stripe/{path}", json=wish)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def clock(self, at: int = START) -> str:
        return (await self.v1.test_helpers.test_clocks.create_async({"frozen_time": at})).id

    async def advance(self, clock: str, to: int) -> None:
        await self.v1.test_helpers.test_clocks.advance_async(clock, {"frozen_time": to})
        assert (await self.v1.test_helpers.test_clocks.retrieve_async(clock)).status == "ready"

    async def customer(self, clock: str | None = None, card: str | None = "pm_card_visa") -> str:
        wish: dict[str, object] = {"email": "anna@müller.test", "name": "Anna Müller"}
        customer = (await self.v1.customers.create_async(wish | ({"test_clock": clock} if clock else {}))).id
        if card is not None:
            await self.give_card(customer, card)
        return customer

    async def give_card(self, customer: str, card: str) -> None:
        method = await self.v1.payment_methods.attach_async(card, {"customer": customer})
        await self.v1.customers.update_async(
            customer, {"invoice_settings": {"default_payment_method": method.id}}
        )

    async def price(self, amount: int, **more: object) -> str:
        wish = {
            "currency": "eur", "unit_amount": amount, "recurring": {"interval": "month"},
            "product_data": {"name": f"Tarif {amount}"},
        }  # fmt: skip
        return (await self.v1.prices.create_async(wish | more)).id

    async def meter(self, event_name: str = "letters") -> str:
        wish = {
            "display_name": "Letters",
            "event_name": event_name,
            "default_aggregation": {"formula": "sum"},
        }
        return (await self.v1.billing.meters.create_async(wish)).id

    async def subscribe(self, customer: str, price: str, **more: object) -> Any:
        wish = {"customer": customer, "items": [{"price": price}]}
        return await self.v1.subscriptions.create_async(wish | more)

    async def invoices(self, customer: str) -> list[Any]:
        """Oldest first."""
        page = await self.v1.invoices.list_async({"customer": customer, "limit": 100})
        return list(reversed(page.data))

    async def events(self, *kinds: str) -> list[Any]:
        """Oldest first."""
        page = await self.v1.events.list_async({"limit": 100} | ({"types": list(kinds)} if kinds else {}))
        return list(reversed(page.data))


def client(base: str, key: str = "sk_test_sandbox") -> stripe.StripeClient:
    addresses = dict.fromkeys(("api", "files", "connect", "meter_events"), f"{base}/stripe")
    return stripe.StripeClient(key, base_addresses=addresses, max_network_retries=0)  # pyright: ignore[reportArgumentType]


@functools.cache
def _usual(base: str) -> stripe.StripeClient:
    """One for all tests: what a client costs is its TLS context."""
    return client(base)


@pytest.fixture
def shop(sandbox) -> Shop:
    return Shop(_usual(sandbox.base), sandbox.http)
