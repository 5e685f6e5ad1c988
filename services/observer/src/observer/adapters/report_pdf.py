"""A report as PDF, with a font inside, so that every reader shows its umlauts."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import getRegisteredFontNames, registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer

from observer.adapters.report_words import Language, gain, moment, state, text, word
from observer.domain.findings import Finding, Report

_FONT, _BOLD = "Vera", "VeraBd"
_SOFT = HexColor("#57606a")
_BODY = ParagraphStyle("body", fontName=_FONT, fontSize=9, leading=13, spaceAfter=3)
_TITLE = ParagraphStyle("title", parent=_BODY, fontName=_BOLD, fontSize=15, leading=19, spaceAfter=8)
_HEADING = ParagraphStyle(
    "heading", parent=_BODY, fontName=_BOLD, fontSize=11, leading=15, spaceBefore=12, spaceAfter=5
)
_SMALL = ParagraphStyle("small", parent=_BODY, fontSize=7.5, leading=10, textColor=_SOFT)


def pdf(report: Report, language: Language) -> bytes:
    """The report as PDF, in one language."""
    if _FONT not in getRegisteredFontNames():
        registerFont(TTFont(_FONT, "Vera.ttf"))
        registerFont(TTFont(_BOLD, "VeraBd.ttf"))
        registerFontFamily(_FONT, normal=_FONT, bold=_BOLD, italic=_FONT, boldItalic=_BOLD)
    written = BytesIO()
    document = SimpleDocTemplate(
        written, pagesize=A4, leftMargin=20 * mm, rightMargin=20 * mm, topMargin=18 * mm, bottomMargin=18 * mm,
        title=text(report.title, language), author="Frontdesk", lang=language,
    )  # fmt: skip
    document.build(list(_flow(report, language)), onFirstPage=_number, onLaterPages=_number)
    return written.getvalue()


def _flow(report: Report, language: Language) -> Iterator[Flowable]:
    def paragraph(words: str, style: ParagraphStyle = _BODY) -> Paragraph:
        return Paragraph(_written(words, language), style)

    yield paragraph(text(report.title, language), _TITLE)
    yield paragraph(text(report.summary, language))
    made = f"{word('made', language)}: {moment(report.made_at, language)} · {word('watched', language)}: {report.watched}"
    yield paragraph(made, _SMALL)
    for name, findings in (("findings", report.findings), ("followed_up", report.followed_up)):
        yield paragraph(word(name, language), _HEADING)
        if not findings:
            yield paragraph(word("none", language))
        for number, finding in enumerate(findings, 1):
            yield KeepTogether([*_finding(number, finding, language), Spacer(1, 5 * mm)])
    yield paragraph(word("method", language), _SMALL)


def _finding(number: int, finding: Finding, language: Language) -> Iterator[Paragraph]:
    yield Paragraph(f"<b>{number}. {_written(text(finding.summary, language), language)}</b>", _BODY)
    for name, told in (
        ("since", moment(finding.since, language)),
        ("recommendation", text(finding.recommendation, language)),
        ("gain", gain(finding, language)),
        ("state", state(finding, language)),
    ):
        yield Paragraph(f"<b>{word(name, language)}:</b> {_written(told, language)}", _BODY)
    for evidence in finding.evidence:
        reference = f" ({evidence.reference})" if evidence.reference else ""
        told = f"{word('evidence', language)}: {text(evidence.text, language)}{reference}"
        yield Paragraph(_written(told, language), _SMALL)


def _written(words: str, language: Language) -> str:
    """Words with no markup in them, and no sign that the font does not have."""
    return escape(words.replace("→", "auf" if language == "de" else "to"))


def _number(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.saveState()
    canvas.setFont(_FONT, 7.5)
    canvas.setFillColor(_SOFT)
    canvas.drawRightString(A4[0] - 20 * mm, 10 * mm, str(document.page))
    canvas.restoreState()
