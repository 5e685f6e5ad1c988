from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import json
import time
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from contracts.tenants.v1 import TenantConfigured
from contracts.webhooks.v1 import WebhookReceived
from gateway.app import create_service
from testkit.service import RunningService, running
from testkit.tenancy import TenancyStub, tenancy_stub

SECRET = "ein-sehr-geheimes-wort"
LIMIT = 200_000
ADDRESS = "/webhooks/mime/muster-mime"
BODY = "Subject: Anfrage\r\n\r\nGrüße aus Wien".encode()


@pytest.fixture(scope="module")
async def tenancy() -> AsyncIterator[TenancyStub]:
    async with tenancy_stub() as stub:
        stub.hooks.append(hook("muster-mime"))
        yield stub


@pytest.fixture(scope="module")
async def gateway(
    environment: dict[str, str], tenancy: TenancyStub, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningService]:
    own = {
        "TENANCY_URL": tenancy.url,
        "GATEWAY_SNAPSHOT_PATH": str(tmp_path_factory.mktemp("gateway") / "hooks.sealed"),
        "GATEWAY_BODY_LIMIT": str(LIMIT),
        "GATEWAY_BODY_IDLE_SECONDS": "0.4",
    }
    async with running(create_service, environment | own) as service:
        yield service


def hook(hook_id: str, source: str = "mime") -> dict[str, object]:
    return {
        "hook_id": hook_id,
        "tenant_id": "muster",
        "source": source,
        "verifier": "hmac",
        "secrets": [SECRET],
    }


def signed(body: bytes, delivery: str, *, secret: str = SECRET, at: int | None = None) -> dict[str, str]:
    at = int(time.time()) if at is None else at
    mac = hmac.new(secret.encode(), f"{at}.{delivery}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "message/rfc822",
        "X-Frontdesk-Delivery": delivery,
        "X-Frontdesk-Signature": f"t={at},v1={mac}",
    }


async def post(
    gateway: RunningService, body: bytes = BODY, delivery: str | None = None, **how: object
) -> httpx.Response:
    headers = signed(body, delivery or uuid4().hex, **how)  # type: ignore[arg-type] # keyword arguments of signed
    return await gateway.http.post(ADDRESS, content=body, headers=headers)


def refused(answer: httpx.Response, status: int) -> bool:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()["status"] == status


