"""An analysis is believed as far as the document's own words bear it out."""

from __future__ import annotations

from ocr.domain.analysis import Analysis, Category, FoundField, Language
from ocr.domain.document import Page
from ocr.domain.evidence import verified

PAGES = (
    Page(1, "Gehaltsabrechnung für Oktober 2026\nFrau Käthe Müßig\nArbeitgeber:   Grünwald & Söhne GmbH"),
    Page(2, "Gesamtbrutto   4.318,27 EUR\nNetto-\nverdienst 2.835,76 EUR\nAuszahlung am 30.10.2026"),
)


def analysis(*fields: FoundField, category: Category = "income_proof", language: Language = "de") -> Analysis:
    return Analysis(category, language, "Ein Gehaltszettel.", 0.9, fields, "model-1")


def net(value: str = "2835.76", page: int = 2, snippet: str = "Nettoverdienst 2.835,76 EUR") -> FoundField:
    return FoundField("net_income", value, page, snippet)


def test_a_field_that_stands_on_its_page_is_believed() -> None:
    field = FoundField("gross_income", "4318.27", 2, "Gesamtbrutto 4.318,27 EUR")
    assert verified(analysis(field), PAGES) == analysis(field)


def test_white_space_case_and_kinds_of_dashes_make_no_difference() -> None:
    field = net(snippet="NETTO‐verdienst\u00a02.835,76 EUR")
    assert verified(analysis(field), PAGES).fields == (field,)


def test_a_field_that_stands_nowhere_is_dropped_and_that_is_said() -> None:
    found = verified(analysis(net(snippet="Bonus 2.835,76 EUR")), PAGES)
    assert found.fields == ()
    assert found.confidence < 0.9
    assert found.summary == "Ein Gehaltszettel. (Verworfen, weil das Dokument es nicht belegt: net_income.)"


def test_a_dropped_field_is_said_in_the_documents_language() -> None:
    found = verified(analysis(net(snippet="nowhere"), language="en"), PAGES)
    assert "Dropped, because the document does not bear it out: net_income." in found.summary


def test_a_field_on_another_page_is_moved_there_and_costs_confidence() -> None:
    found = verified(analysis(net(page=1, snippet="verdienst 2.835,76 EUR")), PAGES)
    assert [field.page for field in found.fields] == [2]
    assert found.confidence < 0.9


def test_an_amount_that_its_own_snippet_contradicts_is_dropped() -> None:
    assert verified(analysis(net(value="9835.76", snippet="verdienst 2.835,76 EUR")), PAGES).fields == ()


def test_a_date_or_month_that_its_own_snippet_contradicts_is_dropped() -> None:
    month = FoundField("period", "2026-09", 1, "Gehaltsabrechnung für Oktober 2026")
    assert verified(analysis(month), PAGES).fields == ()
    day = FoundField("due_date", "2026-10-31", 2, "Auszahlung am 30.10.2026")
    assert verified(analysis(day, category="invoice"), PAGES).fields == ()


def test_a_month_borne_out_by_its_snippet_stays() -> None:
    month = FoundField("period", "2026-10", 1, "Gehaltsabrechnung für Oktober 2026")
    assert verified(analysis(month), PAGES).fields == (month,)


def test_a_name_that_its_snippet_does_not_hold_stays_with_doubt() -> None:
    name = FoundField("employee_name", "Anna Bauer", 1, "Gehaltsabrechnung für")
    found = verified(analysis(name), PAGES)
    assert found.fields == (name,)
    assert found.confidence < 0.9


def test_an_empty_snippet_is_no_evidence() -> None:
    assert verified(analysis(net(snippet=" ")), PAGES).fields == ()


def test_confidence_never_falls_below_nothing() -> None:
    invented = [FoundField(f"field_{number}", "x", 1, "stands nowhere") for number in range(30)]
    assert 0 <= verified(analysis(*invented, category="other"), PAGES).confidence < 0.2
