"""Attachments that nobody can read: kept, reported with the reason, and the rest of the mail goes on."""

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import pypdfium2 as pdfium
import pytest
import pytest_asyncio
from pydantic import JsonValue
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from contracts.values import BlobRef
from frontdesk.play.enquiry import SENDING
from frontdesk.stack import Stack
from frontdesk.story.letters import Attachment, Letter, direct_enquiry
from frontdesk.story.payslip import printed_payslip
from frontdesk.story.person import Story, draw_story
from testkit.house import FurnishedHouse, furnished_house

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

PAYSLIP = "Gehaltsabrechnung.pdf"


@pytest_asyncio.fixture(scope="module")
async def house(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FurnishedHouse]:
    async with furnished_house(stack, tmp_path_factory.mktemp("bad-attachments")) as house:
        yield house


async def test_files_that_cannot_be_read_are_kept_and_named_with_the_reason_and_the_rest_goes_on(
    house: FurnishedHouse,
) -> None:
    story = _person(1)
    bad = {
        "leer.pdf": (b"", "empty", "0 bytes"),
        "geschuetzt.pdf": (_encrypted_pdf(), "encrypted", "password"),
        "zehntausend.pdf": (_pdf_of_pages(10_000), "too_many_pages", "10000"),
        "bombe.png": (_png_claiming(50_000, 50_000), "too_large", "pixel"),
        "bombe.tif": (_tiff_claiming(50_000, 50_000), "too_large", "pixel"),
        "makro.docm": (_macro_document(), "macros", "macros"),
    }
    attachments = [Attachment(name, content, _media_type(name)) for name, (content, _, _) in bad.items()]
    attachments.append(Attachment(PAYSLIP, printed_payslip(story)))
    letter = direct_enquiry(story, to=house.text("mailbox"), at=datetime.now(UTC), attachments=attachments)

    documents = await _told(house, story, letter)

    for name, (_, reason, words) in bad.items():
        unreadable = str(documents[name]["unreadable"])
        assert words in unreadable, f"{name}: {unreadable}"
        event = await house.journal().first(
            "document.unreadable.v1", lambda entry, name=name: entry.body["filename"] == name
        )
        assert event.body["reason"] == reason, f"{name}: {event.body}"
        assert await _kept(house, event.body["blob"]) == bad[name][0]
    _was_read_and_filed(documents[PAYSLIP], story)


async def test_a_mail_whose_mime_is_broken_keeps_what_came_and_is_answered(house: FurnishedHouse) -> None:
    story = _person(2)
    letter = direct_enquiry(
        story,
        to=house.text("mailbox"),
        at=datetime.now(UTC),
        attachments=[Attachment(PAYSLIP, printed_payslip(story)), Attachment("zweite.pdf", _pdf_of_pages(2))],
    )
    cut = letter.raw[: letter.raw.rindex(b"zweite.pdf") + 300]
    broken = Letter(letter.sender, letter.recipient, letter.message_id, cut)

    documents = await _told(house, story, broken)

    assert any("cut off" in problem and "zweite.pdf" in problem for problem in await _problems(house, story))
    assert documents["zweite.pdf"]["unreadable"]
    _was_read_and_filed(documents[PAYSLIP], story)


async def test_a_mail_in_another_character_set_than_it_names_is_read_and_the_doubt_is_told(
    house: FurnishedHouse,
) -> None:
    story = _person(3)
    letter = direct_enquiry(
        story,
        to=house.text("mailbox"),
        at=datetime.now(UTC),
        attachments=[Attachment(PAYSLIP, printed_payslip(story))],
    )
    wrong = _text_in_another_charset(letter)

    documents = await _told(house, story, wrong)

    lead = await house.lead(await house.lead_of(story.email))
    text = str(cast("list[dict[str, JsonValue]]", lead["letters"])[0]["text"])
    assert "Gern würde ich sie" in text
    assert any("character set" in problem for problem in await _problems(house, story))
    _was_read_and_filed(documents[PAYSLIP], story)


async def test_a_winmail_dat_is_opened_and_a_damaged_one_is_reported(house: FurnishedHouse) -> None:
    story, other = _person(4), _person(5)
    whole = _winmail(PAYSLIP, printed_payslip(story))
    damaged = _winmail(PAYSLIP, printed_payslip(other))[:-200]
    for person, content in ((story, whole), (other, damaged)):
        extra = [Attachment("winmail.dat", content, "application/ms-tnef")]
        if person is other:
            extra.append(Attachment("zweite.pdf", printed_payslip(other)))
        await house.world.deliver(
            direct_enquiry(person, to=house.text("mailbox"), at=datetime.now(UTC), attachments=extra)
        )

    opened, kept = await _documents(house, story), await _documents(house, other)

    _was_read_and_filed(opened[PAYSLIP], story)
    assert kept["winmail.dat"]["unreadable"]
    assert any("winmail.dat could not be opened" in problem for problem in await _problems(house, other))
    _was_read_and_filed(kept["zweite.pdf"], other)


