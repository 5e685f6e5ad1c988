from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import aio_pika
import httpx
import pytest

from contracts.routing import EXCHANGE, routing_key
from contracts.webhooks.v1 import WebhookReceived
from frontdesk.stack import Stack
from gateway.app import create_service
from testkit.service import RunningService, running
from testkit.tenancy import tenancy_stub

pytestmark = pytest.mark.outage

SECRET = "ein-sehr-geheimes-wort"
BODY = "Subject: Anfrage\r\n\r\nGrüße".encode()
QUEUE = "test.webhook.received.v1"


@pytest.fixture
async def gateway(
    own_stack: Stack, own_environment: dict[str, str], tmp_path: Path
) -> AsyncIterator[RunningService]:
    async with tenancy_stub() as stub:
        stub.hooks.append(
            {"hook_id": "h", "tenant_id": "muster", "source": "mime", "verifier": "hmac", "secrets": [SECRET]}
        )
        own = {"TENANCY_URL": stub.url, "GATEWAY_SNAPSHOT_PATH": str(tmp_path / "hooks.sealed")}
        async with running(create_service, own_environment | own) as service:
            await told(own_stack)
            warm_up = uuid4().hex
            assert (await post(service, warm_up)).status_code == 202
            await told(own_stack, warm_up)
            yield service


async def post(gateway: RunningService, delivery: str) -> httpx.Response:
    at = int(time.time())
    mac = hmac.new(SECRET.encode(), f"{at}.{delivery}.".encode() + BODY, hashlib.sha256).hexdigest()
    headers = {"X-Frontdesk-Delivery": delivery, "X-Frontdesk-Signature": f"t={at},v1={mac}"}
    return await gateway.http.post("/webhooks/mime/h", content=BODY, headers=headers, timeout=30)


async def told(stack: Stack, delivery: str | None = None) -> list[str]:
    """The ids under which a durable hearer is told of a delivery, until the first comes; without one, declare it."""
    async with await aio_pika.connect(stack.amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(QUEUE, durable=True)
        await queue.bind(EXCHANGE, routing_key(WebhookReceived))
        ids: list[str] = []
        async with asyncio.timeout(40):
            while delivery is not None and not ids:
                message = await queue.get(no_ack=True, fail=False)
                if message is None:
                    await asyncio.sleep(0.05)
                elif WebhookReceived.read(message.body).delivery_id == delivery:
                    ids.append(str(message.message_id))
        return ids


async def test_a_webhook_is_accepted_and_told_while_the_database_is_down(
    gateway: RunningService, own_stack: Stack
) -> None:
    delivery = uuid4().hex
    await asyncio.to_thread(own_stack.postgres.kill)
    try:
        answer = await post(gateway, delivery)
        ids = await told(own_stack, delivery)
    finally:
        await asyncio.to_thread(own_stack.postgres.start)
    again = await post(gateway, delivery)

    assert answer.status_code == 202
    assert ids == [answer.json()["id"]] == [again.json()["id"]]


async def test_a_webhook_is_accepted_while_the_broker_is_down_and_told_when_it_is_back(
    gateway: RunningService, own_stack: Stack
) -> None:
    delivery = uuid4().hex
    await asyncio.to_thread(own_stack.broker.kill)
    try:
        answer = await post(gateway, delivery)
    finally:
        await asyncio.to_thread(own_stack.broker.start)

    assert answer.status_code == 202
    assert await told(own_stack, delivery) == [answer.json()["id"]]


async def test_with_both_down_the_sender_is_asked_to_come_again(
    gateway: RunningService, own_stack: Stack
) -> None:
    delivery = uuid4().hex
    await asyncio.to_thread(own_stack.postgres.kill)
    await asyncio.to_thread(own_stack.broker.kill)
    try:
        answer = await post(gateway, delivery)
    finally:
        await asyncio.to_thread(own_stack.postgres.start)
        await asyncio.to_thread(own_stack.broker.start)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
