"""What a person does: a checkout, the portal."""

import pytest
import stripe

from .conftest import DAY, START


async def session(shop, price: str, **more: object):
    wish = {
        "mode": "subscription", "line_items": [{"price": price, "quantity": 2}],
        "success_url": "https://frontdesk.test/ok?session={CHECKOUT_SESSION_ID}", "cancel_url": "https://frontdesk.test/no",
        "client_reference_id": "t1", "metadata": {"tenant": "t1"}, "subscription_data": {"metadata": {"tenant": "t1"}},
    }  # fmt: skip
    return await shop.v1.checkout.sessions.create_async(wish | more)


async def test_who_pays_has_a_subscription_an_invoice_and_the_sellers_metadata(shop) -> None:
    made = await session(shop, await shop.price(4_900), customer_email="anna@müller.test")
    assert (made.status, made.payment_status, made.amount_total) == ("open", "unpaid", 9_800)
    await shop.steer(f"checkout/{made.id}/complete")
    done = await shop.v1.checkout.sessions.retrieve_async(
        made.id, {"expand": ["subscription", "line_items", "invoice"]}
    )
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert (done.subscription.status, done.subscription.metadata["tenant"]) == ("active", "t1")
    assert done.invoice.parent.subscription_details.metadata["tenant"] == "t1"
    assert done.line_items.data[0].quantity == 2
    assert (await shop.v1.customers.retrieve_async(done.customer)).email == "anna@müller.test"
    kinds = [event.type for event in await shop.events()]
    for kind in (
        "customer.created",
        "customer.subscription.created",
        "invoice.paid",
        "checkout.session.completed",
    ):
        assert kind in kinds


async def test_a_card_that_is_declined_leaves_the_checkout_open_and_a_person_can_confirm(shop) -> None:
    made = await session(shop, await shop.price(4_900), customer=await shop.customer(card=None))
    answer = await shop.http.post(
        f"/_sandbox/stripe/checkout/{made.id}/complete", json={"payment_method": "pm_card_chargeDeclined"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (402, "card_declined")
    assert (await shop.v1.checkout.sessions.retrieve_async(made.id)).status == "open"
    done = await shop.steer(f"checkout/{made.id}/complete", payment_method="pm_card_authenticationRequired")
    assert done["payment_status"] == "paid"


async def test_a_checkout_with_a_trial_asks_for_no_payment(shop) -> None:
    made = await session(
        shop, await shop.price(4_900), customer_email="a@b.de", subscription_data={"trial_period_days": 14}
    )
    assert made.amount_total == 0
    done = await shop.steer(f"checkout/{made.id}/complete")
    assert done["payment_status"] == "no_payment_required"


async def test_a_checkout_expires_after_a_day_or_when_it_is_told_to(shop) -> None:
    price = await shop.price(4_900)
    first, second = (
        await session(shop, price, customer_email="a@b.de"),
        await session(shop, price, customer_email="a@b.de"),
    )
    await shop.v1.checkout.sessions.expire_async(first.id)
    await shop.steer("clock", advance_seconds=DAY + 1)
    for made in (first, second):
        assert (await shop.v1.checkout.sessions.retrieve_async(made.id)).status == "expired"
    assert len(await shop.events("checkout.session.expired")) == 2
    with pytest.raises(stripe.InvalidRequestError):
        await shop.v1.checkout.sessions.expire_async(first.id)


async def test_the_pages_themselves_can_be_clicked_through(shop) -> None:
    made = await session(shop, await shop.price(4_900), customer_email="anna@müller.test")
    seen = await shop.http.get(made.url)
    assert "Tarif 4900: €98.00" in seen.text
    declined = await shop.http.post(made.url, data={"payment_method": "pm_card_chargeDeclined"})
    assert (declined.status_code, "declined" in declined.text) == (402, True)
    paid = await shop.http.post(made.url, data={"payment_method": "pm_card_visa"})
    assert (paid.status_code, paid.headers["location"]) == (
        303,
        f"https://frontdesk.test/ok?session={made.id}",
    )
    customer = (await shop.v1.checkout.sessions.retrieve_async(made.id)).customer
    portal = await shop.v1.billing_portal.sessions.create_async(
        {"customer": customer, "return_url": "https://frontdesk.test/billing"}
    )
    assert "active" in (await shop.http.get(portal.url)).text
    back = await shop.http.post(portal.url, data={"action": "cancel"})
    assert back.headers["location"] == "https://frontdesk.test/billing"
    subscription = (await shop.v1.subscriptions.list_async({"customer": customer})).data[0]
    assert subscription.cancel_at_period_end


async def test_in_the_portal_a_person_changes_plan_and_card(shop) -> None:
    customer = await shop.customer()
    made = await shop.subscribe(customer, await shop.price(4_900))
    portal = await shop.v1.billing_portal.sessions.create_async({"customer": customer})
    large = await shop.price(14_900)
    changed = await shop.steer(f"portal/{portal.id}", action="change_plan", price=large, quantity=2)
    assert changed["items"]["data"][0]["price"]["id"] == large
    await shop.steer(f"portal/{portal.id}", action="new_card", payment_method="pm_card_mastercard")
    card = await shop.v1.subscriptions.retrieve_async(made.id, {"expand": ["default_payment_method"]})
    assert card.default_payment_method.card.last4 == "4444"


async def test_in_the_portal_a_person_pays_what_is_open_once_the_card_is_good(shop) -> None:
    clock = await shop.clock()
    customer = await shop.customer(clock)
    made = await shop.subscribe(customer, await shop.price(4_900))
    await shop.give_card(customer, "pm_card_chargeCustomerFail")
    await shop.advance(clock, START + 32 * DAY)
    portal = await shop.v1.billing_portal.sessions.create_async({"customer": customer})
    declined = await shop.http.post(f"/_sandbox/stripe/portal/{portal.id}", json={"action": "pay"})
    await shop.steer(f"portal/{portal.id}", action="new_card", payment_method="pm_card_visa")
    await shop.steer(f"portal/{portal.id}", action="pay")

    assert (declined.status_code, declined.json()["error"]["code"]) == (402, "card_declined")
    assert {invoice.status for invoice in await shop.invoices(customer)} == {"paid"}
    assert (await shop.v1.subscriptions.retrieve_async(made.id)).status == "active"
