"""The real Tesseract on printed German and English forms: every field is read, however the page was scanned."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date

import pytest
from PIL import Image, ImageFilter

from frontdesk.story.payslip import printed_payslip, scanned_payslip
from frontdesk.story.person import draw_story
from ocr.adapters.reader import ConfinedReader
from ocr.domain.document import Reading
from ocr.domain.limits import Limits
from ocr.domain.rules import by_rules

Row = str | tuple[str, str]
Print = Callable[[Sequence[Row]], Image.Image]
Encode = Callable[..., bytes]

PAYSLIP: list[Row] = [
    "Gehaltsabrechnung",
    ("Abrechnungsmonat:", "Oktober 2026"),
    ("Arbeitgeber:", "Grünwald & Söhne GmbH"),
    ("Arbeitnehmerin:", "Käthe Müßigbrodt"),
    "",
    ("Gesamtbrutto", "4.318,27 EUR"),
    ("Lohnsteuer", "612,40 EUR"),
    ("Sozialversicherung", "870,11 EUR"),
    ("Nettolohn", "2.835,76 EUR"),
    "Die Auszahlung erfolgt auf das uns bekannte Konto.",
]
PAYSLIP_FIELDS = {
    "employee_name": "Käthe Müßigbrodt",
    "employer": "Grünwald & Söhne GmbH",
    "period": "2026-10",
    "gross_income": "4318.27",
    "net_income": "2835.76",
    "currency": "EUR",
}
INVOICE: list[Row] = [
    "INVOICE",
    ("Invoice number:", "INV-2026-0815"),
    ("Invoice date:", "14 October 2026"),
    ("Due date:", "28 October 2026"),
    ("Issued by:", "Harper & Quayle Ltd"),
    "",
    ("Consulting services", "1,200.00"),
    ("VAT 20 %", "240.00"),
    ("Total amount due", "GBP 1,440.00"),
]
INVOICE_FIELDS = {
    "invoice_number": "INV-2026-0815",
    "invoice_date": "2026-10-14",
    "due_date": "2026-10-28",
    "issuer": "Harper & Quayle Ltd",
    "total_amount": "1440.00",
    "currency": "GBP",
}
ORDER: list[Row] = [
    "Auftragsbestätigung",
    ("Auftragsnummer:", "A-20417"),
    ("Auftragsdatum:", "03.11.2026"),
    ("Kunde:", "Bäckerei Größwang"),
    ("Liefertermin:", "24.11.2026"),
    ("Gesamtbetrag", "987,65 EUR"),
]
ORDER_FIELDS = {
    "order_number": "A-20417",
    "order_date": "2026-11-03",
    "customer": "Bäckerei Größwang",
    "total_amount": "987.65",
    "currency": "EUR",
}


def as_it_is(page: Image.Image) -> Image.Image:
    return page


def crooked(page: Image.Image) -> Image.Image:
    return page.rotate(1.4, fillcolor=255, resample=Image.Resampling.BICUBIC)


def grainy(page: Image.Image) -> Image.Image:
    dice = random.Random(7)
    grain = Image.frombytes("L", (256, 256), dice.randbytes(256 * 256))
    tiled = Image.new("L", page.size)
    for left in range(0, page.width, 256):
        for top in range(0, page.height, 256):
            tiled.paste(grain, (left, top))
    return Image.blend(page.filter(ImageFilter.GaussianBlur(0.6)), tiled, 0.15)


def small(page: Image.Image) -> Image.Image:
    return page.resize((page.width // 2, page.height // 2), Image.Resampling.LANCZOS)


def on_its_side(page: Image.Image) -> Image.Image:
    return page.rotate(90, expand=True)


def upside_down(page: Image.Image) -> Image.Image:
    return page.rotate(180)


def white_on_black(page: Image.Image) -> Image.Image:
    return page.point([255 - level for level in range(256)])


async def fields_of(data: bytes, category: str) -> dict[str, str]:
    reading = await ConfinedReader(Limits()).read(data)
    assert isinstance(reading, Reading), reading
    assert reading.method == "ocr"
    found = by_rules(reading.pages)
    assert found.category == category
    return {field.name: field.value for field in found.fields}


@pytest.mark.parametrize(
    "scanned",
    [as_it_is, crooked, grainy, small, on_its_side, upside_down, white_on_black],
    ids=lambda spoil: spoil.__name__,
)
async def test_a_german_payslip_is_read_however_it_was_scanned(
    printed: Print, encoded: Encode, scanned: Callable[[Image.Image], Image.Image]
) -> None:
    data = encoded(scanned(printed(PAYSLIP)), "PDF", resolution=200.0)
    assert await fields_of(data, "income_proof") == PAYSLIP_FIELDS


async def test_an_english_invoice_is_read_from_a_photo(printed: Print, encoded: Encode) -> None:
    data = encoded(printed(INVOICE).convert("RGB"), "JPEG", quality=70)
    assert await fields_of(data, "invoice") == INVOICE_FIELDS


async def test_a_german_order_is_read_from_a_fax(printed: Print, encoded: Encode) -> None:
    data = encoded(printed(ORDER).convert("1"), "TIFF", compression="group4")
    assert await fields_of(data, "order") == ORDER_FIELDS


@pytest.mark.parametrize("seed", [11, 12, 13])
async def test_the_storys_payslip_is_read_from_paper_and_from_print(seed: int) -> None:
    story = draw_story(seed, date(2026, 11, 20))
    expected = {
        "employee_name": story.name,
        "employer": story.income.employer,
        "period": f"{story.income.period:%Y-%m}",
        "gross_income": f"{story.income.gross:.2f}",
        "net_income": f"{story.income.net:.2f}",
    }
    assert await fields_of(scanned_payslip(story), "income_proof") == expected
    assert await fields_of(scanned_payslip(story, half_page=True), "income_proof") == expected
    reading = await ConfinedReader(Limits()).read(printed_payslip(story))
    assert isinstance(reading, Reading)
    assert reading.method == "text"
    assert {field.name: field.value for field in by_rules(reading.pages).fields} == expected
