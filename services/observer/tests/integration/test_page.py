"""The operators' page of a running Observer, as a browser without JavaScript asks for it."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest

from frontdesk.stack import Stack
from observer.app import create_service
from observer.settings import known_services
from testkit.door import served
from testkit.replica import FakeReplica
from testkit.service import RunningService, running

PAGES = (
    "/",
    "/page/queues",
    "/page/alerts",
    "/page/dead-letters",
    "/page/stories",
    "/page/advice",
    "/page/reports",
)


@pytest.fixture(scope="module")
async def observer(
    environment: Mapping[str, str], stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningService]:
    thresholds = [{"name": "failing", "metric": "health_failing", "limit": 0}]
    config = written(tmp_path_factory.mktemp("page") / "observer_config.json", {"thresholds": thresholds})
    async with served(FakeReplica("ocr", "p1").routes()) as url:
        services = {name: [url] if name == "ocr" else [] for name in known_services()}
        own = {
            "OBSERVER_SERVICES": json.dumps(services), "OBSERVER_CONFIG_PATH": str(config),
            "OBSERVER_RABBITMQ_URL": stack.management_url or "", "OBSERVER_ROUND_SECONDS": "0.1",
            "OBSERVER_METRICS_SECONDS": "0.1", "TENANCY_URL": "http://127.0.0.1:1",
        }  # fmt: skip
        async with running(create_service, {**environment, **own}) as observer:
            yield observer


def written(file: Path, document: object) -> Path:
    file.write_text(json.dumps(document))
    return file


@pytest.fixture
async def browser(observer: RunningService) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody who is known yet."""
    async with httpx.AsyncClient(base_url=observer.http.base_url, trust_env=False) as http:
        yield http


async def sign_in(observer: RunningService, browser: httpx.AsyncClient, back: str = "/") -> httpx.Response:
    token = observer.service.settings.admin_token.get_secret_value()
    return await browser.post("/page/sign-in", data={"token": token, "back": back})


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["de", "en"])
async def test_every_page_is_shown_in_both_languages(
    observer: RunningService, browser: httpx.AsyncClient, path: str, language: str
) -> None:
    await sign_in(observer, browser)
    page = await browser.get(path, headers={"Accept-Language": language})

    assert page.status_code == 200, page.text
    assert f'<html lang="{language}">' in page.text
    assert "<h1>" in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", PAGES)
async def test_nobody_else_sees_anything(browser: httpx.AsyncClient, path: str) -> None:
    page = await browser.get(path)

    assert page.status_code == 303
    assert page.headers["Location"].startswith("/page/sign-in?back=")


async def test_the_cookie_is_for_no_script_and_no_other_site(
    observer: RunningService, browser: httpx.AsyncClient
) -> None:
    cookie = (await sign_in(observer, browser)).headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()


async def test_a_wrong_token_and_a_tenancy_that_is_away_let_nobody_in(browser: httpx.AsyncClient) -> None:
    wrong = await browser.post("/page/sign-in", data={"token": "geraten"})
    away = await browser.post("/page/sign-in", data={"email": "erika@example.com", "password": "geheim"})

    assert (wrong.status_code, away.status_code) == (401, 401)
    assert "admin token" in away.text
    assert not browser.cookies


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "page"])
async def test_nobody_is_led_elsewhere_after_the_log_in(
    observer: RunningService, browser: httpx.AsyncClient, back: str
) -> None:
    assert (await sign_in(observer, browser, back)).headers["Location"] == "/"


async def test_a_form_of_another_site_does_nothing(
    observer: RunningService, browser: httpx.AsyncClient
) -> None:
    await sign_in(observer, browser)
    form = {"threshold": "*", "service": "ocr", "subject": "*", "minutes": "5", "reason": "fremd"}
    for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await browser.post("/page/silences", data=form, headers=header)).status_code == 403

    assert "fremd" not in (await browser.get("/page/alerts")).text


async def test_a_silence_is_made_and_ended_by_forms_alone(
    observer: RunningService, browser: httpx.AsyncClient
) -> None:
    await sign_in(observer, browser)
    form = {"threshold": "*", "service": "ocr", "subject": "*", "minutes": "5", "reason": "Umbau für Größe"}
    made = await browser.post("/page/silences", data=form)
    shown = (await browser.get("/page/alerts")).text
    assert made.status_code == 303
    assert "Umbau für Größe" in shown

    end = shown.partition('action="/page/silences/')[2].partition('"')[0]
    assert (await browser.post(f"/page/silences/{end}")).status_code == 303
    assert "Umbau für Größe" not in (await browser.get("/page/alerts")).text


async def test_the_stream_tells_each_round(observer: RunningService, browser: httpx.AsyncClient) -> None:
    await sign_in(observer, browser)
    async with browser.stream("GET", "/page/live") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        while not (line := await anext(lines)).startswith("event: "):
            pass
    assert line == "event: round"
