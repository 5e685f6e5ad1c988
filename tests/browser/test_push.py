"""Alerts pushed to an operator's browser: switched on and off on the page, shown by the service worker.

The browser's push service is out of reach of a test: `PushManager.subscribe` is stubbed, and what the service would
deliver comes by the browser's own interface for developers (`ServiceWorker.deliverPushMessage`).
"""

import asyncio
import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import BrowserContext, Page, Worker, expect

from testkit.operated import OperatedFleet
from testkit.people import PASSWORD
from testkit.visits import Visits

SCRIPTS = Path(__file__).parent / "scripts"
STUB, FAULTS, FAINT = ((SCRIPTS / name).read_text() for name in ("push_service.js", "faults.js", "faint.js"))
STAFF = "/api/v1/fleet/staff"
CLICKED = """async (elsewhere) => {
  const [notification] = await registration.getNotifications();
  const event = new NotificationEvent("notificationclick", { notification });
  const done = [];
  const focused = [];
  const opened = [];
  event.waitUntil = (promise) => done.push(promise);
  WindowClient.prototype.focus = async function () { focused.push(new URL(this.url).pathname); };
  clients.openWindow = async (place) => { opened.push(place); };
  if (elsewhere) clients.matchAll = async () => [];
  dispatchEvent(event);
  await Promise.all(done);
  return { focused, opened, left: (await registration.getNotifications()).length };
}"""
"""A click on the notification. Only a person's own lets a worker focus or open a window: what it would do is noted."""


async def signed_in(
    visits: Visits, fleet: OperatedFleet, *, staff: bool = True, permission: str = "granted"
) -> tuple[Page, str]:
    """The alerts page of an operator of his own browser, and his address or his id among the staff."""
    somebody = await fleet.people.join("fleet", "super_admin", f"anne-{uuid4().hex[:6]}@frontdesk.test")
    told = somebody.email
    if staff:
        made = await fleet.notification.http.post(STAFF, json={"email": somebody.email})
        told = made.json()["staff_id"]
    context = await visits.context(signed_in=False)
    await context.add_init_script(stub())
    page = await context.new_page()
    await decide(page, fleet, permission)
    await page.goto("/page/alerts")
    await page.fill("input[name=email]", somebody.email)
    await page.fill("input[name=password]", PASSWORD)
    await page.press("input[name=password]", "Enter")
    await expect(page.locator("h1")).to_have_text("Alarme")
    return page, told


async def decide(page: Page, fleet: OperatedFleet, setting: str) -> None:
    """What the person answers, or has answered, when the browser asks whether the page may show notifications."""
    session = await page.context.new_cdp_session(page)
    target = (await session.send("Target.getTargetInfo"))["targetInfo"]
    await session.send(
        "Browser.setPermission",
        {"permission": {"name": "notifications"}, "setting": setting, "origin": fleet.url,
         "browserContextId": target["browserContextId"]},
    )  # fmt: skip


def stub() -> str:
    """The stand-in for the push service, with a subscription as browsers make them."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    p256dh = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    script = STUB.replace("ENDPOINT", f"https://push.example.org/send/{uuid4().hex}")
    return script.replace("P256DH", _base64url(p256dh)).replace("AUTH", _base64url(uuid4().bytes))


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


async def is_sound(page: Page) -> None:
    """No fault for a screen reader, nothing too faint, nothing wider than a telephone."""
    assert await page.evaluate(FAULTS) == []
    assert await page.evaluate(FAINT) == []
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.set_viewport_size({"width": 1280, "height": 900})


async def devices(fleet: OperatedFleet, staff_id: str) -> list[str]:
    found = await fleet.notification.http.get(f"{STAFF}/{staff_id}/push-subscriptions")
    return [one["device"] for one in found.json()]


async def delivered(page: Page, fleet: OperatedFleet, payload: dict[str, str]) -> None:
    """What the push service would deliver to the page's worker."""
    session = await page.context.new_cdp_session(page)
    registered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def note(told: dict[str, Any]) -> None:
        for one in told["registrations"]:
            if one["scopeURL"].endswith("/page/") and not registered.done():
                registered.set_result(one["registrationId"])

    session.on("ServiceWorker.workerRegistrationUpdated", note)
    await session.send("ServiceWorker.enable")
    await session.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": fleet.url, "registrationId": await registered, "data": json.dumps(payload)},
    )


async def notified(page: Page) -> list[dict[str, str]]:
    """The notifications that the browser shows."""
    async with asyncio.timeout(10):
        while True:
            shown: list[dict[str, str]] = await page.evaluate(
                """async () => (await (await navigator.serviceWorker.ready).getNotifications())
                .map(({ title, body, tag, data }) => ({ title, body, tag, place: data.place }))"""
            )
            if shown:
                return shown
            await asyncio.sleep(0.05)


