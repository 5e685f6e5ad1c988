"""Who comes in to the operators' page, when that is over, and what the page hears while it is open."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Page, expect
from starlette.responses import Response

from chassis.keyring import KeyRing
from observer.adapters import people as people_adapter
from observer.app import create_service
from observer.application.sign_in_operator import SignInOperator
from observer.domain.operator import READ, Operator
from observer.entrypoints.page.session import COOKIE, Sessions
from testkit.operated import OperatedFleet
from testkit.people import PASSWORD, Somebody
from testkit.service import free_port, running
from testkit.visits import Visits


async def come_in(page: Page, somebody: Somebody, password: str = PASSWORD) -> None:
    await page.fill("input[name=email]", somebody.email)
    await page.fill("input[name=password]", password)
    await page.click("form:has(input[name=email]) button")


async def test_an_operator_comes_in_with_the_account_and_is_led_back(
    visits: Visits, fleet: OperatedFleet
) -> None:
    page = await visits.page("/page/stories?which=slow", signed_in=False)
    assert urlsplit(page.url).path == "/page/sign-in"

    await come_in(page, fleet.operator)

    await expect(page.locator("h1")).to_have_text("Vorgänge")
    assert page.url.endswith("/page/stories?which=slow")
    await expect(page.locator("header .name")).to_have_text(fleet.operator.email)


async def test_a_wrong_password_and_an_agent_of_a_company_stay_outside(
    visits: Visits, fleet: OperatedFleet
) -> None:
    page = await visits.page("/", signed_in=False)

    await come_in(page, fleet.operator, "geraten und falsch")
    await expect(page.get_by_role("alert")).to_contain_text("ist falsch")
    await come_in(page, fleet.agent)
    await expect(page.get_by_role("alert")).to_contain_text("fleet:read")

    await page.goto("/")
    assert urlsplit(page.url).path == "/page/sign-in"
    assert [said for said in visits.complaints if "401" not in said] == []
    visits.complaints.clear()


async def test_a_session_that_is_ended_at_tenancy_leads_back_to_the_log_in_by_itself(
    visits: Visits, fleet: OperatedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_adapter, "LOOK_SECONDS", 0.2)
    page = await visits.page("/", signed_in=False)
    await come_in(page, fleet.operator)
    await expect(page.locator("h1")).to_have_text("Überblick")

    ended = await fleet.people.http.post("/api/v1/auth/logout-everywhere", headers=fleet.operator.headers)
    assert ended.status_code == 204, ended.text

    await expect(page.locator("h1")).to_have_text("Anmelden")
    assert [said for said in visits.complaints if "401" not in said] == []
    visits.complaints.clear()


async def test_who_may_only_look_sees_no_form_and_is_refused_when_one_is_sent(
    visits: Visits, fleet: OperatedFleet
) -> None:
    settings = fleet.observer.service.settings
    reader = Operator("user:leser", "leser", frozenset({READ}), None, datetime.now(UTC) + timedelta(hours=1))
    box = sealed_by(KeyRing.from_secret(settings.master_key), reader)
    context = await visits.context(signed_in=False)
    await context.add_cookies([{"name": COOKIE, "value": box, "url": fleet.url}])
    page = await context.new_page()
    letter = await fleet.dies()

    for path in ("/page/alerts", f"/page/dead-letters/probe/{letter}", "/page/dead-letters", "/page/reports"):
        await page.goto(path)
        assert await page.locator("main form[method=post]").count() == 0, path
    async with httpx.AsyncClient(base_url=fleet.url, cookies={COOKIE: box}, trust_env=False) as http:
        sent = await http.post("/page/silences", data={"reason": "doch"})
    assert sent.status_code == 403


def sealed_by(ring: KeyRing, operator: Operator) -> str:
    """The session's cookie, as the Observer gives it."""
    answer = Response()
    never = SignInOperator(None, lambda _: False, lambda: datetime.now(UTC))  # pyright: ignore[reportArgumentType]
    Sessions(ring, never).begin(answer, operator, secure=False)
    return answer.headers["set-cookie"].partition("=")[2].partition(";")[0].strip('"')


