"""Visits to the operators' page by a real browser, which remember what it complained of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, StorageState

from testkit.operated import REPORT, STORY, OperatedFleet

PAGES = (
    "/", "/page/services/ocr", "/page/queues", "/page/alerts", "/page/dead-letters", f"/page/stories/{STORY}",
    "/page/stories", "/page/advice", "/page/reports", f"/page/reports/{REPORT}", "/page/series/health?last=1h&form=table",
)  # fmt: skip


@dataclass
class Visits:
    """Opens pages. `complaints` are the console's errors and warnings, breaches of the content policy among them."""

    chromium: Browser
    fleet: OperatedFleet
    known: StorageState
    complaints: list[str] = field(default_factory=list[str])
    contexts: list[BrowserContext] = field(default_factory=list[BrowserContext])

    async def context(self, *, signed_in: bool = True, **options: Any) -> BrowserContext:
        """A browser of its own, of an operator who came in, unless told otherwise; `options` are Playwright's."""
        if signed_in:
            options = {"storage_state": self.known, **options}
        given: dict[str, Any] = {
            "base_url": self.fleet.url,
            "locale": "de-DE",
            "timezone_id": "Europe/Vienna",
            "reduced_motion": "reduce",
            **options,
        }
        context = await self.chromium.new_context(**given)
        context.set_default_timeout(15_000)
        context.on("console", lambda said: self._note(said.type, said.text))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.contexts.append(context)
        return context

    async def page(self, path: str = "/", *, signed_in: bool = True, **options: Any) -> Page:
        """A page in a browser of its own."""
        page = await (await self.context(signed_in=signed_in, **options)).new_page()
        await page.goto(path)
        return page

    async def leave(self) -> None:
        """Close all that was opened."""
        while self.contexts:
            await self.contexts.pop().close()

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)
