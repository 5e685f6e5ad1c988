"""A German payslip as paper shows it: scanned to a PDF of pictures, or printed to a PDF with text."""

from __future__ import annotations

import io
import random
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from frontdesk.story.person import Story, german_amount, german_date

_MARGIN_MM = 18.0
_AMOUNTS_MM = 140.0  # right edge of the amounts: near enough to their labels to be read as one line
_LINE_MM = 5.6
_SIZE_MM = {"title": 5.0, "strong": 3.9, "plain": 3.6}
_WIDTH_MM, _HEIGHT_MM = 210.0, 297.0
_PAPER, _INK = 246, 28


@dataclass(frozen=True)
class Line:
    """One printed line: a label at the left, an amount at the right edge, or a blank."""

    label: str = ""
    amount: str = ""
    weight: str = "plain"


def scanned_payslip(story: Story, *, dpi: int = 250, half_page: bool = False) -> bytes:
    """A PDF without any text: one grey picture, a little crooked and grainy; `half_page` is the upper half alone."""
    page = _print_on_paper(payslip_lines(story), dpi)
    if half_page:
        page = page.crop((0, 0, page.width, page.height // 2))
    picture = _through_the_scanner(page, random.Random(story.seed))  # noqa: S311 - grain, not a secret
    moment = time.struct_time((*story.income.period.timetuple()[:6], 0, 1, 0))
    out = io.BytesIO()
    picture.save(out, "PDF", resolution=float(dpi), quality=82, creationDate=moment, modDate=moment)
    return out.getvalue()


def printed_payslip(story: Story) -> bytes:
    """The same payslip as the payroll program writes it: a PDF with text."""
    for name, file in (("Slip", "Vera.ttf"), ("Slip-Bold", "VeraBd.ttf")):
        pdfmetrics.registerFont(TTFont(name, str(_font_file(file))))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    point = A4[0] / _WIDTH_MM
    for number, line in enumerate(payslip_lines(story)):
        height = A4[1] - (_MARGIN_MM + _LINE_MM * (number + 1)) * point
        canvas.setFont("Slip" if line.weight == "plain" else "Slip-Bold", _SIZE_MM[line.weight] * point * 0.8)
        canvas.drawString(_MARGIN_MM * point, height, line.label)
        canvas.drawRightString(_AMOUNTS_MM * point, height, line.amount)
    canvas.save()
    return out.getvalue()


def payslip_lines(story: Story) -> list[Line]:
    """What the payslip says, top to bottom; it fits on the upper half of a page."""
    income = story.income
    return [
        Line(income.employer, weight="title"),
        Line(income.employer_address),
        Line(),
        Line(f"Gehaltsabrechnung für {income.month}", weight="title"),
        Line(),
        Line(f"{story.salutation} {story.name}"),
        Line(f"{story.street}, {story.postcode} {story.city}"),
        Line(f"Personalnummer: {income.personnel_number}"),
        Line(f"Abrechnungszeitraum: {german_date(income.period)}, Währung: EUR"),
        Line(),
        Line("Gesamtbrutto", german_amount(income.gross), "strong"),
        *(Line(part.label, f"-{german_amount(part.amount)}") for part in income.deductions),
        Line("Nettoverdienst", german_amount(income.net), "strong"),
        Line("Auszahlungsbetrag", german_amount(income.net), "strong"),
    ]


def _print_on_paper(lines: list[Line], dpi: int) -> Image.Image:
    def pixels(millimetres: float) -> int:
        return round(millimetres * dpi / 25.4)

    page = Image.new("L", (pixels(_WIDTH_MM), pixels(_HEIGHT_MM)), _PAPER)
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        font = ImageFont.truetype(
            str(_font_file("Vera.ttf" if line.weight == "plain" else "VeraBd.ttf")),
            pixels(_SIZE_MM[line.weight]),
        )
        height = pixels(_MARGIN_MM + _LINE_MM * (number + 1))
        pen.text((pixels(_MARGIN_MM), height), line.label, fill=_INK, font=font, anchor="ls")
        pen.text((pixels(_AMOUNTS_MM), height), line.amount, fill=_INK, font=font, anchor="rs")
    return page


def _through_the_scanner(page: Image.Image, dice: random.Random) -> Image.Image:
    crooked = page.rotate(
        dice.uniform(-0.5, 0.5), resample=Image.Resampling.BICUBIC, fillcolor=_PAPER
    ).filter(ImageFilter.GaussianBlur(0.3))
    grain = Image.frombytes("L", page.size, dice.randbytes(page.width * page.height))
    return Image.blend(crooked, grain, 0.05)


def _font_file(name: str) -> Path:
    # Bitstream Vera comes with reportlab: free, with umlauts, and there on a bare machine.
    return Path(str(files("reportlab") / "fonts" / name))
