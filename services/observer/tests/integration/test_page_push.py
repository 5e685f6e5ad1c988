"""Web Push switched on and off on the operators' page: a real Observer asks a real notification."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from chassis.keyring import KeyRing
from notification.app import create_service as create_notification
from observer.adapters.staff import NotificationStaff
from observer.app import create_service
from observer.application.push_to_browser import PushToBrowser
from observer.application.sign_in_operator import SignInOperator
from observer.domain.operator import READ, WRITE, Operator
from observer.entrypoints.page.push import push_routes
from observer.entrypoints.page.render import Renderer
from observer.entrypoints.page.session import COOKIE, Sessions
from observer.settings import known_services
from testkit.door import served
from testkit.sandbox import Sandbox
from testkit.service import RunningService, running

AWAY = "http://127.0.0.1:9"
STAFF = "/api/v1/fleet/staff"


@dataclass
class Desk:
    """Observer and notification, and the browser of somebody who came in."""

    observer: RunningService
    notification: RunningService
    sandbox: Sandbox

    def browser(self, email: str, **changes: Any) -> httpx.AsyncClient:
        """The browser of an operator who came in with an account."""
        cookies = {COOKIE: sealed(self.observer.service.settings.master_key, email, **changes)}
        url = self.observer.http.base_url
        return httpx.AsyncClient(
            base_url=url, cookies=cookies, trust_env=False, headers={"Accept-Language": "de"}
        )

    async def staff(self, **fields: object) -> tuple[str, str]:
        """A new member: address and id."""
        email = f"anne-{uuid4().hex[:8]}@betrieb.test"
        made = await self.notification.http.post(STAFF, json={"email": email, **fields})
        assert made.status_code == 201, made.text
        return email, made.json()["staff_id"]

    async def subscription(self) -> dict[str, str]:
        """What a browser gives the page, as a form."""
        key = (await self.notification.http.get("/api/v1/fleet/push-key")).json()["public_key"]
        made: Any = await self.sandbox.browser(key)
        return {"endpoint": made["endpoint"], **made["keys"], "device": "Büro"}

    async def devices(self, staff_id: str) -> list[str]:
        """The browsers that notification knows of a member."""
        found = await self.notification.http.get(f"{STAFF}/{staff_id}/push-subscriptions")
        return [one["device"] for one in found.json()]


def sealed(master_key: Any, email: str, *, scopes: frozenset[str] = frozenset({READ, WRITE})) -> str:
    answer = Response()
    operator = Operator("user:1", email, scopes, "s1", datetime.now(UTC) + timedelta(hours=1))
    never = SignInOperator(None, lambda _: False, lambda: datetime.now(UTC))  # pyright: ignore[reportArgumentType]
    Sessions(KeyRing.from_secret(master_key), never).begin(answer, operator, secure=False)
    return answer.headers["set-cookie"].partition("=")[2].partition(";")[0].strip('"')


@pytest.fixture(scope="module")
async def desk(
    environment: Mapping[str, str], sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    config = tmp_path_factory.mktemp("push") / "observer_config.json"
    config.write_text('{"thresholds": []}')
    async with running(create_notification, {**environment, "TENANCY_URL": AWAY}) as notification:
        url = str(notification.http.base_url).rstrip("/")
        services = {name: [url] if name == "notification" else [] for name in known_services()}
        own = {
            "OBSERVER_SERVICES": json.dumps(services), "OBSERVER_CONFIG_PATH": str(config),
            "OBSERVER_RABBITMQ_URL": "", "TENANCY_URL": AWAY,
        }  # fmt: skip
        async with running(create_service, {**environment, **own}) as observer:
            yield Desk(observer, notification, sandbox)


async def test_a_browser_is_switched_on_shows_a_trial_and_is_switched_off(desk: Desk) -> None:
    email, staff_id = await desk.staff()
    given = await desk.subscription()
    async with desk.browser(email.upper()) as browser:
        before = await browser.get("/page/push")
        on = await browser.post("/page/push/on", data=given)

        assert 'data-push="off"' in before.text
        assert (on.status_code, 'data-push="on"' in on.text) == (200, True), on.text
        assert {"HttpOnly", "Path=/page/push", "SameSite=strict"} <= set(on.headers["set-cookie"].split("; "))
        assert given["endpoint"] not in on.text
        assert await desk.devices(staff_id) == ["Büro"]

        await desk.notification.http.post(f"{STAFF}/{staff_id}/trial")
        assert await shown(desk.sandbox, given["endpoint"]) >= {"title", "body", "tag", "kind"}

        assert 'data-push="on"' in (await browser.get("/page/push")).text
        off = await browser.post("/page/push/off")
        assert (off.status_code, 'data-push="off"' in off.text) == (200, True), off.text
        assert await desk.devices(staff_id) == []


async def shown(sandbox: Sandbox, endpoint: str) -> set[str]:
    """What stands in the message that came to a browser."""
    async with asyncio.timeout(15):
        while True:
            messages: Any = (await sandbox.state("push"))["messages"]
            for message in messages:
                if message["endpoint"] == endpoint:
                    return set(json.loads(message["shown"]))
            await asyncio.sleep(0.05)


async def test_a_browser_that_is_switched_on_twice_is_known_once(desk: Desk) -> None:
    email, staff_id = await desk.staff()
    given = await desk.subscription()
    async with desk.browser(email) as browser:
        for _ in range(2):
            await browser.post("/page/push/on", data=given)

    assert await desk.devices(staff_id) == ["Büro"]


async def test_what_one_member_switches_off_is_no_browser_of_another(desk: Desk) -> None:
    (one, one_id), (other, _) = await desk.staff(), await desk.staff()
    async with desk.browser(one) as mine, desk.browser(other) as theirs:
        await mine.post("/page/push/on", data=await desk.subscription())
        theirs.cookies.update({"frontdesk_push": mine.cookies["frontdesk_push"]})
        state = await theirs.get("/page/push")
        await theirs.post("/page/push/off")

    assert 'data-push="off"' in state.text
    assert await desk.devices(one_id) == ["Büro"]


async def test_who_is_no_member_of_staff_is_told_how_to_become_one(desk: Desk) -> None:
    await desk.staff()
    email = f"fremd-{uuid4().hex[:6]}@betrieb.test"
    async with desk.browser(email) as browser:
        state = await browser.get("/page/push")
        on = await browser.post("/page/push/on", data=await desk.subscription())

    for answer in (state, on):
        assert f"frontdesk staff add {email}" in answer.text
        assert "<form" not in answer.text
    assert (state.status_code, on.status_code) == (200, 409)


async def test_the_admin_token_is_nobodys_browser(desk: Desk) -> None:
    token = desk.observer.service.settings.admin_token.get_secret_value()
    async with httpx.AsyncClient(base_url=desk.observer.http.base_url, trust_env=False) as browser:
        await browser.post("/page/sign-in", data={"token": token})
        answer = await browser.get("/page/push", headers={"Accept-Language": "de"})

    assert "mit Ihrem Konto anmelden" in answer.text


async def test_who_wants_no_push_is_told_that_none_will_come(desk: Desk) -> None:
    email, _ = await desk.staff(push=False)
    async with desk.browser(email) as browser:
        assert "push: false" in (await browser.get("/page/push")).text


async def test_what_notification_refuses_is_said_in_its_words_and_can_be_tried_again(desk: Desk) -> None:
    email, staff_id = await desk.staff()
    given = await desk.subscription() | {"p256dh": "AAAA"}
    async with desk.browser(email) as browser:
        answer = await browser.post("/page/push/on", data=given)

    assert answer.status_code == 422
    assert "P-256" in answer.text
    assert 'data-push="off"' in answer.text
    assert await desk.devices(staff_id) == []


async def test_no_other_site_and_nobody_else_switches_a_browser_on(desk: Desk) -> None:
    email, staff_id = await desk.staff()
    given = await desk.subscription()
    async with desk.browser(email) as browser:
        other_site = await browser.post(
            "/page/push/on", data=given, headers={"Origin": "https://evil.example"}
        )
    async with desk.browser(email, scopes=frozenset({READ})) as reader:
        only_looks = await reader.post("/page/push/on", data=given)
    async with httpx.AsyncClient(base_url=desk.observer.http.base_url, trust_env=False) as nobody:
        stranger = await nobody.post("/page/push/on", data=given, headers={"X-Live": "1"})

    assert (other_site.status_code, only_looks.status_code, stranger.status_code) == (403, 403, 401)
    assert await desk.devices(staff_id) == []


async def test_the_worker_comes_for_everybody_as_a_script_that_may_ask_nobody(desk: Desk) -> None:
    async with httpx.AsyncClient(base_url=desk.observer.http.base_url, trust_env=False) as nobody:
        worker = await nobody.get("/page/push-worker.js")

    assert worker.status_code == 200
    assert worker.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert worker.headers["Content-Security-Policy"] == "default-src 'none'"
    assert worker.headers["Cache-Control"] == "no-cache"


async def _broken(_: Request) -> Response:
    return PlainTextResponse("oops", 500)


async def _garbled(_: Request) -> Response:
    return PlainTextResponse("<html>")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("unknown", "OBSERVER_SERVICES"), ("dead", "ConnectError"), ("broken", "500"), ("garbled", "not understood")],
)  # fmt: skip
async def test_a_notification_that_is_down_is_told_in_words(desk: Desk, kind: str, reason: str) -> None:
    settings = desk.observer.service.settings
    answers = [Route("/{rest:path}", _garbled if kind == "garbled" else _broken, methods=["GET", "POST"])]
    async with served(answers) as url:
        staff = NotificationStaff({"unknown": None, "dead": AWAY}.get(kind, url), settings.service_token)
        sign_in = SignInOperator(Nobody(), lambda _: False, lambda: datetime.now(UTC))  # pyright: ignore[reportArgumentType]
        door = Sessions(KeyRing.from_secret(settings.master_key), sign_in)
        page = Starlette(routes=push_routes(door, Renderer(), PushToBrowser(staff)))
        cookies = {COOKIE: sealed(settings.master_key, "anne@betrieb.test")}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(page), base_url="http://observer.test", cookies=cookies
        ) as browser:
            state = await browser.get("/page/push")
            on = await browser.post("/page/push/on", data={"endpoint": "https://push.example"})
            off = await browser.post("/page/push/off")

    assert [answer.status_code for answer in (state, on, off)] == [200, 503, 503]
    for answer in (state, on, off):
        assert "Notification, which sends push messages, cannot be asked at the moment" in answer.text
        assert reason in answer.text
        assert "<form" not in answer.text


class Nobody:
    """A tenancy that ended no session."""

    async def ended(self, _: str) -> bool:
        return False
