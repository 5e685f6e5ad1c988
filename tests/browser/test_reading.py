"""The operators' page for everybody: by keyboard, by screen reader, in the dark, on a telephone, without JavaScript."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from playwright.async_api import ViewportSize, expect

from testkit.operated import OperatedFleet
from testkit.visits import PAGES, Visits

SCRIPTS = Path(__file__).parent / "scripts"
FAULTS, FAINT = (SCRIPTS / "faults.js").read_text(), (SCRIPTS / "faint.js").read_text()
GROUNDS: Mapping[Literal["light", "dark"], str] = {"light": "rgb(245, 247, 246)", "dark": "rgb(18, 23, 26)"}
DESK: ViewportSize = {"width": 1280, "height": 900}
TELEPHONE: ViewportSize = {"width": 390, "height": 844}
OUTLINED = """() => {
  const here = document.activeElement;
  const style = getComputedStyle(here);
  const box = here.querySelector(":scope > rect");
  const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return {
    place: [...document.querySelectorAll("*")].indexOf(here), body: here === document.body,
    what: here.outerHTML.slice(0, 80), seen: seen || (box && parseFloat(getComputedStyle(box).strokeWidth) >= 4),
  };
}"""


async def everywhere(fleet: OperatedFleet) -> list[str]:
    """Every page, that of a dead letter and of a job too."""
    letter = await fleet.dies()
    return [*PAGES, f"/page/dead-letters/probe/{letter}", "/page/alerts?done=silence"]


async def test_every_page_can_be_read_in_both_schemes_on_a_telephone_and_by_a_screen_reader(
    visits: Visits, fleet: OperatedFleet
) -> None:
    page = await visits.page("/")
    for path in await everywhere(fleet):
        await page.set_viewport_size(DESK)
        await page.goto(path)
        assert await page.evaluate(FAULTS) == [], path
        for scheme, ground in GROUNDS.items():
            await page.emulate_media(color_scheme=scheme)
            assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
            assert await page.evaluate(FAINT) == [], (path, scheme)
        await page.set_viewport_size(TELEPHONE)
        assert await page.evaluate("document.documentElement.scrollWidth") == TELEPHONE["width"], path


async def test_the_log_in_can_be_read_in_both_schemes(visits: Visits) -> None:
    for scheme in ("light", "dark"):
        page = await visits.page("/", signed_in=False, color_scheme=scheme)
        assert await page.evaluate(FAULTS) == []
        assert await page.evaluate(FAINT) == []


async def test_the_page_is_gone_through_by_keyboard_in_order_and_out_again(visits: Visits) -> None:
    page = await visits.page("/")
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await expect(page.locator(".skip")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"

    await page.goto("/")
    steps = []
    for _ in range(120):
        await page.keyboard.press("Tab")
        step = await page.evaluate(OUTLINED)
        if step["body"] or (steps and step["place"] < steps[-1]["place"]):
            break
        steps.append(step)
    else:
        raise AssertionError("the keyboard does not leave the page")
    assert [step["what"] for step in steps if not step["seen"]] == []
    assert len(steps) > 15


async def test_a_silence_is_made_by_keyboard_alone(visits: Visits) -> None:
    page = await visits.page("/page/alerts")
    await page.locator("input[name=threshold]").focus()
    await page.keyboard.press("Tab")
    await page.keyboard.type("notification")
    for _ in range(3):
        await page.keyboard.press("Tab")
    await page.keyboard.type("mit der Tastatur")
    await page.keyboard.press("Enter")

    await expect(page.locator("#silences")).to_contain_text("mit der Tastatur")


async def test_without_javascript_all_is_seen_and_done(visits: Visits, fleet: OperatedFleet) -> None:
    letter = await fleet.dies("ohne Skript.pdf")
    page = await visits.page("/", signed_in=False, java_script_enabled=False)
    await page.fill("input[name=token]", fleet.admin_token)
    await page.press("input[name=token]", "Enter")
    await expect(page.locator("#service-ocr .status")).to_have_text("gut")
    await expect(page.locator("noscript meta[http-equiv=refresh]")).to_have_count(1)
    await expect(page.locator("#zone")).to_have_text("UTC")
    for path in PAGES:
        await page.goto(path)
        assert await page.locator("h1").is_visible(), path

    await page.goto("/")
    await page.locator("#chart-health a").click()
    await expect(page.locator("tbody tr").first).to_be_visible()
    await page.goto(f"/page/dead-letters/probe/{letter}")
    await expect(page.locator("noscript meta")).to_have_count(0)  # It would load the form's text away.
    await page.fill("form[action$=drop] input[name=reason]", "ohne Skript")
    await page.get_by_role("button", name="Verwerfen").click()
    await expect(page.locator(".headline")).to_contain_text("verworfen")


async def test_times_are_the_readers_and_the_language_can_be_changed(visits: Visits) -> None:
    page = await visits.page("/page/reports")
    await expect(page.locator("#zone")).to_have_text("Europe/Vienna")
    shown = page.locator("tbody time").first
    await expect(shown).not_to_contain_text("UTC")

    await page.get_by_role("button", name="English").click()

    await expect(page.locator("h1")).to_have_text("Reports")
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.locator("main")).to_contain_text("One service became slower.")
    assert page.url.endswith("/page/reports")


async def test_what_is_typed_stays_while_the_page_renews_itself(visits: Visits) -> None:
    page = await visits.page("/page/alerts")
    await page.fill("input[name=reason]", "noch nicht fert")
    before = await page.locator("#updated time").get_attribute("datetime")
    await expect(page.locator("#updated time")).not_to_have_attribute("datetime", before or "")

    await page.keyboard.type("ig")

    assert await page.locator("input[name=reason]").input_value() == "noch nicht fertig"


async def test_a_letter_that_stays_open_is_looked_at_once(visits: Visits, fleet: OperatedFleet) -> None:
    letter = await fleet.dies()
    asked: list[str] = []
    page = await visits.page(f"/page/dead-letters/probe/{letter}")
    page.on("request", lambda request: asked.append(request.url))
    other = await page.context.new_page()
    await other.goto("/page/alerts")
    for _ in range(2):
        before = await other.locator("#updated time").get_attribute("datetime")
        await expect(other.locator("#updated time")).not_to_have_attribute("datetime", before or "")

    assert [url for url in asked if letter in url] == []
    await page.reload()
    await expect(page.locator("td", has_text="angesehen")).to_have_count(2)
