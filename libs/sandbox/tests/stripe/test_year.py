"""A year of a subscription: what its invoices say is what a calendar and a fraction say."""

import itertools
from datetime import UTC, datetime
from fractions import Fraction

from .conftest import DAY, HOUR, START

SMALL, LARGE = 4_900, 14_900
ENDS = [
    (2026, 1, 31), (2026, 2, 28), (2026, 3, 31), (2026, 4, 30), (2026, 5, 31), (2026, 6, 30), (2026, 7, 31),
    (2026, 8, 31), (2026, 9, 30), (2026, 10, 31), (2026, 11, 30), (2026, 12, 31), (2027, 1, 31),
]  # fmt: skip
BOUNDS = [int(datetime(*day, 9, 0, tzinfo=UTC).timestamp()) for day in ENDS]
CHANGES = {
    1: (9 * DAY + 12_345, LARGE, 1),
    4: (20 * DAY + 7, SMALL, 3),
    5: (1, LARGE, 2),
    9: (30 * DAY - 59, SMALL, 1),
}
"""In which month, how long after its beginning, to which price and how many."""


def rounded(exact: Fraction) -> int:
    """Halves away from zero."""
    whole = abs(exact) + Fraction(1, 2)
    return (1 if exact >= 0 else -1) * (whole.numerator // whole.denominator)


def expected() -> list[int]:
    """The total of every invoice, by an account of its own."""
    amount, many, carried, totals = SMALL, 1, 0, [SMALL]
    for month, (start, end) in enumerate(itertools.pairwise(BOUNDS)):
        if month in CHANGES:
            after, new_amount, new_many = CHANGES[month]
            left = Fraction(end - start - after, end - start)
            carried += rounded(-amount * many * left) + rounded(new_amount * new_many * left)
            amount, many = new_amount, new_many
        totals.append(amount * many + carried)
        carried = 0
    return totals


async def test_a_year_of_renewals_with_changes_is_invoiced_to_the_cent(shop) -> None:
    clock = await shop.clock()
    customer = await shop.customer(clock)
    prices = {SMALL: await shop.price(SMALL), LARGE: await shop.price(LARGE)}
    subscription = await shop.subscribe(customer, prices[SMALL])
    item = subscription["items"].data[0].id
    assert BOUNDS[0] == START
    for month, start in enumerate(BOUNDS[:-1]):
        if month in CHANGES:
            after, amount, many = CHANGES[month]
            await shop.advance(clock, start + after)
            wish = {"items": [{"id": item, "price": prices[amount], "quantity": many}]}
            await shop.v1.subscriptions.update_async(subscription.id, wish)
        await shop.advance(clock, BOUNDS[month + 1])
    await shop.advance(clock, BOUNDS[-1] + HOUR)

    invoices = await shop.invoices(customer)
    assert [invoice.total for invoice in invoices] == expected()
    assert {invoice.status for invoice in invoices} == {"paid"}
    assert [invoice.created for invoice in invoices] == BOUNDS
    for invoice in invoices:
        assert sum(line.amount for line in invoice.lines.data) == invoice.total == invoice.amount_paid
    numbers = [invoice.number.rpartition("-")[2] for invoice in invoices]
    assert numbers == [f"{number:04d}" for number in range(1, 14)]


async def test_a_change_that_is_invoiced_at_once_credits_and_debits_by_the_second(shop) -> None:
    clock = await shop.clock()
    customer = await shop.customer(clock)
    small, large = await shop.price(SMALL), await shop.price(LARGE)
    subscription = await shop.subscribe(customer, small)
    item = subscription["items"].data[0].id
    await shop.advance(clock, START + 10 * DAY + 1)
    preview = await shop.v1.invoices.create_preview_async({
        "subscription": subscription.id,
        "subscription_details": {"items": [{"id": item, "price": large}], "proration_behavior": "always_invoice"},
    })  # fmt: skip
    wish = {"items": [{"id": item, "price": large}], "proration_behavior": "always_invoice"}
    await shop.v1.subscriptions.update_async(subscription.id, wish)

    left = Fraction(18 * DAY - 1, 28 * DAY)
    invoice = (await shop.invoices(customer))[-1]
    amounts = [line.amount for line in invoice.lines.data]
    assert amounts == [rounded(-SMALL * left), rounded(LARGE * left)]
    assert invoice.billing_reason == "subscription_update"
    assert invoice.parent.subscription_details.subscription == subscription.id
    assert all(line.parent.subscription_item_details.proration for line in invoice.lines.data)
    assert [line.amount for line in preview.lines.data] == amounts


async def test_a_downgrade_leaves_a_credit_that_the_next_invoice_uses_up(shop) -> None:
    clock = await shop.clock()
    customer = await shop.customer(clock)
    small, large = await shop.price(SMALL), await shop.price(LARGE)
    subscription = await shop.subscribe(customer, large)
    item = subscription["items"].data[0].id
    await shop.advance(clock, START + 7 * DAY)
    wish = {"items": [{"id": item, "price": small}], "proration_behavior": "always_invoice"}
    await shop.v1.subscriptions.update_async(subscription.id, wish)

    credit = rounded(-LARGE * Fraction(21, 28)) + rounded(SMALL * Fraction(21, 28))
    assert (await shop.v1.customers.retrieve_async(customer)).balance == credit
    await shop.advance(clock, BOUNDS[1] + HOUR)
    last = (await shop.invoices(customer))[-1]
    assert (last.starting_balance, last.amount_due, last.ending_balance) == (credit, 0, credit + SMALL)


async def test_nothing_is_prorated_when_the_caller_wants_none(shop) -> None:
    clock = await shop.clock()
    customer = await shop.customer(clock)
    small, large = await shop.price(SMALL), await shop.price(LARGE)
    subscription = await shop.subscribe(customer, small)
    item = subscription["items"].data[0].id
    await shop.advance(clock, START + 7 * DAY)
    wish = {"items": [{"id": item, "price": large}], "proration_behavior": "none"}
    await shop.v1.subscriptions.update_async(subscription.id, wish)
    await shop.advance(clock, BOUNDS[1] + HOUR)
    assert [invoice.total for invoice in await shop.invoices(customer)] == [SMALL, LARGE]


async def test_a_change_to_a_yearly_price_begins_a_new_cycle_with_what_was_not_used_credited(shop) -> None:
    clock = await shop.clock()
    customer = await shop.customer(clock)
    yearly = await shop.price(49_000, recurring={"interval": "year"})
    subscription = await shop.subscribe(customer, await shop.price(SMALL))
    item = subscription["items"].data[0].id
    await shop.advance(clock, START + 14 * DAY)
    changed = await shop.v1.subscriptions.update_async(
        subscription.id, {"items": [{"id": item, "price": yearly}]}
    )
    assert changed["items"].data[0].current_period_end == START + (14 + 365) * DAY
    assert [line.amount for line in (await shop.invoices(customer))[-1].lines.data] == [-SMALL // 2, 49_000]
