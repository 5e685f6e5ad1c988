"""Office files: DOCX is read; macros, encryption and other office formats are told from each other."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import docx
import olefile
from docx.document import Document
from docx.opc.part import Part
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph

from ocr.adapters.reading.failure import CannotRead
from ocr.domain.document import Page, Reading

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_ENCRYPTED_FLAG = 0x1
_MOST_MEMBERS = 10_000
_MOST_UNPACKED = 256 * 1024 * 1024
_MACRO_PARTS = ("vbaproject.bin", "vbadata.xml")
_MACRO_STORAGES = ("vba", "macros", "_vba_project_cur", "_vba_project")


def check_ole(path: Path) -> CannotRead:
    """Why an OLE file (old Office formats, Outlook messages, encrypted new ones) is not read."""
    try:
        with olefile.OleFileIO(str(path)) as container:
            names = {
                part.lower() for entry in container.listdir(streams=True, storages=True) for part in entry
            }
    except (OSError, ValueError, TypeError, IndexError) as error:
        return CannotRead(
            "damaged", f"The office file is damaged and cannot be opened ({type(error).__name__})."
        )
    if "encryptedpackage" in names:
        return CannotRead(
            "encrypted", "The office file is protected by a password; please send it without one."
        )
    if names.intersection(_MACRO_STORAGES):
        return CannotRead(
            "macros", "The office file contains macros and is not opened; please send it as a PDF."
        )
    return CannotRead(
        "unsupported", "Old office formats cannot be read; please send the document as PDF or DOCX."
    )


def read_zip(path: Path) -> tuple[Reading, list[bytes]]:
    """The text of a DOCX and the pictures in it; any other archive cannot be read."""
    names = _checked_members(path)
    if any(name.lower().endswith(_MACRO_PARTS) for name in names):
        raise CannotRead(
            "macros", "The office file contains macros and is not opened; please send it as a PDF."
        )
    if "word/document.xml" not in names:
        what = "Spreadsheets" if "xl/workbook.xml" in names else "Archives and files of this kind"
        raise CannotRead("unsupported", f"{what} cannot be read; please send the document as PDF or DOCX.")
    try:
        document = docx.Document(str(path))
        pages = tuple(Page(number, text) for number, text in enumerate(_pages(document), start=1))
        pictures = [part.blob for part in _parts(document) if part.content_type.startswith("image/")]
    except (KeyError, ValueError, zipfile.BadZipFile, SyntaxError, AttributeError) as error:
        raise CannotRead("damaged", f"The Word file is damaged ({type(error).__name__}).") from error
    return Reading(pages, "text", DOCX), pictures


def _parts(document: Document) -> Iterator[Part]:
    package = document.part.package
    if package is not None:
        yield from package.iter_parts()


def _checked_members(path: Path) -> set[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise CannotRead(
            "damaged", f"The file is damaged: its directory cannot be read ({type(error).__name__})."
        ) from error
    if any(member.flag_bits & _ENCRYPTED_FLAG for member in members):
        raise CannotRead("encrypted", "The file is protected by a password; please send it without one.")
    if len(members) > _MOST_MEMBERS or sum(member.file_size for member in members) > _MOST_UNPACKED:
        raise CannotRead("too_large", "The file unpacks to more than can be read.")
    return {member.filename for member in members}


def _pages(document: Document) -> Iterator[str]:
    """Pages as the file itself marks them; letterheads stand first, text boxes and footers last."""
    lines: list[str] = list(dict.fromkeys(_around(document, "header")))
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            lines.extend(_rows(block))
            continue
        if _begins_page(block) and any(line.strip() for line in lines):
            yield "\n".join(lines)
            lines = []
        lines.append(block.text)
    boxes = (box for box in document.element.iter(qn("w:txbxContent")))
    lines.extend("".join(text.text or "" for text in box.iter(qn("w:t"))) for box in boxes)
    lines.extend(dict.fromkeys(_around(document, "footer")))
    yield "\n".join(lines)


def _around(document: Document, which: str) -> Iterator[str]:
    for section in document.sections:
        part = section.header if which == "header" else section.footer
        yield from (paragraph.text for paragraph in part.paragraphs if paragraph.text.strip())


def _begins_page(paragraph: Paragraph) -> bool:
    if paragraph.contains_page_break:
        return True
    return any(mark.get(qn("w:type")) == "page" for mark in paragraph._p.iter(qn("w:br")))  # pyright: ignore[reportPrivateUsage] -- python-docx shows no page breaks that an author set


def _rows(table: Table) -> Iterator[str]:
    for row in table.rows:
        texts: list[str] = []
        for cell in row.cells:
            text = " ".join(cell.text.split())
            if not texts or texts[-1] != text:  # a merged cell is listed once for each column
                texts.append(text)
        yield "  ".join(texts)
