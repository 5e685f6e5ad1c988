"""The wire: keys, errors, idempotency, lists, search, metadata, faults."""

import asyncio

import pytest
import stripe

from .conftest import client


async def test_a_key_that_is_no_test_key_is_refused(sandbox) -> None:
    for key in ("sk_live_1234567890", "pk_test_1234567890"):
        with pytest.raises(stripe.AuthenticationError) as refused:
            await client(sandbox.base, key).v1.customers.list_async()
        assert key not in str(refused.value)
    await sandbox.seed(stripe={"keys": ["sk_test_known"]})
    with pytest.raises(stripe.AuthenticationError):
        await client(sandbox.base, "sk_test_other").v1.customers.list_async()
    assert (await client(sandbox.base, "sk_test_known").v1.customers.list_async()).data == []


async def test_what_is_wrong_with_a_request_is_said_as_stripe_says_it(shop) -> None:
    async def refusal(call) -> tuple[int | None, str | None, str | None]:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await call
        assert refused.value.request_id
        return refused.value.http_status, refused.value.code, refused.value.param

    v1 = shop.v1
    assert await refusal(v1.customers.retrieve_async("cus_x")) == (404, "resource_missing", "id")
    assert await refusal(v1.customers.create_async({"nmae": "x"})) == (400, "parameter_unknown", "nmae")
    assert await refusal(v1.products.create_async({})) == (400, "parameter_missing", "name")
    wrong = {"currency": "eur", "unit_amount": "many", "product_data": {"name": "x"}}
    assert await refusal(v1.prices.create_async(wrong)) == (400, "parameter_invalid_integer", "unit_amount")
    nowhere = v1.billing_portal.sessions.create_async({"customer": "cus_x"})
    assert await refusal(nowhere) == (400, "resource_missing", "customer")
    assert (await refusal(v1.customers.list_async({"limit": 101})))[2] == "limit"
    unknown = await shop.http.get("/stripe/v1/refunds", headers={"Authorization": "Bearer sk_test_x"})
    assert unknown.status_code == 404


async def test_a_key_of_idempotency_gives_the_first_answer_again_and_takes_no_other_request(shop) -> None:
    options = {"idempotency_key": "key-1"}
    first = await shop.v1.customers.create_async({"name": "Jürgen"}, options)
    again = await shop.v1.customers.create_async({"name": "Jürgen"}, options)
    assert again.id == first.id
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert len((await shop.v1.customers.list_async()).data) == 1
    with pytest.raises(stripe.IdempotencyError):
        await shop.v1.customers.create_async({"name": "Jörg"}, options)
    with pytest.raises(stripe.InvalidRequestError):
        await shop.v1.customers.create_async({"nmae": "x"}, {"idempotency_key": "key-2"})
    assert (await shop.v1.customers.create_async({"name": "x"}, {"idempotency_key": "key-2"})).name == "x"


async def test_a_key_whose_request_is_still_being_worked_on_is_a_conflict(shop, sandbox) -> None:
    await sandbox.seed(stripe={"work_ms": 100})
    options = {"idempotency_key": "key-1"}
    both = [shop.v1.customers.create_async({"name": "x"}, options) for _ in range(2)]
    answers = await asyncio.gather(*both, return_exceptions=True)
    conflicts = [answer for answer in answers if isinstance(answer, stripe.StripeError)]
    assert [conflict.http_status for conflict in conflicts] == [409]
    assert len((await shop.v1.customers.list_async()).data) == 1


async def test_a_connection_cut_after_the_work_was_done_is_healed_by_the_same_key(shop, sandbox) -> None:
    await sandbox.fault(vendor="stripe", kind="commit_then_cut", method="POST", path="/v1/customers")
    options = {"idempotency_key": "key-1"}
    with pytest.raises(stripe.APIConnectionError):
        await shop.v1.customers.create_async({"name": "x"}, options)
    healed = await shop.v1.customers.create_async({"name": "x"}, options)
    assert healed.last_response.headers["idempotent-replayed"] == "true"
    assert [c.id for c in (await shop.v1.customers.list_async()).data] == [healed.id]


async def test_who_asks_too_often_and_whom_a_failure_meets_are_told(shop, sandbox) -> None:
    await sandbox.fault(vendor="stripe", kind="503", path="/v1/prices*", times=None)
    with pytest.raises(stripe.APIError) as down:
        await shop.v1.prices.list_async()
    assert down.value.http_status == 503
    await sandbox.seed(stripe={"requests_per_second": 2})
    for _ in range(2):
        await shop.v1.customers.list_async()
    with pytest.raises(stripe.RateLimitError) as refused:
        await shop.v1.customers.list_async()
    assert refused.value.json_body["error"]["code"] == "rate_limit"


async def test_lists_go_by_cursor_in_both_directions(shop) -> None:
    made = [(await shop.v1.customers.create_async({"name": str(n)})).id for n in range(5)]
    newest = list(reversed(made))
    first = await shop.v1.customers.list_async({"limit": 2})
    assert ([c.id for c in first.data], first.has_more) == (newest[:2], True)
    walked = [c.id async for c in first.auto_paging_iter()]
    assert walked == newest
    before = await shop.v1.customers.list_async({"limit": 2, "ending_before": newest[4]})
    assert ([c.id for c in before.data], before.has_more) == (newest[2:4], True)


async def test_a_search_reads_stripes_language_and_goes_by_pages(shop) -> None:
    for tenant in ("t1", "t2", "t1"):
        await shop.v1.customers.create_async(
            {"email": f"{tenant}@müller.test", "metadata": {"tenant": tenant}}
        )

    async def count(query: str) -> int:
        return len((await shop.v1.customers.search_async({"query": query})).data)

    assert await count("metadata['tenant']:'t1'") == 2
    assert await count("metadata['tenant']:'t1' OR email~'t2'") == 3
    assert await count("-metadata['tenant']:'t1' AND created>1") == 1
    page = await shop.v1.customers.search_async({"query": "email~'müller'", "limit": 2})
    assert len([c async for c in page.auto_paging_iter()]) == 3
    with pytest.raises(stripe.InvalidRequestError):
        await count("tenant is t1")


async def test_metadata_is_merged_and_an_empty_value_takes_a_key_away(shop) -> None:
    customer = await shop.v1.customers.create_async({"metadata": {"a": "1", "b": "2"}})
    changed = await shop.v1.customers.update_async(customer.id, {"metadata": {"b": "", "c": "ß"}})
    assert changed.metadata.to_dict() == {"a": "1", "c": "ß"}
    event = (await shop.events("customer.updated"))[-1]
    assert event.data.previous_attributes["metadata"]["b"] == "2"


async def test_what_is_named_by_its_id_can_be_expanded(shop) -> None:
    customer = await shop.customer()
    price = await shop.price(4_900)
    made = await shop.subscribe(
        customer, price, expand=["latest_invoice.payments", "customer", "items.data.price.product"]
    )
    assert made.latest_invoice.payments.data[0].status == "paid"
    assert made.customer.email == "anna@müller.test"
    assert made["items"].data[0].price.product.name == "Tarif 4900"
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        await shop.v1.customers.retrieve_async(customer, {"expand": ["email"]})
