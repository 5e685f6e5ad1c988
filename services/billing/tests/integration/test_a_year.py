"""A simulated year: use each month, a change of plan up and down, a payment that fails, a credit; the ledger and the invoices agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from billing.adapters.books import StoredBooks

Make = Callable[..., Any]
Tiers = list[tuple[int | None, str]]
"""Up to so many, each at; reckoned here once more, not by billing's own arithmetic."""
BEGIN = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
"""The last of January: months of every length follow."""
UNITS = ("message", "document", "page", "token")
RATES: dict[str, dict[str, Tiers]] = {
    "starter": {
        "message": [(None, "0.02")], "document": [(None, "0.05")], "page": [(None, "0.015")], "token": [(None, "0.0000125")],
    },
    "company": {
        "message": [(1000, "0"), (None, "0.02")], "document": [(200, "0"), (None, "0.05")],
        "page": [(500, "0"), (5000, "0.015"), (None, "0.01")],
        "token": [(1_000_000, "0"), (20_000_000, "0.0000125"), (None, "0.00001")],
    },
}  # fmt: skip
CENT = Decimal("0.01")


async def test_the_ledgers_sum_is_the_invoices_to_the_cent_over_a_year(
    house: Any, tenant_id: str, enquiry: Make, analysed: Make, drafted: Make
) -> None:
    year = Year(house, tenant_id)
    months = await lived(year, enquiry, analysed, drafted)

    invoices = await house.ask("GET", "/api/v1/billing/invoices?limit=200", tenant_id)
    at_stripe = await year.invoices()
    books = await year.sums()

    assert len(invoices) >= 13
    assert {each["invoice_id"]: Decimal(each["total"]) for each in invoices} == at_stripe
    assert await year.issued() == sum(at_stripe.values())
    assert any(
        line["proration"] and Decimal(line["amount"]) < 0 for each in invoices for line in each["lines"]
    )
    agrees_with_what_is_reckoned_here(months, invoices, books)
    assert abs(books.get("rounding", Decimal(0))) < CENT * 4 * 13
    assert books["receivable"] == 0
    assert sum(books.values()) == 0
    paid = sum(Decimal(each["amount_paid"]) for each in invoices)
    assert books["cash"] == paid
    assert await house.ask("POST", f"/api/v1/billing/fleet/reconcile?tenant_id={tenant_id}") == []


async def lived(year: Year, enquiry: Make, analysed: Make, drafted: Make) -> list[tuple[str, dict[str, int]]]:
    """A company's year: each month's plan, as it was at its end, and what was used."""
    await year.begin()
    months: list[tuple[str, dict[str, int]]] = []
    plan = "starter"
    for month in range(12):
        await year.goes_on(timedelta(days=11))
        pages, tokens = 233 * (month + 1), 437_003 + 111_111 * month
        await year.uses(
            *(enquiry(at=year.house.clock()) for _ in range(month % 3 + 1)),
            analysed(pages=pages - 99, tokens=(1_007 * (month + 3), 13)),
            analysed(pages=99, tokens=None, cost=None), drafted(f"lead-{month}", tokens=tokens),
        )  # fmt: skip
        if month in (2, 5, 8, 9):
            plan = "company" if plan == "starter" else "starter"
            await year.house.ask("POST", "/api/v1/billing/plan", year.tenant_id, plan=plan)
        if month == 6:
            await year.card("pm_card_chargeCustomerFail")
        if month == 7:
            await year.card("pm_card_visa")
            await year.pay_what_is_open()
        if month == 10:
            await year.credit(Decimal("7.77"))
        used = {
            "message": month % 3 + 1,
            "document": 2,
            "page": pages,
            "token": tokens + 1_007 * (month + 3) + 13,
        }
        months.append((plan, used))
        await year.to_the_end_of_the_period()
    await year.house.catch_up()
    return months


def agrees_with_what_is_reckoned_here(
    months: list[tuple[str, dict[str, int]]], invoices: list[dict[str, Any]], books: dict[str, Decimal]
) -> None:
    """By unit, month and tier: rounded once per line it is what Stripe wrote; unrounded, what the ledger says was earned."""
    billed = [
        lines for each in reversed(invoices) if (lines := [line for line in each["lines"] if line["unit"]])
    ]
    assert len(billed) == 12
    for unit in UNITS:
        earned = Decimal(0)
        for (plan, used), lines in zip(months, billed, strict=True):
            parts = owed(RATES[plan][unit], used[unit])
            written = [
                (Decimal(each["quantity"]), Decimal(each["amount"])) for each in lines if each["unit"] == unit
            ]
            assert written == [
                (quantity, exact.quantize(CENT, ROUND_HALF_UP)) for quantity, exact in parts
            ], (unit, plan)
            earned += sum((exact for _, exact in parts), Decimal(0))
        assert books.get(f"unbilled:{unit}", Decimal(0)) == 0
        assert -books[f"revenue:{unit}"] == earned


