"""Webhooks: signed as the SDK expects, again until they are taken, in all the ways in which they go wrong."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
import stripe
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class Receiver:
    """What came, and how it is answered."""

    def __init__(self) -> None:
        self.came: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        self.url = ""

    async def take(self, request: Request) -> Response:
        self.came.append((await request.body(), request.headers["stripe-signature"]))
        return Response(status_code=self.answers.pop(0) if self.answers else 200)

    async def wait_for(self, count: int) -> list[tuple[bytes, str]]:
        async with asyncio.timeout(5):
            while len(self.came) < count:
                await asyncio.sleep(0.005)
        return self.came


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    receiver.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/hook"
    yield receiver
    server.should_exit = True
    await task


async def endpoint(shop, receiver: Receiver, *kinds: str, **more: object):
    wish = {"url": receiver.url, "enabled_events": list(kinds) or ["*"]}
    return await shop.v1.webhook_endpoints.create_async(wish | more)


async def test_a_change_is_told_with_a_signature_that_the_sdk_accepts(shop, receiver: Receiver) -> None:
    hook = await endpoint(shop, receiver, "customer.updated")
    customer = await shop.v1.customers.create_async({"name": "Jürgen"})
    await shop.v1.customers.update_async(customer.id, {"name": "Jörg"})
    body, signature = (await receiver.wait_for(1))[0]
    event = shop.sdk.construct_event(body, signature, hook.secret)
    assert (event.type, event.data.object.name) == ("customer.updated", "Jörg")
    assert event.data.previous_attributes["name"] == "Jürgen"
    assert "secret" not in (await shop.v1.webhook_endpoints.retrieve_async(hook.id)).to_dict()
    fetched = await shop.v1.events.retrieve_async(event.id)
    assert (fetched.api_version, fetched.request.idempotency_key) == (
        "2026-10-28.endive",
        event.request.idempotency_key,
    )


async def test_what_is_not_taken_is_sent_again_and_every_answer_can_be_seen(
    shop, receiver: Receiver, sandbox
) -> None:
    await sandbox.seed(stripe={"webhook_retry_seconds": [0.01, 0.01]})
    receiver.answers = [500, 503, 200, 500, 500, 500]
    await endpoint(shop, receiver, "customer.created")
    for name in ("a", "b"):
        await shop.v1.customers.create_async({"name": name})
        await receiver.wait_for(3 if name == "a" else 6)
    async with asyncio.timeout(5):
        while True:
            deliveries = (await shop.http.get("/_sandbox/stripe/webhooks")).json()["deliveries"]
            if [delivery["state"] for delivery in deliveries] == ["delivered", "failed"]:
                break
    assert [attempt["status"] for attempt in deliveries[0]["attempts"]] == [500, 503, 200]
    undelivered = await shop.v1.events.list_async({"type": "customer.created", "delivery_success": False})
    assert [event.data.object.name for event in undelivered.data] == ["b"]


async def test_events_come_twice_out_of_order_late_or_never(shop, receiver: Receiver) -> None:
    await endpoint(shop, receiver, "customer.created")
    await shop.steer("webhooks", twice=True)
    await shop.v1.customers.create_async({"name": "twice"})
    assert len({body for body, _ in await receiver.wait_for(2)}) == 1
    await shop.steer("webhooks", held=True)
    for name in ("first", "second"):
        await shop.v1.customers.create_async({"name": name})
    assert (await shop.steer("webhooks/release", order="reversed"))["released"] == 2
    came = await receiver.wait_for(4)
    assert [b"second" in came[2][0], b"first" in came[3][0]] == [True, True]
    await shop.v1.customers.create_async({"name": "never"})
    await shop.steer("webhooks/release", order="dropped")
    await shop.steer("webhooks")
    event = (await shop.events("customer.created"))[0]
    assert (await shop.steer("webhooks/again", event=event.id))["sent"] == 1
    assert b"twice" in (await receiver.wait_for(5))[4][0]


async def test_an_endpoint_of_an_old_version_gets_the_old_shape(shop, receiver: Receiver) -> None:
    hook = await endpoint(
        shop, receiver, "invoice.paid", "customer.subscription.created", api_version="2024-06-20"
    )
    customer = await shop.customer()
    made = await shop.subscribe(customer, await shop.price(4_900))
    bodies = [stripe.Webhook.construct_event(b, s, hook.secret) for b, s in await receiver.wait_for(2)]
    by_type = {event["type"]: event for event in bodies}
    assert {event["api_version"] for event in bodies} == {"2024-06-20"}
    assert by_type["invoice.paid"]["data"]["object"]["subscription"] == made.id
    assert by_type["customer.subscription.created"]["data"]["object"]["current_period_end"] > made.created


async def test_an_endpoint_whose_secret_is_known_beforehand_can_be_seeded(
    shop, receiver: Receiver, sandbox
) -> None:
    seeded = {"url": receiver.url, "secret": "whsec_known", "enabled_events": ["product.*"]}
    await sandbox.seed(stripe={"endpoints": [seeded]})
    await shop.v1.products.create_async({"name": "Tarif"})
    body, signature = (await receiver.wait_for(1))[0]
    assert shop.sdk.construct_event(body, signature, "whsec_known").type == "product.created"
