"""What operators do on their page: charts, dead letters, silences, stories, advice, reports."""

import json
from pathlib import Path

from playwright.async_api import expect

from testkit.operated import FINDING, REPORT, STORY, OperatedFleet
from testkit.probe.service import notes_of
from testkit.visits import Visits

LETTERS = "/page/dead-letters"


async def test_the_map_shows_who_runs_and_leads_to_each_service(visits: Visits) -> None:
    page = await visits.page("/")
    node = page.locator("#node-ocr")
    name = await node.get_attribute("aria-label") or ""

    assert name.startswith("ocr: gut, 1 von 1 Replikaten antworten")
    await node.click()
    await expect(page.locator("h1")).to_have_text("ocr")
    await expect(page.locator("#replicas tbody tr")).to_have_count(1)


async def test_the_charts_are_drawn_from_what_was_measured(visits: Visits) -> None:
    page = await visits.page("/page/services/ocr")
    chart = page.locator("#chart-health")

    await expect(chart.locator("canvas")).to_be_visible()
    await expect(chart.locator(".u-legend")).to_contain_text("ocr")
    colours = await chart.locator("canvas").evaluate(
        "canvas => new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"
    )
    assert colours > 2
    await chart.get_by_role("link").click()
    await expect(page.locator("thead th").nth(1)).to_have_text("ocr")
    assert await page.locator("tbody tr").count() >= 1


async def test_a_dead_letter_is_read_mended_replayed_and_gone(visits: Visits, fleet: OperatedFleet) -> None:
    letter = await fleet.dies("unlesbär.pdf")
    page = await visits.page(LETTERS)
    await page.locator(f"#letter-{letter} a").click()
    await expect(page.locator(".headline")).to_contain_text("nobody can read this")
    await expect(page.locator("pre").first).to_contain_text("unlesbär.pdf")

    body = json.loads(await page.locator("textarea[name=body]").input_value())
    await page.fill("textarea[name=body]", json.dumps({**body, "filename": 7}))
    await page.click("#mend button")
    await expect(page.get_by_role("alert")).to_contain_text("filename")
    assert '"filename": 7' in await page.locator("textarea[name=body]").input_value()
    visits.complaints.clear()  # The browser's console tells of the 422.

    await page.fill("textarea[name=body]", json.dumps({**body, "filename": "lesbär.pdf"}))
    await page.fill("#mend input[name=reason]", "Schreibfehler")
    await page.click("#mend button")
    await expect(page.locator(".done")).to_contain_text("Gesendet ist sie noch nicht")
    await expect(page.locator("main ol").first).to_contain_text("Schreibfehler")

    await page.get_by_role("button", name="Erneut senden").click()
    await expect(page.locator(".headline")).to_contain_text("erneut gesendet")
    await expect(page.locator("main form[method=post]")).to_have_count(0)
    await page.goto(LETTERS)
    await expect(page.locator(f"#letter-{letter}")).to_have_count(0)
    notes = await notes_of(fleet.probe.service, "acme")
    while not any(note.filename == "lesbär.pdf" for note in notes):
        notes = await notes_of(fleet.probe.service, "acme")


async def test_a_dead_letter_is_dropped_with_a_reason_and_the_audit_knows_who(
    visits: Visits, fleet: OperatedFleet
) -> None:
    letter = await fleet.dies()
    page = await visits.page(f"{LETTERS}/probe/{letter}")
    drop = page.get_by_role("button", name="Verwerfen")

    await drop.click()
    assert await page.locator("form[action$=drop] input[name=reason]:invalid").count() == 1
    await page.fill("form[action$=drop] input[name=reason]", "doppelt gekommen")
    await drop.click()

    await expect(page.locator(".headline")).to_contain_text("verworfen")
    await expect(page.locator("table").last).to_contain_text("doppelt gekommen")
    await expect(page.locator("table").last).to_contain_text("admin")


async def test_all_that_fit_a_filter_are_replayed_as_a_job(visits: Visits, fleet: OperatedFleet) -> None:
    for name in ("eins.pdf", "zwei.pdf"):
        await fleet.dies(name)
    page = await visits.page(f"{LETTERS}?service=probe")
    await page.get_by_role("button", name="passenden erneut senden").click()

    await expect(page.locator(".headline .status")).to_have_text("fertig")
    await expect(page.locator("tbody tr")).to_contain_text(["probe"])
    await page.goto(f"{LETTERS}?service=probe")
    await expect(page.locator(".empty-state")).to_contain_text("Keine unzustellbare Nachricht")


async def test_an_alert_is_silenced_and_the_silence_ended(visits: Visits, fleet: OperatedFleet) -> None:
    page = await visits.page("/page/alerts")
    await page.fill("input[name=service]", "ocr")
    await page.fill("input[name=reason]", "Umbau für größere Dokumente")
    await page.get_by_role("button", name="Stummschalten").click()
    await expect(page.locator("#silences tbody tr")).to_contain_text("alle Schwellen, ocr")

    fleet.replica.mood = "failing"
    try:
        await expect(page.locator("#open li").first).to_contain_text("stumm")
    finally:
        fleet.replica.mood = "well"
    await expect(page.locator("#past li").first).to_contain_text("erholt")

    await page.get_by_role("button", name="Beenden: Umbau").click()
    await expect(page.locator("#silences")).to_contain_text("Nichts ist stummgeschaltet")


async def test_a_story_is_drawn_as_a_waterfall_with_its_reason(visits: Visits) -> None:
    page = await visits.page("/page/stories?which=failed")
    await page.locator(f"a[href$='{STORY}']").click()

    await expect(page.locator("h1")).to_have_text("lead/müßig")
    await expect(page.locator(".headline")).to_contain_text("31 s")
    await expect(page.locator(".waterfall tbody tr")).to_have_count(3)
    await expect(page.locator(".waterfall tbody tr").last).to_contain_text("VendorUnavailable")
    waits = page.locator(".waterfall tbody tr").nth(1).locator("rect.wait")
    box, line = await waits.bounding_box(), await page.locator(".bars svg").nth(1).bounding_box()
    assert box is not None
    assert line is not None
    assert box["width"] > line["width"] * 0.8


async def test_advice_says_what_is_recommended_and_what_it_brings(visits: Visits) -> None:
    page = await visits.page("/page/advice")
    first = page.locator("main li").first

    await expect(first).to_contain_text("1 → 2")
    await expect(first).to_contain_text("p95 41 s → 9 s")
    await expect(first).to_contain_text("vorhergesagt 9,0 s (7,0 s – 14 s)")
    await expect(first).to_contain_text("noch nicht nachgemessen")


async def test_a_report_is_read_taken_away_as_pdf_and_a_finding_marked_as_done(
    visits: Visits, tmp_path: Path
) -> None:
    page = await visits.page("/page/reports")
    await page.locator(f"#report-{REPORT} a").click()
    await expect(page.locator("h1")).to_have_text("Tagesbericht")

    async with page.expect_download() as coming:
        await page.get_by_role("link", name="PDF").click()
    file = tmp_path / "report.pdf"
    await (await coming.value).save_as(file)
    assert file.read_bytes().startswith(b"%PDF-")

    finding = page.locator(f"#findings-{FINDING}")
    await finding.get_by_role("button").click()
    await expect(finding.locator(".status")).to_have_text("erledigt")
    await expect(finding.get_by_role("button")).to_have_count(0)