async def _told(house: FurnishedHouse, story: Story, letter: Letter) -> dict[str, dict[str, JsonValue]]:
    """Deliver a mail; its documents once the person is answered and what can be filed is filed."""
    await house.world.deliver(letter)
    return await _documents(house, story)


async def _documents(house: FurnishedHouse, story: Story) -> dict[str, dict[str, JsonValue]]:
    lead_id = await house.lead_of(story.email)
    reply = await house.world.sent_matching(story.email, lambda mail: mail.user == house.text("mailbox"))
    assert story.last_name in reply.text
    await house.journal().first(
        "document.filed.v1",
        lambda entry: entry.body["lead_id"] == lead_id and "Einkommensnachweis" in str(entry.body["path"]),
    )
    await house.first("message.sent.v1", lead_id, purpose="reply")
    lead = await house.lead(lead_id)
    return {
        str(document["filename"]): document
        for document in cast("list[dict[str, JsonValue]]", lead["documents"])
    }


async def _problems(house: FurnishedHouse, story: Story) -> list[str]:
    lead = await house.lead(await house.lead_of(story.email))
    letters = cast("list[dict[str, JsonValue]]", lead["letters"])
    return [str(problem) for letter in letters for problem in cast("list[JsonValue]", letter["problems"])]


async def _kept(house: FurnishedHouse, blob: JsonValue) -> bytes:
    return await house.services["ocr"].blobs.get(SENDING, BlobRef.model_validate(blob))


def _was_read_and_filed(document: dict[str, JsonValue], story: Story) -> None:
    fields = {
        field["name"]: field["value"] for field in cast("list[dict[str, JsonValue]]", document["fields"])
    }
    assert document["unreadable"] is None
    assert document["category"] == "income_proof"
    assert fields["net_income"] == f"{story.income.net:.2f}"
    assert document["filed_path"]


def _person(number: int) -> Story:
    return draw_story(41_000 + number, datetime.now(UTC).date())


def _media_type(name: str) -> str:
    return {
        "pdf": "application/pdf",
        "png": "image/png",
        "tif": "image/tiff",
        "docm": "application/vnd.ms-word.document.macroEnabled.12",
    }[name.rpartition(".")[2]]


def _encrypted_pdf() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, encrypt=StandardEncryption("geheim", strength=128))
    canvas.drawString(72, 720, "Nur mit Passwort")
    canvas.save()
    return out.getvalue()


def _pdf_of_pages(count: int) -> bytes:
    document, out = pdfium.PdfDocument.new(), io.BytesIO()
    for _ in range(count):
        document.new_page(595, 842)
    document.save(out)
    return out.getvalue()


def _png_claiming(width: int, height: int) -> bytes:
    """A few bytes that claim to be a picture of billions of pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1024))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _tiff_claiming(width: int, height: int) -> bytes:
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, 64),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 8 + 64) + bytes(64) + directory + bytes(4)


def _macro_document() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        )
        archive.writestr(
            "word/document.xml",
            '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body/></w:document>',
        )
        archive.writestr("word/vbaProject.bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))
    return out.getvalue()


def _winmail(name: str, content: bytes) -> bytes:
    """Outlook's wrapping (TNEF) around one file."""

    def attribute(level: int, tag: int, value: bytes) -> bytes:
        return struct.pack("<BII", level, tag, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)

    return (
        struct.pack("<IH", 0x223E9F78, 1)
        + attribute(2, 0x00069002, bytes(14))
        + attribute(2, 0x00018010, name.encode("cp1252") + b"\0")
        + attribute(2, 0x0006800F, content)
    )


def _text_in_another_charset(letter: Letter) -> Letter:
    """The same mail, its text in windows-1252 though it says UTF-8."""
    message = message_from_bytes(letter.raw, policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    part = message.get_body(("plain",))
    assert part is not None
    text = str(part.get_content()).replace("„", '"').replace("“", '"')
    part.set_payload(base64.encodebytes(text.encode("cp1252")).decode("ascii"))
    part.replace_header("Content-Transfer-Encoding", "base64")
    part.replace_header("Content-Type", 'text/plain; charset="utf-8"')
    return Letter(letter.sender, letter.recipient, letter.message_id, message.as_bytes())
