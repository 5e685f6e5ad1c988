"""PDF: the text it carries, else what Tesseract recognises on the rendered page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from ocr.adapters.reading.failure import CannotRead
from ocr.domain.document import Method, Page, Reading
from ocr.domain.limits import Limits

_BEST_DPI, _LEAST_DPI = 300, 200
_POINTS_PER_INCH = 72
_LEAST_SCALE = 0.05
_FEW_LETTERS = 25
_LITTLE_TEXT = 200
_MOST_OF_A_PAGE = 0.5
_MOST_STRANGE = 0.2
_PICTURES = (pdfium_c.FPDF_PAGEOBJ_IMAGE,)
_SHAPES = (*_PICTURES, pdfium_c.FPDF_PAGEOBJ_PATH, pdfium_c.FPDF_PAGEOBJ_SHADING)


def read_pdf(path: Path, limits: Limits) -> Reading:
    """All pages, those without text of their own recognised; form fields count as text."""
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        raise _why_closed(error) from error
    count = len(document)
    if count > limits.pages:
        raise CannotRead(
            "too_many_pages",
            f"The PDF has {count} pages; at most {limits.pages} are read. Please send it in parts.",
        )
    if count == 0:
        raise CannotRead("damaged", "The PDF has no pages.")
    if document.get_formtype() in (pdfium_c.FORMTYPE_ACRO_FORM, pdfium_c.FORMTYPE_XFA_FOREGROUND):
        document.init_forms()
    try:
        texts = list(_texts(document, limits))
    except pdfium.PdfiumError as error:
        raise CannotRead("damaged", "The PDF is damaged: a page cannot be opened.") from error
    if not any(text.strip() for text, _ in texts):
        raise CannotRead("no_text", "No writing was found in the PDF.")
    method: Method = "ocr" if any(how == "ocr" for _, how in texts) else "text"
    pages = tuple(Page(number, text) for number, (text, _) in enumerate(texts, start=1))
    return Reading(pages, method, "application/pdf")


def _why_closed(error: pdfium.PdfiumError) -> CannotRead:
    match error.err_code:
        case pdfium_c.FPDF_ERR_PASSWORD | pdfium_c.FPDF_ERR_SECURITY:
            return CannotRead("encrypted", "The PDF is protected by a password; please send it without one.")
        case _:
            return CannotRead("damaged", "The PDF is damaged and cannot be opened.")


def _texts(document: pdfium.PdfDocument, limits: Limits) -> Iterator[tuple[str, Method]]:
    scanned, characters = 0, 0
    for index in range(len(document)):
        page = document[index]
        if document.formenv is not None and page.flatten() == pdfium_c.FLATTEN_SUCCESS:
            page.close()
            page = document[index]
        text = _own_text(page)
        how: Method = "text"
        if _must_be_recognized(page, text):
            scanned += 1
            if scanned > limits.scanned_pages:
                raise CannotRead(
                    "too_many_pages",
                    f"The PDF has more than {limits.scanned_pages} scanned pages; please send it in parts.",
                )
            recognized = _recognized(page, limits)
            if len(recognized.strip()) >= len(text.strip()) or _is_strange(text):
                text, how = recognized, "ocr"
        page.close()
        characters += len(text)
        if characters > limits.characters:
            raise CannotRead(
                "too_large", f"The PDF holds more than {limits.characters:,} characters of text."
            )
        yield text, how


def _own_text(page: pdfium.PdfPage) -> str:
    layer = page.get_textpage()
    try:
        return layer.get_text_bounded().replace("\r\n", "\n").replace("\ufffe", "").replace("\x00", "")
    finally:
        layer.close()


def _must_be_recognized(page: pdfium.PdfPage, text: str) -> bool:
    """Whether the page shows what its text does not tell: a scan, writing drawn as shapes, a font without meaning."""
    letters = sum(map(str.isalnum, text))
    if letters >= _LITTLE_TEXT:
        return _is_strange(text)
    if letters < _FEW_LETTERS:
        return any(True for _ in page.get_objects(filter=_SHAPES, max_depth=3)) or _is_strange(text)
    area = max(1.0, page.get_width() * page.get_height())
    covered = max(map(_area, page.get_objects(filter=_PICTURES, max_depth=3)), default=0.0)
    return covered / area > _MOST_OF_A_PAGE or _is_strange(text)


def _area(found: pdfium.PdfObject) -> float:
    left, bottom, right, top = found.get_bounds()
    return abs(right - left) * abs(top - bottom)


def _is_strange(text: str) -> bool:
    """Whether many characters stand for nothing: private use, replacement, control."""
    signs = [sign for sign in text if not sign.isspace()]
    strange = sum(sign == "\ufffd" or "\ue000" <= sign <= "\uf8ff" or sign < " " for sign in signs)
    return bool(signs) and strange / len(signs) > _MOST_STRANGE


def _recognized(page: pdfium.PdfPage, limits: Limits) -> str:
    from ocr.adapters.reading.recognition import recognize

    width, height = page.get_size()
    if width <= 0 or height <= 0:
        raise CannotRead("damaged", "The PDF is damaged: a page has no size.")
    most = (min(limits.pixels, 4961 * 3508) / (width * height)) ** 0.5
    scale = max(_LEAST_SCALE, min(_dpi(page) / _POINTS_PER_INCH, most))
    if width * height * scale * scale > limits.pixels:
        raise CannotRead("too_large", "A page of the PDF is too large to be read.")
    bitmap = page.render(scale=scale, grayscale=True)  # pyright: ignore[reportArgumentType] -- any number is taken
    return recognize(cast(Image.Image, bitmap.to_pil()))


def _dpi(page: pdfium.PdfPage) -> float:
    """The scanner's own resolution, when one picture covers the page: more would only blow it up."""
    objects = list(page.get_objects(filter=_PICTURES, max_depth=3))
    if len(objects) != 1 or not isinstance(objects[0], pdfium.PdfImage):
        return _BEST_DPI
    left, _, right, _ = objects[0].get_bounds()
    if right <= left:
        return _BEST_DPI
    across = max(objects[0].get_px_size())
    inches = max(page.get_size()) / _POINTS_PER_INCH
    return min(_BEST_DPI, max(_LEAST_DPI, across / inches))
