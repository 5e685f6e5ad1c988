"""The operators' page in a real browser: how long until it is there, and from an event until it is shown."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from time import time_ns

from figures import Figure, beside
from ground import Ground
from playwright.async_api import Browser, Page, StorageState, async_playwright
from services import service_process
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from observer.entrypoints.page.render import assets
from observer.settings import known_services
from testkit.chromium import FLAGS, NoBrowser, chromium_path
from testkit.door import served
from testkit.service import free_port

NAMES = ("page_load", "page_update")
LOADS, UPDATES = 8, 20
ROUND_SECONDS = 0.5
LOADED = "() => performance.getEntriesByType('navigation')[0].loadEventEnd"
TIMED = """
window.took = [];
window.EventSource = class extends EventSource {
  constructor(place) {
    super(place);
    this.addEventListener("round", (event) => { window.said = Number(event.lastEventId); });
  }
};
document.addEventListener("frontdesk:live", () => { if (window.said) window.took.push(Date.now() - window.said); });
"""
BARE = """<!doctype html><title>floor</title><p id="live"></p><script>
window.took = [];
new EventSource("/stream").addEventListener("round", (event) => {
  document.getElementById("live").textContent = event.data;
  window.took.push(Date.now() - Number(event.lastEventId));
});
</script>"""


async def measure(ground: Ground, names: Sequence[str]) -> list[Figure]:
    """Measure by turns with the floors: the same page as a file, a bare event; nothing where there is no browser."""
    try:
        path = chromium_path()
    except NoBrowser as missing:
        print(f"{', '.join(names)}: not measured, {missing}", file=sys.stderr)
        return []
    await ground.run("prepare_observer")
    port = free_port()
    async with async_playwright() as playwright, ground.running("fake_replicas", count=12) as crowd:
        services: dict[str, object] = {name: [] for name in known_services()}
        settings = {
            "OBSERVER_SERVICES": json.dumps(services | {"ocr": (await crowd.answer())["addresses"]}),
            "OBSERVER_ROUND_SECONDS": str(ROUND_SECONDS),
        }
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        async with service_process(ground, "observer", port, **settings):
            known = await _come_in(browser, f"http://127.0.0.1:{port}", ground.environment)
            found = await _figures(browser, f"http://127.0.0.1:{port}", known, ground.size.rounds, names)
        await browser.close()
    return found


async def _figures(
    browser: Browser, url: str, known: StorageState, rounds: int, names: Sequence[str]
) -> list[Figure]:
    loads: list[float] = []
    load_floors: list[float] = []
    updates: list[float] = []
    update_floors: list[float] = []
    content = await _content(browser, url, known)
    async with served(_still(content)) as still:
        for _ in range(rounds):
            if "page_load" in names:
                load_floors.append(await _load(browser, still, None))
                loads.append(await _load(browser, url, known))
            if "page_update" in names:
                update_floors.append(await _update(browser, f"{still}/bare", None))
                updates.append(await _update(browser, url, known))
    found = [beside("page_load", loads, "ms", load_floors)] if loads else []
    return [*found, beside("page_update", updates, "ms", update_floors)] if updates else found


async def _come_in(browser: Browser, url: str, environment: Mapping[str, str]) -> StorageState:
    page = await browser.new_page()
    await page.goto(f"{url}/page/sign-in")
    await page.fill("input[name=token]", environment["FRONTDESK_ADMIN_TOKEN"])
    await page.press("input[name=token]", "Enter")
    await page.wait_for_selector("nav")
    return await page.context.storage_state()


async def _content(browser: Browser, url: str, known: StorageState) -> str:
    """The overview as the Observer sends it."""
    context = await browser.new_context(storage_state=known)
    answer = await context.request.get(url)
    content = await answer.text()
    await context.close()
    return content


async def _load(browser: Browser, url: str, known: StorageState | None) -> float:
    """Milliseconds until the overview and all its files are there, in a browser that has nothing of it yet."""
    took: list[float] = []
    for _ in range(LOADS):
        context = await browser.new_context(storage_state=known)
        page = await context.new_page()
        await page.goto(url, wait_until="load")
        took.append(await _loaded(page))
        await context.close()
    return statistics.median(took)


async def _loaded(page: Page) -> float:
    while not (ended := await page.evaluate(LOADED)):
        await asyncio.sleep(0.01)
    return float(ended)


async def _update(browser: Browser, url: str, known: StorageState | None) -> float:
    """Milliseconds from the moment at which an event is said until the page shows what is new."""
    context = await browser.new_context(storage_state=known)
    await context.add_init_script(TIMED if known else "")
    page = await context.new_page()
    await page.goto(url)
    took: list[float] = []
    async with asyncio.timeout(120):  # The page's policy forbids what Playwright would wait for by itself.
        while len(took) < UPDATES:
            await asyncio.sleep(0.1)
            took = await page.evaluate("window.took")
    await context.close()
    return statistics.median(took)


def _still(content: str) -> list[Route]:
    """The same page and its files from memory, and a page that shows bare events."""

    async def page(_: Request) -> Response:
        return HTMLResponse(content)

    async def asset(request: Request) -> Response:
        body, kind = assets()[request.path_params["name"]]
        return Response(body, media_type=kind)

    async def bare(_: Request) -> Response:
        return HTMLResponse(BARE)

    async def stream(_: Request) -> Response:
        return StreamingResponse(_rounds(), media_type="text/event-stream")

    return [
        Route("/", page), Route("/page/assets/{name}", asset), Route("/bare", bare), Route("/stream", stream)
    ]  # fmt: skip


async def _rounds() -> AsyncIterator[str]:
    number = 0
    while True:
        await asyncio.sleep(ROUND_SECONDS / 5)
        number += 1
        yield f"id: {time_ns() // 1_000_000}\nevent: round\ndata: {number}\n\n"
