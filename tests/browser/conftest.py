"""A browser, a fleet and an operator who came in: each once for all tests of a session."""

from collections.abc import AsyncIterator, Mapping

import pytest
from playwright.async_api import Browser, StorageState, async_playwright, expect

from frontdesk.stack import Stack, place_of_its_own
from testkit.chromium import FLAGS, chromium_path
from testkit.operated import OperatedFleet, operated_fleet
from testkit.stack import name_of_this_session
from testkit.visits import Visits

expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def fleet(
    environment: Mapping[str, str], stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[OperatedFleet]:
    """On a broker's host and in a database of its own: other tests of the session run the same services, and leave letters."""
    folder = tmp_path_factory.mktemp("operated")
    with place_of_its_own(stack, name_of_this_session()) as place:
        async with operated_fleet({**environment, **place}, stack.management_url, folder) as fleet:
            yield fleet


@pytest.fixture(scope="session")
async def known(chromium: Browser, fleet: OperatedFleet) -> StorageState:
    """The cookies of somebody who came in with the admin token."""
    context = await chromium.new_context(base_url=fleet.url)
    page = await context.new_page()
    await page.goto("/")
    await page.fill("input[name=token]", fleet.admin_token)
    await page.press("input[name=token]", "Enter")
    await page.wait_for_selector("nav")
    state = await context.storage_state()
    await context.close()
    return state


@pytest.fixture
async def visits(chromium: Browser, fleet: OperatedFleet, known: StorageState) -> AsyncIterator[Visits]:
    """Pages to look at; whatever the browser complains of fails the test, unless the test has cleared it."""
    visits = Visits(chromium, fleet, known)
    yield visits
    await visits.leave()
    assert visits.complaints == []
