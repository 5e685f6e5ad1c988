"""Webhooks of every kind of sender: the simulated vendor fires, the gateway verifies and keeps, the fleet is told."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from contracts.envelope import outside_id
from contracts.tenants.hooks import KINDS
from contracts.webhooks.v1 import WebhookReceived
from gateway.app import create_service
from testkit.door import served
from testkit.sandbox import Delivery, Sandbox
from testkit.service import RunningService, running
from testkit.tenancy import TenancyStub, tenancy_stub

PUBLIC = "https://hooks.muster.test"
ORIGIN = "https://www.muster.test"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:inbound"
SECRET = "ein-geheimnis-aus-vielen"
SHARED = "shared-key-secret-0123456"
SETTINGS: dict[str, dict[str, Any]] = {
    "whatsapp": {"verify_token": SECRET},
    "sns": {"topic_arns": [TOPIC]},
    "widget": {"allowed_origins": [ORIGIN]},
    "sipgate": {"url_token": SECRET},
}
SAID: dict[str, dict[str, Any]] = {"hmac": {"vendor": "generic", "body": "e30="}, "twilio": {"content_type": "application/json", "body": "e30="}}  # fmt: skip
"""What is fired of each kind when it is not simply the vendor's own example: Twilio's forms are answered at once."""
WITHOUT_TIME = ("whatsapp", "telegram", "twilio", "sipgate", "graph", "weclapp", "widget")


@dataclass
class Answering:
    """Telephony and messaging behind the gateway: they answer as the test says."""

    answers: str = "well"
    asked: list[tuple[str, dict[str, str], bytes]] = field(
        default_factory=list[tuple[str, dict[str, str], bytes]]
    )

    def routes(self) -> list[Route]:
        return [Route("/internal/webhooks/{source}", self._answer, methods=["POST"])]

    async def _answer(self, request: Request) -> Response:
        self.asked.append((str(request.url.path), dict(request.headers), await request.body()))
        if self.answers in {"endlessly", "in drops"}:
            pause = 0.0 if self.answers == "endlessly" else 0.1
            return StreamingResponse(endless(pause), media_type="text/xml")
        if self.answers == "not yet there":
            return Response(status_code=404)
        kind = "application/json" if self.answers == "wrongly" else "text/xml"
        return Response("<Response><Say>Servus</Say></Response>", media_type=kind)


async def endless(pause: float) -> AsyncIterator[bytes]:
    while True:
        yield b"<Response>" + b" " * 500
        await asyncio.sleep(pause)


@pytest.fixture(scope="module")
async def behind() -> AsyncIterator[tuple[Answering, str]]:
    answering = Answering()
    async with served(answering.routes()) as url:
        yield answering, url


@pytest.fixture
async def services(behind: tuple[Answering, str]) -> Answering:
    answering, _ = behind
    answering.answers = "well"
    answering.asked.clear()
    return answering


@pytest.fixture(scope="module")
async def tenancy(sandbox: Sandbox) -> AsyncIterator[TenancyStub]:
    async with httpx.AsyncClient(trust_env=False) as http:
        keys = (await http.get(f"{sandbox.address('control')}/fire/keys")).json()
    async with tenancy_stub() as stub:
        for kind, needs in KINDS.items():
            secrets = [] if needs.secret is None else [SECRET]
            if kind == "sipgate":
                secrets = [keys["sipgate"]]
            elif kind == "twilio":
                secrets.append(f"SK1:{SHARED}")
            stub.hooks.append(hook(kind, secrets, **SETTINGS.get(kind, {})))
        captcha = {"allowed_origins": [ORIGIN], "captcha": "turnstile", "captcha_secret": SECRET}
        stub.hooks.append(hook("widget", [SECRET], "guarded", **captcha))
        stub.hooks.append(hook("stripe", [SECRET], "suspended") | {"suspended": True})
        yield stub


def hook(kind: str, secrets: list[str], name: str = "", **settings: Any) -> dict[str, object]:
    return {
        "hook_id": f"h-{name or kind}", "tenant_id": "muster", "source": kind, "verifier": kind, "secrets": secrets,
        "settings": settings,
    }  # fmt: skip


@pytest.fixture(scope="module")
async def gateway(
    environment: dict[str, str],
    tenancy: TenancyStub,
    sandbox: Sandbox,
    behind: tuple[Answering, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[RunningService]:
    own = {
        "TENANCY_URL": tenancy.url,
        "GATEWAY_SNAPSHOT_PATH": str(tmp_path_factory.mktemp("gateway") / "hooks.sealed"),
        "GATEWAY_PUBLIC_URL": PUBLIC,
        "GATEWAY_SNS_STAND_IN": sandbox.address("sns"),
        "GATEWAY_CAPTCHA_URLS": json.dumps({"turnstile": sandbox.address("captcha")}),
        "GATEWAY_LIMIT_ADDRESS": "40/minute",
        "GATEWAY_ANSWERING": json.dumps({"telephony": behind[1], "messaging": behind[1]}),
    }
    async with running(create_service, environment | own) as service:
        yield service


async def fired(
    gateway: RunningService, sandbox: Sandbox, kind: str, name: str = "", **wish: Any
) -> Delivery:
    path = f"/webhooks/{kind}/h-{name or kind}"
    asked = {"vendor": kind, "secret": SECRET, **SAID.get(kind, {}), **wish}
    url = f"http://127.0.0.1:{gateway.service.settings.port}{path}"
    return await sandbox.fire(url=url, signed_url=PUBLIC + path, **asked)


def refused(answer: Delivery, status: int) -> bool:
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    return json.loads(answer.body)["status"] == status


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_what_a_vendor_sends_is_verified_kept_and_told(
    gateway: RunningService, sandbox: Sandbox, services: Answering, kind: str
) -> None:
    answer = await fired(gateway, sandbox, kind)

    assert answer.status == (200 if kind == "sipgate" else 202), answer.body
    told = await gateway.wire.heard(WebhookReceived, lambda event: event.hook_id == f"h-{kind}")
    assert told.source == kind
    assert told.body is not None
    assert base64.b64decode(told.body)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"weclapp", "sipgate", "twilio"}))
async def test_a_webhook_that_is_replayed_is_known_and_told_once(
    gateway: RunningService, sandbox: Sandbox, kind: str
) -> None:
    same = {"delivery_id": str(uuid4().int)[:12], "timestamp": int(time.time())}
    if kind == "graph":
        item = {"id": same["delivery_id"], "clientState": SECRET, "changeType": "created"}
        same = {"body": base64.b64encode(json.dumps({"value": [item]}).encode()).decode()}

    first = await fired(gateway, sandbox, kind, **same)
    again = await fired(gateway, sandbox, kind, **same)

    assert (first.status, again.status) == (202, 200)
    assert json.loads(first.body) == json.loads(again.body)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"sns"}))
async def test_what_another_sends_in_a_vendors_name_is_refused(
    gateway: RunningService, sandbox: Sandbox, kind: str
) -> None:
    assert refused(await fired(gateway, sandbox, kind, secret="ein-anderes-geheimnis"), 401)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(WITHOUT_TIME)))
@pytest.mark.parametrize("away", [-7200, 7200])
async def test_what_comes_late_or_from_the_future_is_refused_where_the_vendor_says_the_time(
    gateway: RunningService, sandbox: Sandbox, kind: str, away: int
) -> None:
    assert refused(await fired(gateway, sandbox, kind, timestamp=int(time.time()) + away), 401)


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "br"])
async def test_a_body_that_is_compressed_is_not_unpacked(
    gateway: RunningService, sandbox: Sandbox, coding: str
) -> None:
    assert refused(await fired(gateway, sandbox, "stripe", headers={"Content-Encoding": coding}), 415)


async def test_a_hook_of_a_suspended_tenant_takes_nothing(gateway: RunningService, sandbox: Sandbox) -> None:
    assert refused(await fired(gateway, sandbox, "stripe", "suspended"), 403)
    assert refused(await fired(gateway, sandbox, "stripe", "suspended", secret="x"), 401)


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_other_methods_are_answered_with_those_that_there_are(
    gateway: RunningService, kind: str
) -> None:
    for method in ("PUT", "DELETE", "OPTIONS", "GET"):
        answer = await gateway.http.request(method, f"/webhooks/{kind}/h-{kind}")
        if method == "GET" and kind == "whatsapp":
            continue
        assert answer.status_code == 405
        assert "POST" in answer.headers["Allow"]


async def test_whatsapp_checks_the_address_by_its_verify_token(
    gateway: RunningService, sandbox: Sandbox
) -> None:
    answer = await fired(gateway, sandbox, "whatsapp", challenge=True, token="4711")
    assert (answer.status, answer.body) == (200, "4711")
    assert refused(await fired(gateway, sandbox, "whatsapp", challenge=True, secret="wrong"), 401)


async def test_microsoft_checks_the_address_by_a_token_that_comes_back_decoded(
    gateway: RunningService, sandbox: Sandbox
) -> None:
    answer = await fired(gateway, sandbox, "graph", handshake=True, token="Validation: ü + <b>")

    assert (answer.status, answer.body) == (200, "Validation: ü + <b>")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_lifecycle_notification_is_told_each_time(gateway: RunningService, sandbox: Sandbox) -> None:
    answers = [await fired(gateway, sandbox, "graph", lifecycle="missed") for _ in range(2)]

    assert [answer.status for answer in answers] == [202, 202]
    assert answers[0].body != answers[1].body


async def test_a_hint_about_the_same_record_is_told_each_time(
    gateway: RunningService, sandbox: Sandbox
) -> None:
    answers = [await fired(gateway, sandbox, "weclapp") for _ in range(2)]

    assert [answer.status for answer in answers] == [202, 202]


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_topic_of_amazons_is_confirmed_and_then_heard(
    gateway: RunningService, sandbox: Sandbox, version: str
) -> None:
    wish = {"topic_arn": TOPIC, "signature_version": version, "subject": "Grüße"}
    answer = await fired(gateway, sandbox, "sns", type="SubscriptionConfirmation", **wish)

    assert (answer.status, answer.body) == (200, "")
    assert (await sandbox.state("sns"))["confirmed"]
    assert (await fired(gateway, sandbox, "sns", **wish)).status == 202


async def test_a_topic_that_nobody_asked_for_is_neither_confirmed_nor_heard(
    gateway: RunningService, sandbox: Sandbox
) -> None:
    for kind in ("SubscriptionConfirmation", "Notification"):
        assert refused(await fired(gateway, sandbox, "sns", type=kind, topic_arn=TOPIC + "-of-others"), 401)


async def test_while_amazon_does_not_confirm_it_is_asked_to_come_again(
    gateway: RunningService, sandbox: Sandbox
) -> None:
    await sandbox.fault("sns", "500", path="/sns/")

    answer = await fired(gateway, sandbox, "sns", type="SubscriptionConfirmation")

    assert refused(answer, 503)
    assert answer.headers["retry-after"] == "5"


async def test_twilios_newer_setting_is_taken(gateway: RunningService, sandbox: Sandbox) -> None:
    wish = {"secret": SHARED, "body": base64.b64encode(b'{"newer": true}').decode()}

    assert (await fired(gateway, sandbox, "twilio", key_id="SK1", **wish)).status == 202
    assert refused(await fired(gateway, sandbox, "twilio", key_id="SK2", **wish), 401)


def call(**fields: str) -> dict[str, Any]:
    told = {"CallSid": f"CA{uuid4().hex}", "CallStatus": "ringing", "From": "+43660111", "To": "+43155"}
    return {"content_type": "application/x-www-form-urlencoded", "body": "", "fields": told | fields}


async def test_a_caller_hears_what_telephony_says(
    gateway: RunningService, sandbox: Sandbox, services: Answering
) -> None:
    answer = await fired(gateway, sandbox, "twilio", **call())

    assert (answer.status, answer.body) == (200, "<Response><Say>Servus</Say></Response>")
    ((path, headers, body),) = services.asked
    assert path == "/internal/webhooks/twilio"
    assert headers["authorization"] == gateway.http.headers["Authorization"]
    assert (headers["x-tenant-id"], headers["x-hook-id"]) == ("muster", "h-twilio")
    assert b"CallStatus=ringing" in body
    told = await gateway.wire.heard(
        WebhookReceived, lambda event: event.body == base64.b64encode(body).decode()
    )
    assert headers["x-webhook-id"] == outside_id("muster", "h-twilio", told.delivery_id)


@pytest.mark.parametrize("answers", ["not yet there", "wrongly", "endlessly"])
async def test_a_caller_is_told_something_when_telephony_has_nothing_to_say(
    gateway: RunningService, sandbox: Sandbox, services: Answering, answers: str
) -> None:
    services.answers = answers

    answer = await fired(gateway, sandbox, "twilio", **call())

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert '<Say language="de-DE">' in answer.body
    assert services.asked
    counted = 'frontdesk_gateway_safe_answers_total{service="telephony"}'
    assert counted in (await gateway.http.get("/metrics")).text


async def test_a_call_at_sipgate_goes_its_normal_way_when_telephony_is_late(
    gateway: RunningService, sandbox: Sandbox, services: Answering
) -> None:
    services.answers = "in drops"
    call_id = uuid4().hex

    answer = await fired(gateway, sandbox, "sipgate", delivery_id=call_id)

    assert (answer.status, answer.headers["content-type"]) == (200, "application/xml")
    assert answer.body.endswith("<Response/>")
    assert services.asked
    told = await gateway.wire.heard(WebhookReceived, lambda event: call_id in event.delivery_id)
    assert told.delivery_id == f"{call_id}:newCall"


async def test_what_a_call_reports_is_kept_and_asked_of_nobody(
    gateway: RunningService, sandbox: Sandbox, services: Answering
) -> None:
    report = await fired(gateway, sandbox, "twilio", **call(CallStatus="completed"))
    hangup = await fired(gateway, sandbox, "sipgate", type="hangup")

    assert report.body.endswith("<Response/>")
    assert hangup.body.endswith("<Response/>")
    assert services.asked == []


async def test_a_visitors_browser_may_post_from_the_tenants_pages_alone(
    gateway: RunningService, sandbox: Sandbox
) -> None:
    asked = await fired(gateway, sandbox, "widget", preflight=True)
    assert asked.status == 204
    assert asked.headers["access-control-allow-origin"] == ORIGIN
    assert "x-frontdesk-key" in asked.headers["access-control-allow-headers"]

    answer = await fired(gateway, sandbox, "widget")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (202, ORIGIN)
    assert "Origin" in answer.headers["vary"]

    wrong_key = await fired(gateway, sandbox, "widget", secret="wrong")
    assert refused(wrong_key, 401)
    assert wrong_key.headers["access-control-allow-origin"] == ORIGIN

    for wish in ({"preflight": True}, {}):
        stranger = await fired(gateway, sandbox, "widget", origin="https://evil.test", **wish)
        assert stranger.status in {401, 405}
        assert "access-control-allow-origin" not in stranger.headers


async def test_a_visitors_message_is_small_and_has_a_nonce(gateway: RunningService, sandbox: Sandbox) -> None:
    large = base64.b64encode(json.dumps({"nonce": uuid4().hex, "text": "x" * 40_000}).encode()).decode()
    bare = base64.b64encode(b'{"text": "hello"}').decode()

    assert refused(await fired(gateway, sandbox, "widget", body=large), 413)
    assert refused(await fired(gateway, sandbox, "widget", body=bare), 400)


async def test_a_visitor_solves_a_captcha_where_the_hook_wants_one(
    gateway: RunningService, sandbox: Sandbox
) -> None:
    solved = f"solved-{uuid4().hex}"

    assert refused(await fired(gateway, sandbox, "widget", "guarded"), 401)
    assert refused(await fired(gateway, sandbox, "widget", "guarded", captcha="guessed"), 401)
    assert (await fired(gateway, sandbox, "widget", "guarded", captcha=solved)).status == 202
    await sandbox.fault("captcha", "500")
    assert refused(await fired(gateway, sandbox, "widget", "guarded", captcha="solved-later"), 503)


async def test_who_floods_a_widget_is_asked_to_come_later(gateway: RunningService, sandbox: Sandbox) -> None:
    statuses = [(flood := await fired(gateway, sandbox, "widget")).status for _ in range(45)]

    assert statuses[-1] == 429
    assert int(flood.headers["retry-after"]) > 0
    assert flood.headers["access-control-allow-origin"] == ORIGIN
    assert (await fired(gateway, sandbox, "stripe")).status == 202
