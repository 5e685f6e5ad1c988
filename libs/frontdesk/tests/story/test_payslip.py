"""The payslip as a scanner and as a payroll program give it."""

from __future__ import annotations

from datetime import date

import pypdfium2
import pytesseract
import pytest

from frontdesk.story.payslip import printed_payslip, scanned_payslip
from frontdesk.story.person import Story, draw_story, german_amount

TODAY = date(2026, 11, 20)


def _facts(story: Story) -> list[str]:
    income = story.income
    amounts = [german_amount(income.gross), german_amount(income.net)]
    return [income.employer, story.name, income.month, *amounts]


@pytest.mark.parametrize("half_page", [True, False])
def test_a_scanned_payslip_has_no_text_yet_tesseract_reads_its_facts(half_page: bool) -> None:
    story = draw_story(11, TODAY)
    page = pypdfium2.PdfDocument(scanned_payslip(story, half_page=half_page))[0]
    assert page.get_textpage().get_text_range() == ""
    picture = page.render(scale=300 / 72).to_pil()
    text = str(pytesseract.image_to_string(picture, lang="deu+eng"))
    assert [fact for fact in _facts(story) if fact not in text] == []
    assert any(
        "Nettoverdienst" in line and german_amount(story.income.net) in line for line in text.splitlines()
    )


def test_a_scanned_payslip_is_a_page_of_a4_and_a_half_page_half_of_it() -> None:
    story = draw_story(12, TODAY)
    whole = pypdfium2.PdfDocument(scanned_payslip(story, dpi=100))[0].get_size()
    half = pypdfium2.PdfDocument(scanned_payslip(story, dpi=100, half_page=True))[0].get_size()
    assert whole == pytest.approx((595, 842), abs=1.5)
    assert half == pytest.approx((595, 421), abs=1.5)


def test_the_same_story_gives_the_same_scan_byte_by_byte() -> None:
    assert scanned_payslip(draw_story(5, TODAY), dpi=60) == scanned_payslip(draw_story(5, TODAY), dpi=60)


def test_a_printed_payslip_carries_its_facts_as_text() -> None:
    story = draw_story(13, TODAY)
    text = pypdfium2.PdfDocument(printed_payslip(story))[0].get_textpage().get_text_range()
    assert [fact for fact in _facts(story) if fact not in text] == []