async def test_behind_https_the_cookie_is_for_https_alone(fleet: OperatedFleet) -> None:
    async with httpx.AsyncClient(base_url=fleet.url, trust_env=False) as http:
        token = {"token": fleet.admin_token}
        bare = await http.post("/page/sign-in", data=token)
        proxied = await http.post("/page/sign-in", data=token, headers={"X-Forwarded-Proto": "https"})

    assert "; Secure" not in bare.headers["set-cookie"]
    assert "; Secure" in proxied.headers["set-cookie"]


async def test_what_happens_is_seen_without_loading_the_page_again(
    visits: Visits, fleet: OperatedFleet
) -> None:
    page = await visits.page("/")
    await page.evaluate("window.stays = true")
    ocr = page.locator("#service-ocr")
    await expect(ocr.locator(".status")).to_have_text("gut")
    await page.locator("#node-ocr").focus()

    fleet.replica.mood = "failing"
    try:
        await expect(ocr.locator(".status")).to_have_text("gestört")
        await expect(page.locator("#alerts li").first).to_contain_text("ocr")
        await expect(page.locator("#announce")).to_contain_text("Neuer Alarm: ocr")
        await expect(page.locator("#node-ocr")).to_have_class("node fail")
    finally:
        fleet.replica.mood = "well"
    await expect(ocr.locator(".status")).to_have_text("gut")
    await expect(page.locator("#announce")).to_contain_text("Erholt: ocr")

    assert await page.evaluate("window.stays && document.activeElement.id") == "node-ocr"


async def test_many_pages_at_once_share_one_stream_and_all_are_live(
    visits: Visits, fleet: OperatedFleet
) -> None:
    context = await visits.context()
    streams: list[str] = []
    context.on("request", lambda asked: streams.append(asked.url) if asked.url.endswith("/live") else None)
    pages = [await context.new_page() for _ in range(7)]
    for page in pages:
        await page.goto("/page/reports")
    for page in pages:
        await expect(page.locator("body")).to_have_attribute("data-stream", "live")
    assert len(streams) == 1

    await pages[0].close()

    async with asyncio.timeout(15):
        while len(streams) < 2:
            await asyncio.sleep(0.05)
    before = await pages[4].locator("#updated time").get_attribute("datetime")
    await expect(pages[4].locator("#updated time")).not_to_have_attribute("datetime", before or "")


async def test_a_lost_connection_is_told_and_found_again_by_itself(
    visits: Visits, fleet: OperatedFleet
) -> None:
    way = Way(urlsplit(fleet.url).port or 0)
    await way.open()
    page = await (await visits.context()).new_page()
    await page.goto(f"http://127.0.0.1:{way.port}/page/reports")
    await expect(page.locator("#stream")).to_have_text("live")

    way.close()
    await expect(page.locator("#stream")).to_contain_text("verloren")
    await way.open()
    await expect(page.locator("#stream")).to_have_text("live")

    await visits.leave()
    way.close()
    assert [said for said in visits.complaints if "net::ERR_" not in said] == []
    visits.complaints.clear()


async def test_an_observer_stops_although_pages_are_open(fleet: OperatedFleet) -> None:
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(60):
        async with running(create_service, {**fleet.environment, "HTTP_PORT": str(free_port())}) as observer:
            url = str(observer.http.base_url)
            await http.post(f"{url}/page/sign-in", data={"token": fleet.admin_token})
            asked = http.build_request("GET", f"{url}/page/live")
            streams = [await http.send(asked, stream=True) for _ in range(3)]
            assert [stream.status_code for stream in streams] == [200, 200, 200]
        for stream in streams:
            # Each came to its end: a stream that was cut off is a `RemoteProtocolError`.
            assert (await stream.aread()).startswith(b"retry: 2000")
            await stream.aclose()


class Way:
    """A way to the Observer that can be cut, as networks are."""

    def __init__(self, port: int) -> None:
        self._observer = port
        self.port = free_port()
        self._ends: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Let through."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)

    def close(self) -> None:
        """Cut everything that is open, and let nothing through."""
        assert self._server is not None
        self._server.close()
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._observer)
        self._ends += (writer, far_writer)
        with contextlib.suppress(OSError):
            await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        writer.close()