async def raw(gateway: RunningService, *parts: bytes) -> bytes:
    """What the gateway answers to these bytes, the connection left open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.service.settings.port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(10):
            return await reader.read(65536)
    finally:
        writer.close()


def head(address: str, headers: dict[str, str]) -> bytes:
    lines = [
        f"POST {address} HTTP/1.1",
        "Host: gateway",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def test_a_signed_webhook_is_accepted_and_told(gateway: RunningService) -> None:
    answer = await post(gateway, delivery="d-1")

    assert answer.status_code == 202
    told = await gateway.wire.heard(WebhookReceived, lambda event: event.delivery_id == "d-1")
    assert (told.hook_id, told.source, told.content_type) == ("muster-mime", "mime", "message/rfc822")
    assert told.body is not None
    assert b64decode(told.body) == BODY
    envelope = next(one.envelope for one in gateway.wire.heard_all if one.envelope.id == answer.json()["id"])
    assert envelope.tenant_id == "muster"


async def test_a_large_body_travels_through_the_blob_store(gateway: RunningService) -> None:
    body = b"x" * 100_000

    answer = await post(gateway, body, delivery="large")

    assert answer.status_code == 202
    told = await gateway.wire.heard(WebhookReceived, lambda event: event.delivery_id == "large")
    assert told.body is None
    assert told.blob is not None
    assert await gateway.service.blobs.get("muster", told.blob) == body


async def test_a_delivery_that_comes_again_has_the_same_id_and_one_effect(gateway: RunningService) -> None:
    first = await post(gateway, delivery="again")
    replayed = await asyncio.gather(*(post(gateway, delivery="again") for _ in range(5)))
    await post(gateway, delivery="after-again")

    assert first.status_code == 202
    assert {(answer.status_code, answer.json()["id"]) for answer in replayed} == {(200, first.json()["id"])}
    await gateway.wire.heard(WebhookReceived, lambda event: event.delivery_id == "after-again")
    assert len([event for event in gateway.wire.all(WebhookReceived) if event.delivery_id == "again"]) == 1


async def test_of_copies_that_come_at_once_one_is_new(gateway: RunningService) -> None:
    answers = await asyncio.gather(*(post(gateway, delivery="at-once") for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_an_unsigned_webhook_is_refused(gateway: RunningService) -> None:
    assert refused(await gateway.http.post(ADDRESS, content=BODY), 401)


async def test_a_wrongly_signed_webhook_is_refused_and_nothing_is_told(gateway: RunningService) -> None:
    assert refused(await post(gateway, delivery="wrong", secret="ein-anderes-geheimnis"), 401)

    await post(gateway, delivery="after-wrong")
    await gateway.wire.heard(WebhookReceived, lambda event: event.delivery_id == "after-wrong")
    assert not [event for event in gateway.wire.all(WebhookReceived) if event.delivery_id == "wrong"]


@pytest.mark.parametrize("late", [-3600, 3600])
async def test_a_recording_of_a_webhook_is_refused_after_the_window(
    gateway: RunningService, late: int
) -> None:
    assert refused(await post(gateway, at=int(time.time()) + late), 401)


async def test_garbage_in_the_headers_is_refused_and_breaks_nothing(gateway: RunningService) -> None:
    garbage = {
        "X-Frontdesk-Signature": "t=\xff\xfe,v1=\xe9",
        "X-Frontdesk-Delivery": "\xff",
        "Content-Length": "0",
    }

    answer = await raw(gateway, head(ADDRESS, garbage))

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert (await post(gateway)).status_code == 202


@pytest.mark.parametrize(
    "address", ["/webhooks/mime/nobody", "/webhooks/whatsapp/muster-mime", "/webhooks/mime/%00"]
)
async def test_a_hook_that_is_not_registered_at_this_address_is_unknown(
    gateway: RunningService, address: str
) -> None:
    assert refused(await gateway.http.post(address, content=BODY, headers=signed(BODY, "d")), 404)


async def test_a_body_that_declares_too_much_is_refused_before_it_is_read(gateway: RunningService) -> None:
    answer = await raw(gateway, head(ADDRESS, {**signed(b"", "d"), "Content-Length": str(LIMIT + 1)}))

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_streamed_body_is_refused_as_soon_as_it_is_too_large(gateway: RunningService) -> None:
    chunk = b"%x\r\n" % 50_000 + b"x" * 50_000 + b"\r\n"

    answer = await raw(
        gateway, head(ADDRESS, {**signed(b"", "d"), "Transfer-Encoding": "chunked"}), *[chunk] * 5
    )

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_body_at_the_limit_is_accepted(gateway: RunningService) -> None:
    assert (await post(gateway, b"y" * LIMIT)).status_code == 202


async def test_a_body_that_is_cut_off_is_answered_400(gateway: RunningService) -> None:
    headers = {**signed(BODY, "cut"), "Content-Length": str(len(BODY))}

    answer = await raw(gateway, head(ADDRESS, headers), BODY[:10])

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"cut off" in answer


async def test_chunks_that_are_none_are_answered_400(gateway: RunningService) -> None:
    headers = {**signed(BODY, "chunks"), "Transfer-Encoding": "chunked"}

    answer = await raw(gateway, head(ADDRESS, headers), b"zz\r\nGarbage")

    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_headers_of_a_megabyte_are_answered_431(gateway: RunningService) -> None:
    answer = await raw(gateway, head(ADDRESS, {**signed(BODY, "headers"), "X-Large": "a" * 1_000_000}))

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in answer


async def test_a_body_that_is_compressed_is_answered_415_however_small_it_is(gateway: RunningService) -> None:
    bomb = gzip.compress(bytes(LIMIT * 100))

    for coding, body in (("gzip", bomb), ("gzip, gzip", gzip.compress(bomb))):
        headers = signed(body, uuid4().hex) | {"Content-Encoding": coding}
        assert refused(await gateway.http.post(ADDRESS, content=body, headers=headers), 415)


async def test_a_sender_that_hangs_up_in_the_middle_harms_no_other(gateway: RunningService) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.service.settings.port)
    writer.write(head(ADDRESS, {**signed(BODY, "gone"), "Content-Length": str(len(BODY))}) + BODY[:10])
    await writer.drain()
    writer.transport.abort()

    assert (await post(gateway, delivery="after-gone")).status_code == 202
    await gateway.wire.heard(WebhookReceived, lambda event: event.delivery_id == "after-gone")
    assert not [event for event in gateway.wire.all(WebhookReceived) if event.delivery_id == "gone"]


async def test_other_methods_are_refused(gateway: RunningService) -> None:
    assert refused(await gateway.http.get(ADDRESS), 405)


async def test_a_new_hook_is_known_as_soon_as_its_tenant_was_configured(
    gateway: RunningService, tenancy: TenancyStub
) -> None:
    tenancy.hooks.append(hook("muster-new"))
    await gateway.wire.say(TenantConfigured(tenant_id="muster", version=2), tenant_id="muster")

    async with asyncio.timeout(10):
        while True:
            answer = await gateway.http.post(
                "/webhooks/mime/muster-new", content=BODY, headers=signed(BODY, uuid4().hex)
            )
            if answer.status_code != 404:
                break
            await asyncio.sleep(0.02)
    assert answer.status_code == 202


async def test_one_hook_that_is_not_understood_hides_no_other(
    gateway: RunningService, tenancy: TenancyStub
) -> None:
    tenancy.hooks.insert(
        0, {"hook_id": "strange", "tenant_id": "muster", "source": "mime", "verifier": "quantum"}
    )
    await gateway.wire.say(TenantConfigured(tenant_id="muster", version=3), tenant_id="muster")
    await asyncio.sleep(0.3)

    assert (await post(gateway)).status_code == 202
    strange = await gateway.http.post("/webhooks/mime/strange", content=BODY, headers=signed(BODY, "d"))
    assert strange.status_code == 404


async def test_the_gateway_starts_from_its_snapshot_while_tenancy_is_down(
    environment: dict[str, str], tmp_path: Path
) -> None:
    own = {"GATEWAY_SNAPSHOT_PATH": str(tmp_path / "hooks.sealed")}
    async with tenancy_stub() as stub:
        stub.hooks.append(hook("muster-mime"))
        async with running(create_service, environment | own | {"TENANCY_URL": stub.url}) as first:
            assert (await post(first)).status_code == 202

    nobody = {"TENANCY_URL": "http://127.0.0.1:9"}
    async with running(create_service, environment | own | nobody) as second:
        known = await post(second)
        unknown = await second.http.post("/webhooks/mime/unknown", content=BODY, headers=signed(BODY, "d"))
        health = (await second.http.get("/health")).json()

    assert known.status_code == 202
    assert refused(unknown, 503)
    assert unknown.headers["Retry-After"] == "5"
    assert health["status"] == "warn"
    assert "registry of hooks" in json.dumps(health["notes"])
