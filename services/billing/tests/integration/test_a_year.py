"""A simulated year: use each month, a change of plan up and down, a payment that fails, a credit; the ledger and the invoices agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from billing.adapters.books import StoredBooks

Make = Callable[..., Any]
BEGIN = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
"""The last of January: months of every length follow."""
PRICES = {
    "message": Decimal("0.02"),
    "document": Decimal("0.05"),
    "page": Decimal("0.015"),
    "token": Decimal("0.0000125"),
}


async def test_the_ledgers_sum_is_the_invoices_to_the_cent_over_a_year(
    house: Any, tenant_id: str, enquiry: Make, analysed: Make, drafted: Make
) -> None:
    year = Year(house, tenant_id)
    await year.begin()
    used: dict[str, int] = {"message": 0, "document": 0, "page": 0, "token": 0}
    for month in range(12):
        await year.goes_on(timedelta(days=11))
        facts = [
            *(enquiry(at=house.clock()) for _ in range(month % 3 + 1)), analysed(pages=month + 1, tokens=(1_007 * (month + 3), 13)),
            drafted(f"lead-{month}", tokens=37_003 + 4_111 * month),
        ]  # fmt: skip
        for fact in facts:
            await house.said(fact, tenant_id)
        used["message"] += month % 3 + 1
        used["document"] += 1
        used["page"] += month + 1
        used["token"] += 1_007 * (month + 3) + 13 + 37_003 + 4_111 * month
        await house.ask("POST", "/api/v1/billing/fleet/report")
        if month in (2, 8):
            await house.ask("POST", "/api/v1/billing/plan", tenant_id, plan="company")
        if month in (5, 9):
            await house.ask("POST", "/api/v1/billing/plan", tenant_id, plan="starter")
        if month == 6:
            await year.card("pm_card_chargeCustomerFail")
        if month == 7:
            await year.card("pm_card_visa")
            await year.pay_what_is_open()
        if month == 10:
            await year.credit(Decimal("7.77"))
        await year.to_the_end_of_the_period()
    await house.catch_up()

    invoices = await house.ask("GET", "/api/v1/billing/invoices?limit=200", tenant_id)
    at_stripe = await year.invoices()
    books = await year.sums()

    assert len(invoices) >= 13
    assert {each["invoice_id"]: Decimal(each["total"]) for each in invoices} == at_stripe
    assert await year.issued() == sum(at_stripe.values())
    assert any(
        line["proration"] and Decimal(line["amount"]) < 0 for each in invoices for line in each["lines"]
    )
    # What the ledger reckons by itself, by unit and invoice, rounded once per line, is what Stripe wrote.
    for unit, quantity in used.items():
        lines = [line for each in invoices for line in each["lines"] if line["unit"] == unit]
        assert sum(Decimal(line["quantity"]) for line in lines) == quantity
        expected = [
            (Decimal(line["quantity"]) * PRICES[unit]).quantize(Decimal("0.01"), ROUND_HALF_UP)
            for line in lines
        ]
        assert [Decimal(line["amount"]) for line in lines] == expected
        assert books.get(f"unbilled:{unit}", Decimal(0)) == 0
        assert -books[f"revenue:{unit}"] == quantity * PRICES[unit]
    assert abs(books.get("rounding", Decimal(0))) < Decimal("0.01") * 4 * 13
    assert books["receivable"] == 0
    assert sum(books.values()) == 0
    paid = sum(Decimal(each["amount_paid"]) for each in invoices)
    assert books["cash"] == paid
    assert await house.ask("POST", f"/api/v1/billing/fleet/reconcile?tenant_id={tenant_id}") == []


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