def owed(tiers: Tiers, quantity: int) -> list[tuple[int, Decimal]]:
    """How many lie in each tier that is reached, and what they cost, unrounded."""
    parts: list[tuple[int, Decimal]] = []
    left, below = quantity, 0
    for up_to, each in tiers:
        here = left if up_to is None else min(left, up_to - below)
        parts.append((here, here * Decimal(each)))
        left, below = left - here, up_to or 0
        if not left:
            break
    return parts


class Year:
    """A company on a test clock of Stripe's, and billing's clock beside it."""

    def __init__(self, house: Any, tenant_id: str) -> None:
        self.house = house
        self.tenant_id = tenant_id
        self.customer = ""
        self.clock = ""

    async def begin(self) -> None:
        v1 = self.house.stripe.v1
        self.house.clock.frozen = BEGIN
        clock = await v1.test_helpers.test_clocks.create_async({"frozen_time": int(BEGIN.timestamp())})
        customer = await v1.customers.create_async(
            {"name": "Müller", "test_clock": clock.id, "metadata": {"tenant_id": self.tenant_id}}
        )
        self.clock, self.customer = clock.id, customer.id
        await self.card("pm_card_visa")
        books = StoredBooks(self.house.running.service.units)
        await self.house.ask("GET", "/api/v1/billing/subscription", self.tenant_id)
        async with books.fleet() as directory:
            await directory.enter(self.tenant_id, customer.id)
        async with books.of(self.tenant_id) as room:
            await room.companies.keep_customer(self.tenant_id, customer.id)
        prices = await v1.prices.list_async({"limit": 100})
        keys = {each.lookup_key: each.id async for each in prices.auto_paging_iter()}
        wanted = ["frontdesk/plan/starter/EUR/29.00"]
        wanted += [
            f"frontdesk/usage/standard/2026-01/{unit}/EUR"
            for unit in ("message", "document", "page", "minute", "token")
        ]
        await v1.subscriptions.create_async(
            {"customer": customer.id, "items": [{"price": keys[key]} for key in wanted]}
        )
        await self.house.catch_up()

    async def uses(self, *facts: Any) -> None:
        """Facts are told, recorded, and brought to the meters."""
        told = [await self.house.wire.say(fact, tenant_id=self.tenant_id) for fact in facts]
        for each in told:
            await self.house.until_recorded(self.tenant_id, each.id)
        await self.house.ask("POST", f"/api/v1/billing/fleet/report?tenant_id={self.tenant_id}")

    async def goes_on(self, by: timedelta) -> None:
        self.house.clock.frozen += by
        now = int(self.house.clock.frozen.timestamp())
        await self.house.stripe.v1.test_helpers.test_clocks.advance_async(self.clock, {"frozen_time": now})
        await self.house.catch_up()

    async def to_the_end_of_the_period(self) -> None:
        ends = (await self.house.ask("GET", "/api/v1/billing/subscription", self.tenant_id))["period_end"]
        await self.goes_on(datetime.fromisoformat(ends) + timedelta(hours=2) - self.house.clock.frozen)

    async def card(self, name: str) -> None:
        v1 = self.house.stripe.v1
        card = await v1.payment_methods.attach_async(name, {"customer": self.customer})
        await v1.customers.update_async(
            self.customer, {"invoice_settings": {"default_payment_method": card.id}}
        )

    async def pay_what_is_open(self) -> None:
        v1 = self.house.stripe.v1
        for invoice in (await v1.invoices.list_async({"customer": self.customer, "status": "open"})).data:
            await v1.invoices.pay_async(invoice.id)
        await self.house.catch_up()

    async def credit(self, amount: Decimal) -> None:
        v1 = self.house.stripe.v1
        found = (await v1.invoices.list_async({"customer": self.customer, "status": "paid"})).data
        last = next(each for each in found if each.amount_paid > 1000)
        coins = int(amount * 100)
        await v1.credit_notes.create_async({"invoice": last.id, "amount": coins, "credit_amount": coins})
        await self.house.catch_up()

    async def invoices(self) -> dict[str, Decimal]:
        found = await self.house.stripe.v1.invoices.list_async({"customer": self.customer, "limit": 100})
        return {each.id: Decimal(each.total) / 100 for each in found.data if each.status != "draft"}

    async def issued(self) -> Decimal:
        """What all invoices brought onto the account of what is owed."""
        return await self.house.owner.fetchval(
            "select sum(amount) from billing.postings where tenant_id = $1 and account = 'receivable' and entry_id like 'invoice:%issued'",
            self.tenant_id,
        )

    async def sums(self) -> dict[str, Decimal]:
        found = await self.house.ask("GET", f"/api/v1/billing/fleet/companies/{self.tenant_id}/balances")
        return {each["account"]: Decimal(each["amount"]) for each in found if each["currency"] == "EUR"}