async def worker_of(context: BrowserContext) -> Worker:
    return (
        context.service_workers[0]
        if context.service_workers
        else await context.wait_for_event("serviceworker")
    )


async def test_push_is_switched_on_by_keyboard_shown_by_the_worker_and_switched_off(
    visits: Visits, fleet: OperatedFleet
) -> None:
    page, staff_id = await signed_in(visits, fleet)
    form = page.locator("#push form")
    await expect(form).to_contain_text("Dieser Browser zeigt keine Alarme")

    await is_sound(page)
    await form.get_by_label("Name dieses Browsers").fill("Büro")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Push einschalten")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Push ausschalten")).to_be_focused()
    await expect(page.locator("#announce")).to_contain_text("Dieser Browser zeigt Alarme")
    assert await devices(fleet, staff_id) == ["Büro"]

    payload = {
        "title": "Kritisch: ocr", "body": "p95 übersteigt 500 ms", "tag": "t1", "kind": "opened", "url": f"{fleet.url}/",
    }  # fmt: skip
    await delivered(page, fleet, payload)
    [shown] = await notified(page)
    assert shown == {
        "title": "Kritisch: ocr", "body": "p95 übersteigt 500 ms", "tag": "t1", "place": "/page/alerts",
    }  # fmt: skip
    worker = await worker_of(page.context)
    clicked = await worker.evaluate(CLICKED, False)
    assert clicked == {"focused": ["/page/alerts"], "opened": [], "left": 0}

    await page.reload()
    await expect(page.locator("#push .status.pass")).to_have_text("an")
    await is_sound(page)
    await page.get_by_role("button", name="Push ausschalten").click()
    await expect(page.get_by_role("button", name="Push einschalten")).to_be_visible()
    assert await devices(fleet, staff_id) == []


async def test_a_message_leads_to_this_page_alone_and_opens_it_when_it_is_closed(
    visits: Visits, fleet: OperatedFleet
) -> None:
    page, _ = await signed_in(visits, fleet)
    await page.get_by_role("button", name="Push einschalten").click()
    await expect(page.get_by_role("button", name="Push ausschalten")).to_be_visible()

    await delivered(page, fleet, {"title": "Fremd", "body": "", "tag": "t2", "url": "https://evil.example/x"})

    assert (await notified(page))[0]["place"] == "/page/alerts"
    clicked = await (await worker_of(page.context)).evaluate(CLICKED, True)
    assert clicked == {"focused": [], "opened": ["/page/alerts"], "left": 0}


async def test_a_push_service_that_does_not_answer_is_said_and_nothing_is_registered(
    visits: Visits, fleet: OperatedFleet
) -> None:
    page, staff_id = await signed_in(visits, fleet)
    await page.evaluate("window.pushServiceAway = true")

    await page.get_by_role("button", name="Push einschalten").click()

    await expect(page.locator("#push").get_by_role("alert")).to_contain_text("push service not available")
    await expect(page.get_by_role("button", name="Push einschalten")).to_be_visible()
    assert await devices(fleet, staff_id) == []


async def test_a_browser_that_cannot_or_may_not_is_told_so_and_offered_no_button(
    visits: Visits, fleet: OperatedFleet
) -> None:
    page, _ = await signed_in(visits, fleet, permission="denied")
    await expect(page.get_by_text("Benachrichtigungen dieser Seite sind blockiert")).to_be_visible()
    await is_sound(page)
    assert await page.locator("#push button:visible").count() == 0

    await page.context.add_init_script("delete window.PushManager")
    await page.reload()
    await expect(page.locator("#push").get_by_text("nicht unterstützt")).to_be_visible()
    assert await page.locator("#push button:visible").count() == 0
    visits.complaints.clear()  # The stub above complains that there is nothing to stub.


async def test_without_javascript_and_for_others_the_page_says_how_to_be_told(
    visits: Visits, fleet: OperatedFleet
) -> None:
    bare = await visits.page("/page/alerts", java_script_enabled=False)
    await expect(bare.get_by_text("frontdesk staff add ADRESSE")).to_be_visible()
    by_token = await visits.page("/page/alerts")
    await expect(by_token.get_by_text("mit Ihrem Konto anmelden")).to_be_visible()
    await expect(by_token.locator("#push .without-script")).to_be_hidden()
    page, email = await signed_in(visits, fleet, staff=False)
    await expect(page.get_by_text(f"frontdesk staff add {email}")).to_be_visible()
