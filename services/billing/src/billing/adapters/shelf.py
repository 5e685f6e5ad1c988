"""What is sold, as it stands at Stripe: products, prices and meters, found by lookup keys and made where they are missing."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, cast

import stripe

from billing.adapters.stripe.client import VENDOR, Json, asked, asked_for
from billing.adapters.stripe.mapping import Price, read
from billing.domain.money import to_minor
from billing.domain.plans import Catalogue, Plan, PriceList
from billing.domain.rates import Rate, is_flat
from billing.domain.units import NAMES, UNITS, Unit, meter_name
from vendorkit import VendorContractBroken, VendorRejected


class Shelf:
    """Prices never change at Stripe, so what was found once is remembered."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client
        self._prices: dict[str, str] = {}
        self._units: dict[str, Unit | None] = {}
        self._meters: dict[Unit, str] = {}
        self._products: set[str] = set()

    async def price(self, lookup_key: str) -> str:
        """The id of a price. Raises `VendorRejected` when it was not seeded."""
        if lookup_key not in self._prices:
            await self._look_up([lookup_key])
        found = self._prices.get(lookup_key)
        if found is None:
            raise VendorRejected(
                f"Stripe has no price {lookup_key}: run 'frontdesk billing seed'", vendor=VENDOR
            )
        return found

    async def unit_of(self, price_id: str) -> Unit | None:
        """Which unit a price is of; None for a fee, or a price of somebody else's."""
        if price_id not in self._units:
            answer = await asked_for(self._client.v1.prices.retrieve_async(price_id))
            self._units[price_id] = read(Price, answer).unit if answer is not None else None
        return self._units[price_id]

    async def meter(self, unit: Unit) -> str | None:
        """The id of a unit's meter."""
        if unit not in self._meters:
            await self._find_meters()
        return self._meters.get(unit)

    async def seed(self, catalogue: Catalogue) -> list[str]:
        """Make what is missing; returns what was made. The same catalogue again makes nothing."""
        made = await self._seed_meters()
        for plan in catalogue.plans.values():
            made += await self._seed_plan(plan)
        for name, versions in catalogue.price_lists.items():
            for each in versions:
                made += await self._seed_list(name, each)
        return made

    async def _seed_meters(self) -> list[str]:
        await self._find_meters()
        made: list[str] = []
        for unit in UNITS:
            if unit in self._meters:
                continue
            answer = await asked(
                self._client.v1.billing.meters.create_async({
                    "display_name": NAMES[unit].en, "event_name": meter_name(unit), "default_aggregation": {"formula": "sum"},
                    "customer_mapping": {"type": "by_id", "event_payload_key": "stripe_customer_id"},
                    "value_settings": {"event_payload_key": "value"},
                })
            )  # fmt: skip
            self._meters[unit] = str(answer["id"])
            made.append(f"meter {meter_name(unit)}")
        return made

    async def _find_meters(self) -> None:
        answer = await asked(self._client.v1.billing.meters.list_async({"limit": 100, "status": "active"}))
        by_name = {str(each["event_name"]): str(each["id"]) for each in answer["data"]}
        self._meters = {unit: by_name[meter_name(unit)] for unit in UNITS if meter_name(unit) in by_name}

    async def _seed_plan(self, plan: Plan) -> list[str]:
        wanted = {plan_key(plan.name, code, fee): (code, fee) for code, fee in plan.monthly.items()}
        made: list[str] = []
        for key in await self._missing(wanted):
            code, fee = wanted[key]
            product = await self._product(f"frontdesk_plan_{plan.name}", plan.title.get("en", plan.name))
            made.append(
                await self._make_price(
                    key, product, code, {"unit_amount": to_minor(fee, code), "recurring": {"interval": "month"}},
                    {"plan": plan.name},
                )
            )  # fmt: skip
        return made

    async def _seed_list(self, name: str, prices: PriceList) -> list[str]:
        wanted: dict[str, tuple[Unit, str, Rate]] = {
            usage_key(name, prices.version, unit, code): (unit, code, rate)
            for code, by_unit in prices.prices.items()
            for unit, rate in by_unit.items()
        }
        made: list[str] = []
        for key in await self._missing(wanted):
            unit, code, rate = wanted[key]
            product = await self._product(f"frontdesk_usage_{unit}", NAMES[unit].en)
            recurring = {"interval": "month", "usage_type": "metered", "meter": self._meters[unit]}
            made.append(
                await self._make_price(
                    key, product, code, {**_terms(rate, code), "recurring": recurring},
                    {"unit": unit, "list": name, "version": prices.version},
                )
            )  # fmt: skip
        return made

    async def _missing(self, keys: Iterable[str]) -> list[str]:
        wanted = list(keys)
        await self._look_up(wanted)
        return [key for key in wanted if key not in self._prices]

    async def _look_up(self, keys: list[str]) -> None:
        for start in range(0, len(keys), 10):
            params: Any = {"lookup_keys": keys[start : start + 10], "active": True, "limit": 100}
            answer = await asked(self._client.v1.prices.list_async(params))
            for each in answer["data"]:
                found = read(Price, cast(Json, each))
                if found.lookup_key is not None:
                    self._prices[found.lookup_key] = found.id
                    self._units[found.id] = found.unit

    async def _product(self, product_id: str, name: str) -> str:
        if product_id not in self._products:
            if await asked_for(self._client.v1.products.retrieve_async(product_id)) is None:
                await asked(self._client.v1.products.create_async({"id": product_id, "name": name}))
            self._products.add(product_id)
        return product_id

    async def _make_price(
        self, key: str, product: str, code: str, terms: dict[str, object], metadata: dict[str, str]
    ) -> str:
        params: Any = {
            "product": product,
            "currency": code.lower(),
            "lookup_key": key,
            "metadata": metadata,
            **terms,
        }
        answer = await asked(self._client.v1.prices.create_async(params))
        found = read(Price, answer)
        if found.lookup_key != key:
            raise VendorContractBroken(f"Stripe made a price without its lookup key {key}", vendor=VENDOR)
        self._prices[key], self._units[found.id] = found.id, found.unit
        return f"price {key}"


def plan_key(plan: str, code: str, fee: Decimal) -> str:
    """The lookup key of a plan's fee: another fee is another price."""
    return f"frontdesk/plan/{plan}/{code}/{fee:f}"


def usage_key(name: str, version: str, unit: Unit, code: str) -> str:
    """The lookup key of a unit's price in a version of a price list."""
    return f"frontdesk/usage/{name}/{version}/{unit}/{code}"


def _terms(rate: Rate, code: str) -> dict[str, object]:
    """A rate as Stripe's price has it: per unit, or in graduated tiers."""
    tiers = [
        {"up_to": tier.up_to or "inf", "unit_amount_decimal": format(_in_coins(tier.each, code), "f")}
        for tier in rate
    ]
    if is_flat(rate):
        return {"unit_amount_decimal": tiers[0]["unit_amount_decimal"]}
    return {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": tiers}


def _in_coins(price: Decimal, code: str) -> Decimal:
    """A price in the currency's smallest coins, with every digit."""
    exact = price.scaleb(2 if to_minor(Decimal(1), code) == 100 else 0)
    return exact.normalize() if exact else Decimal(0)
