"""The confined reader on every kind of file, good and bad: text or a reason, and never any harm."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import docx
import psutil
import pytest
from docx.shared import Inches
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from ocr.adapters.reader import ConfinedReader, ReaderFailed
from ocr.adapters.rooms import room, sweep
from ocr.domain.document import Reading, Unreadable
from ocr.domain.limits import Limits

Row = str | tuple[str, str]
Print = Callable[[Sequence[Row]], Image.Image]
Encode = Callable[..., bytes]
LINES = ["Guten Tag,", "anbei die Rechnung über 1.234,50 EUR.", "Mit freundlichen Grüßen", "Käthe Müßig"]
LETTER: list[Row] = list(LINES)


async def read(data: bytes, limits: Limits | None = None) -> Reading | Unreadable:
    return await ConfinedReader(limits or Limits()).read(data)


async def text_of(data: bytes, *, method: str) -> str:
    found = await read(data)
    assert isinstance(found, Reading), found
    assert found.method == method
    return found.text


async def reason_of(data: bytes, limits: Limits | None = None) -> str:
    found = await read(data, limits)
    assert isinstance(found, Unreadable), found
    assert found.detail
    return found.reason


def pdf(*pages: Sequence[str], **options: object) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, **options)  # pyright: ignore[reportArgumentType]
    for lines in pages:
        for number, line in enumerate(lines):
            canvas.drawString(72, 760 - 20 * number, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def raw_pdf(objects: Sequence[bytes]) -> bytes:
    """A PDF of these objects, the first being the catalogue."""
    out = bytearray(b"%PDF-1.4\n")
    places: list[int] = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(out)


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that unpacks to gigabytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress(b"\0" * 1_000_000, 9)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def word(*paragraphs: str, picture: bytes | None = None) -> bytes:
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    if picture is not None:
        document.add_picture(io.BytesIO(picture), width=Inches(6))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def ole(*names: str) -> bytes:
    """A compound file with empty streams of these names, as Word 97 and encrypted Office files are."""
    free, end, fat_sector = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<HHHHHHIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 0, 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", free) * 108
    entries = [("Root Entry", 5), *((name, 2) for name in names)]
    directory = b""
    for number, (name, kind) in enumerate(entries):
        encoded = name.encode("utf-16-le")
        right = number + 1 if 0 < number < len(entries) - 1 else free
        child = 1 if number == 0 else free
        directory += encoded.ljust(64, b"\0") + struct.pack(
            "<HBBIII", len(encoded) + 2, kind, 1, free, right, child
        )
        directory += b"\0" * 36 + struct.pack("<IQ", end, 0)
    directory = directory.ljust(512, b"\0")
    fat = struct.pack("<II", fat_sector, end) + struct.pack("<I", free) * 126
    return header + fat + directory


# --- what can be read


async def test_a_pdf_with_text_is_read_without_tesseract() -> None:
    found = await read(pdf(["Seite eins", *LINES], ["Seite zwei"]))
    assert isinstance(found, Reading)
    assert (found.method, found.media_type) == ("text", "application/pdf")
    assert [page.text.splitlines()[0] for page in found.pages] == ["Seite eins", "Seite zwei"]
    assert "Rechnung über 1.234,50 EUR" in found.pages[0].text


async def test_a_pdf_of_scans_and_text_has_each_page_read_in_its_own_way(
    printed: Print, encoded: Encode
) -> None:
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.drawString(72, 700, "Diese Seite hat der Drucker als Text ausgegeben.")
    canvas.showPage()
    picture = tmp_image(encoded(printed(LETTER), "PNG"))
    canvas.drawInlineImage(picture, 0, 0, 595, 842)
    canvas.drawString(10, 10, "Seite 2 von 2, gescannt im Büro")
    canvas.showPage()
    canvas.save()
    found = await read(out.getvalue())
    assert isinstance(found, Reading)
    assert found.method == "ocr"
    assert "als Text ausgegeben" in found.pages[0].text
    assert "1.234,50" in found.pages[1].text


def tmp_image(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


async def test_what_somebody_filled_into_a_form_is_read() -> None:
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.drawString(72, 700, "Selbstauskunft: Name und Nettoeinkommen des Interessenten")
    canvas.acroForm.textfield(name="income", value="2835,76 EUR", x=72, y=600, width=300, height=30)
    canvas.save()
    assert "2835,76 EUR" in await text_of(out.getvalue(), method="text")


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("JPEG", {"quality": 80}),
        ("WEBP", {"quality": 80}),
        ("TIFF", {}),
        ("BMP", {}),
        ("GIF", {}),
    ],
)
async def test_a_picture_of_any_common_form_is_read(
    printed: Print, encoded: Encode, form: str, options: dict[str, object]
) -> None:
    text = await text_of(encoded(printed(LETTER), form, **options), method="ocr")
    assert "anbei die Rechnung über 1.234,50 EUR." in text
    assert "Käthe Müßig" in text


async def test_every_page_of_a_tiff_is_read(printed: Print, encoded: Encode) -> None:
    pages = [printed([f"Dies ist die Seite Nummer {word}.", *LINES]) for word in ("eins", "zwei", "drei")]
    found = await read(
        encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    )
    assert isinstance(found, Reading)
    assert [page.text.splitlines()[0].rsplit(" ", 1)[1] for page in found.pages] == [
        "eins.",
        "zwei.",
        "drei.",
    ]


async def test_a_photo_is_turned_as_its_camera_said(printed: Print, encoded: Encode) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn a quarter to the right
    data = encoded(printed(LETTER).rotate(90, expand=True), "JPEG", exif=exif, quality=85)
    assert "1.234,50" in await text_of(data, method="ocr")


async def test_a_transparent_picture_is_read_on_white(printed: Print, encoded: Encode) -> None:
    ink = printed(LETTER).point([255 - level for level in range(256)])
    picture = Image.merge("RGBA", (*(Image.new("L", ink.size, 0) for _ in range(3)), ink))
    assert "1.234,50" in await text_of(encoded(picture, "PNG"), method="ocr")


async def test_a_word_file_is_read_with_its_tables_and_letterhead() -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Grünwald GmbH"
    document.add_paragraph("Gehaltsabrechnung")
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Nettolohn", "2.835,76 EUR"
    document.add_page_break()
    document.add_paragraph("Zweite Seite")
    out = io.BytesIO()
    document.save(out)
    found = await read(out.getvalue())
    assert isinstance(found, Reading)
    assert found.method == "text"
    assert found.pages[0].text.splitlines()[0] == "Grünwald GmbH"
    assert "Nettolohn  2.835,76 EUR" in found.pages[0].text
    assert "Zweite Seite" in found.pages[1].text


async def test_a_scan_pasted_into_a_word_file_is_read(printed: Print, encoded: Encode) -> None:
    assert "1.234,50" in await text_of(word("", picture=encoded(printed(LETTER), "PNG")), method="ocr")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
async def test_plain_text_is_read_in_the_encodings_that_people_use(encoding: str) -> None:
    text = "Grüße aus Köln: 1.234,50 €"
    assert await text_of(text.encode(encoding), method="text") == text


async def test_a_page_of_html_is_read_as_people_see_it() -> None:
    page = b"<!DOCTYPE html><html><style>p{}</style><script>alert(1)</script><p>Netto &euro;&nbsp;12<br>Gr&uuml;&szlig;e"
    text = await text_of(page, method="text")
    assert [line.strip() for line in text.splitlines()] == ["Netto € 12", "Grüße"]


async def test_the_content_decides_and_not_the_name(printed: Print, encoded: Encode) -> None:
    """No name reaches the reader at all: a picture that calls itself a PDF is a picture."""
    found = await read(encoded(printed(LETTER), "PNG"))
    assert isinstance(found, Reading)
    assert found.media_type == "image/png"


# --- what cannot


async def test_an_empty_file_is_empty() -> None:
    assert await reason_of(b"") == "empty"


async def test_a_pdf_under_a_password_is_encrypted() -> None:
    assert await reason_of(pdf(LINES, encrypt=StandardEncryption("geheim", "noch geheimer"))) == "encrypted"


async def test_a_pdf_that_only_forbids_printing_is_read() -> None:
    data = pdf(LINES, encrypt=StandardEncryption("", "geheim", canPrint=0))
    assert "1.234,50" in await text_of(data, method="text")


async def test_a_pdf_of_ten_thousand_pages_is_too_long() -> None:
    kids = b" ".join(b"3 0 R" for _ in range(10_000))
    data = raw_pdf([
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 10000 /Kids [%s] >>" % kids,
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    ])  # fmt: skip
    assert await reason_of(data) == "too_many_pages"


async def test_a_long_scan_is_too_long(printed: Print, encoded: Encode) -> None:
    page = printed(LETTER).resize((400, 560))
    tiff = encoded(page, "TIFF", save_all=True, append_images=[page] * 3)
    scan = encoded(page, "PDF", save_all=True, append_images=[page] * 3)
    limits = replace(Limits(), scanned_pages=2)
    assert await reason_of(tiff, limits) == "too_many_pages"
    assert await reason_of(scan, limits) == "too_many_pages"


async def test_an_image_bomb_is_too_large_and_not_unpacked() -> None:
    assert await reason_of(png_bomb(60_000, 60_000)) == "too_large"


async def test_an_image_bomb_inside_a_pdf_does_no_harm() -> None:
    pixels = zlib.compress(b"\0" * 5_000_000, 9)
    data = raw_pdf([
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /XObject << /I 5 0 R >> >> >>",
        b"<< /Length 28 >>\nstream\n595 0 0 842 0 0 cm /I Do    \nendstream",
        b"<< /Type /XObject /Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceRGB /BitsPerComponent 8"
        b" /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(pixels), pixels),
    ])  # fmt: skip
    assert await reason_of(data) in ("too_large", "damaged", "no_text")


async def test_a_page_as_large_as_a_football_field_does_no_harm() -> None:
    assert await reason_of(raw_pdf([
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9000000 9000000] /Contents 4 0 R >>",
        b"<< /Length 36 >>\nstream\n0 0 m 9000 9000 l S 10 10 80 80 re f\nendstream",
    ])) in ("too_large", "damaged", "no_text")  # fmt: skip


async def test_a_picture_that_needs_more_memory_than_allowed_is_too_large(encoded: Encode) -> None:
    data = encoded(Image.new("RGB", (8000, 9000), "white"), "PNG")
    assert await reason_of(data, replace(Limits(), memory_bytes=300 * 1024 * 1024)) == "too_large"


async def test_a_word_file_that_unpacks_to_gigabytes_is_too_large() -> None:
    bomb = zipped(word__document_xml=b"<a/>", word__media__x=b"\0" * 300_000_000)
    assert await reason_of(bomb.replace(b"document_xml", b"document.xml")) == "too_large"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:20],
        lambda data: data[:100] + b"\xff" * 400 + data[500:],
    ],
    ids=["half", "head", "scrambled"],
)
@pytest.mark.parametrize("form", ["PNG", "TIFF", "PDF", "DOCX"])
async def test_a_damaged_file_is_damaged(
    printed: Print, encoded: Encode, form: str, spoil: Callable[[bytes], bytes]
) -> None:
    whole = word(*LINES) if form == "DOCX" else encoded(printed(LETTER), form)
    found = await read(spoil(whole))
    assert isinstance(found, Reading) or found.reason in ("damaged", "unsupported", "no_text")
    if spoil(whole)[:20] == spoil(whole):
        assert isinstance(found, Unreadable)


@pytest.mark.parametrize(
    "data",
    [
        zipped(word__document=b"", word__vbaProject_bin=b"x").replace(b"vbaProject_bin", b"vbaProject.bin"),
        zipped(xl__workbook=b"", xl__vbaProject_bin=b"x").replace(b"vbaProject_bin", b"vbaProject.bin"),
        ole("WordDocument", "Macros", "VBA"),
        ole("Workbook", "_VBA_PROJECT_CUR"),
    ],
    ids=["docm", "xlsm", "doc", "xls"],
)
async def test_an_office_file_with_macros_is_not_opened(data: bytes) -> None:
    assert await reason_of(data) == "macros"


async def test_an_office_file_under_a_password_is_encrypted() -> None:
    assert await reason_of(ole("EncryptionInfo", "EncryptedPackage")) == "encrypted"


@pytest.mark.parametrize(
    "data",
    [
        ole("WordDocument", "1Table"),
        zipped(xl__workbook_xml=b"<x/>"),
        zipped(readme=b"hello"),
        b"MZ\x90\x00" + bytes(range(256)),
        b"{\\rtf1 Hallo}",
        b"\x7fELF" + bytes(200),
        os.urandom(4000),
    ],
    ids=["doc", "xlsx", "zip", "exe", "rtf", "elf", "noise"],
)
async def test_what_is_no_document_is_unsupported(data: bytes) -> None:
    assert await reason_of(data) == "unsupported"


async def test_a_blank_page_has_no_text(encoded: Encode) -> None:
    blank = Image.new("L", (1654, 2339), 255)
    assert await reason_of(encoded(blank, "PNG")) == "no_text"
    assert await reason_of(encoded(blank, "PDF")) == "no_text"
    assert await reason_of(b"  \n\t ") == "no_text"
    assert await reason_of(word("")) == "no_text"


async def test_a_file_above_the_limit_is_not_even_looked_at() -> None:
    assert await reason_of(b"x" * 2000, replace(Limits(), file_bytes=1000)) == "too_large"


async def test_a_text_without_end_is_too_large() -> None:
    assert await reason_of(b"Hallo " * 1000, replace(Limits(), characters=1000)) == "too_large"


# --- the process


def dense(printed: Print, encoded: Encode) -> bytes:
    page = printed(["Lorem ipsum dolor sit amet consetetur sadipscing elitr sed diam"] * 40)
    return encoded(page, "TIFF", save_all=True, append_images=[page] * 8)


def processes() -> list[psutil.Process]:
    """The reading processes of this test and the Tesseracts that they started."""
    found = psutil.Process().children(recursive=True)
    return [process for process in found if is_alive(process) and _reads(process)]


def _reads(process: psutil.Process) -> bool:
    try:
        return process.name() == "tesseract" or "ocr.adapters.reading" in process.cmdline()
    except psutil.NoSuchProcess:
        return False


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still runs; one that is dead and not yet collected does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def until_started(name: str) -> psutil.Process:
    """The process of the reading that is about to begin: not one of the test before, which may still be ending."""
    of_before = set(processes())
    async with asyncio.timeout(90):
        while True:
            for process in processes():
                if process not in of_before and _is_at_work(process, name):
                    return process
            await asyncio.sleep(0.02)


def _is_at_work(process: psutil.Process, name: str) -> bool:
    """Whether it is that program and reads; Tesseract is also asked for its version, and ends at once."""
    try:
        return process.name().startswith(name) and "--version" not in process.cmdline()
    except psutil.NoSuchProcess:
        return False


async def until_gone(*gone: psutil.Process) -> None:
    async with asyncio.timeout(30):
        while any(map(is_alive, gone)):
            await asyncio.sleep(0.02)


async def test_a_document_that_takes_too_long_is_given_up_and_tesseract_ends_with_it(
    printed: Print, encoded: Encode
) -> None:
    reading = asyncio.create_task(reason_of(dense(printed, encoded), replace(Limits(), seconds=6.0)))
    tesseract = await until_started("tesseract")
    assert await reading == "too_slow"
    await until_gone(tesseract)


async def test_a_document_that_takes_too_much_processor_time_is_given_up(
    printed: Print, encoded: Encode
) -> None:
    assert await reason_of(dense(printed, encoded), replace(Limits(), cpu_seconds=1)) == "too_slow"


async def test_a_document_that_makes_the_reader_crash_is_damaged(printed: Print, encoded: Encode) -> None:
    reading = asyncio.create_task(read(dense(printed, encoded)))
    tesseract = await until_started("tesseract")
    reader = tesseract.parent()
    assert reader is not None
    reader.send_signal(signal.SIGSEGV)
    found = await reading
    assert isinstance(found, Unreadable)
    assert found.reason == "damaged"
    await until_gone(tesseract)


async def test_a_reader_that_somebody_killed_is_tried_again(printed: Print, encoded: Encode) -> None:
    reading = asyncio.create_task(read(dense(printed, encoded)))
    reader = (await until_started("tesseract")).parent()
    assert reader is not None
    reader.kill()
    with pytest.raises(ReaderFailed):
        await reading


async def test_the_reader_knows_none_of_our_secrets(
    printed: Print, encoded: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_MASTER_KEY", "geheim")
    reading = asyncio.create_task(read(dense(printed, encoded), replace(Limits(), seconds=4.0)))
    tesseract = await until_started("tesseract")
    reader = tesseract.parent()
    assert reader is not None
    for process in (reader, tesseract):
        assert "geheim" not in process.environ().values()
        assert process.environ()["OMP_THREAD_LIMIT"] == "1"
    await reading


async def test_no_reader_outlives_a_service_that_was_killed(
    printed: Print, encoded: Encode, tmp_path: Path
) -> None:
    document = tmp_path / "scan.tif"
    document.write_bytes(dense(printed, encoded))
    program = (
        "import asyncio, pathlib, sys; from ocr.adapters.reader import ConfinedReader;"
        "from ocr.domain.limits import Limits;"
        "asyncio.run(ConfinedReader(Limits()).read(pathlib.Path(sys.argv[1]).read_bytes()))"
    )
    service = subprocess.Popen([sys.executable, "-c", program, str(document)])  # noqa: ASYNC220
    tesseract = await until_started("tesseract")
    reader = tesseract.parent()
    assert reader is not None
    service.kill()
    service.wait()
    await until_gone(reader, tesseract)


async def test_nothing_of_a_document_is_left_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    await read(pdf(LINES))
    assert os.listdir(tmp_path) == []  # noqa: PTH208 -- one look, and the test may wait for it


async def test_the_folder_of_a_killed_reading_is_removed_and_that_of_a_running_one_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    service = "\n".join(
        [
            "import asyncio, os, tempfile",
            f"tempfile.tempdir = {str(tmp_path)!r}",
            "from ocr.adapters.rooms import room",
            "async def read():",
            "    async with room() as folder:",
            "        (folder / 'document').write_text('Gehaltszettel')",
            "        os.kill(os.getpid(), 9)",
            "asyncio.run(read())",
        ]
    )
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", service)
    assert await killed.wait() == -signal.SIGKILL
    (left,) = folders(tmp_path)
    async with room() as in_use:
        young = tmp_path / f"{left.name}-young"
        young.mkdir()
        for folder in (left, in_use):
            os.utime(folder, (0, 0))

        await sweep()

        assert folders(tmp_path) == sorted([in_use, young])


def folders(where: Path) -> list[Path]:
    return sorted(where.iterdir())
