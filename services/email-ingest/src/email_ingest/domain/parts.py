"""The parts of a mail: texts, documents, a portal's data, and what could not be read."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from dataclasses import dataclass, field
from email.message import Message
from pathlib import PurePosixPath

from email_ingest.domain.characters import decode, one_line, tidy
from email_ingest.domain.headers import Headers, decoded
from email_ingest.domain.html import embedded, html_to_text
from email_ingest.domain.letter import Document
from email_ingest.domain.tnef import DamagedTnef, open_tnef

_DEEPEST = 25
_INLINE_LIMIT = 100 * 1024
"""An image that the HTML shows and that is larger is no decoration."""
_LONGEST_TEXT = 400_000
"""Characters of one piece of text that are looked at."""
_MOST_FILES = 200
_TNEF = {"application/ms-tnef", "application/vnd.ms-tnef"}
_SIGNATURES = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
_REPORTS = {"message/delivery-status", "message/disposition-notification", "text/rfc822-headers",
            "message/feedback-report"}  # fmt: skip
_FEEDBACK = re.compile(rb"<(?:\w+:)?(openimmo_feedback|objektanfrage)[\s>]", re.IGNORECASE)
_MAGIC = ((b"%PDF", "application/pdf"), (b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"),
          (b"GIF8", "image/gif"), (b"II*\0", "image/tiff"), (b"MM\0*", "image/tiff"))  # fmt: skip


@dataclass(slots=True)
class Body:
    """One piece of text: plain, HTML, or the same in both."""

    plain: str = ""
    html: str = ""

    def text(self, *, quotations: bool) -> str:
        """The piece as plain text; HTML counts where the plain form is only a stand-in for it."""
        plain = tidy(self.plain[:_LONGEST_TEXT])
        if not self.html:
            return plain
        shown = tidy(html_to_text(self.html, quotations=quotations))
        return shown if len(plain) * 4 < len(shown) and (not plain or len(shown) > 200) else plain or shown


@dataclass(slots=True)
class Parts:
    """What was found in a mail."""

    bodies: list[Body] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    images: list[tuple[str, bool, Document]] = field(default_factory=list)
    """Images that may be decoration: Content-ID, whether it was named, the image."""
    feedbacks: list[Document] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    report: str = ""

    def text(self, *, quotations: bool = True) -> str:
        """All pieces of text, in their order."""
        return tidy("\n\n".join(body.text(quotations=quotations) for body in self.bodies))

    def problem(self, words: str) -> None:
        """Note once what could not be read."""
        if words not in self.problems:
            self.problems.append(words)


def parts_of(message: Message) -> Parts:
    """Take a mail apart."""
    parts = Parts()
    _take(message, parts, 0)
    _sort_images(parts)
    _note_cut(message, parts)
    return parts


def _take(part: Message, parts: Parts, depth: int) -> None:
    if depth > _DEEPEST:
        parts.problem("The mail has too many mails within mails; what lies deeper was not read.")
        return
    kind = part.get_content_type().lower()
    if kind == "multipart/encrypted":
        parts.problem("The mail is encrypted and could not be read; it is kept as it came.")
    elif kind == "multipart/alternative":
        _take_alternatives(part, parts, depth)
    elif kind == "message/rfc822":
        _take_letter(part, parts, depth)
    elif part.is_multipart():
        if kind == "multipart/report":
            parts.report = str(part.get_param("report-type") or "delivery-status").lower()
        for child in _children(part):
            _take(child, parts, depth + 1)
    else:
        _take_leaf(part, parts, kind)


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _take_alternatives(part: Message, parts: Parts, depth: int) -> None:
    """The same text in several forms is one piece."""
    forms = Parts()
    for child in _children(part):
        _take(child, forms, depth + 1)
    parts.documents += forms.documents
    parts.images += forms.images
    parts.feedbacks += forms.feedbacks
    for problem in forms.problems:
        parts.problem(problem)
    plain = "\n".join(body.plain for body in forms.bodies if body.plain)
    html = "\n".join(body.html for body in forms.bodies if body.html)
    parts.bodies.append(Body(plain, html))


def _take_letter(part: Message, parts: Parts, depth: int) -> None:
    """A mail within the mail: its text becomes a document of its own, its files documents of this mail."""
    if parts.report:
        return
    inner = next(iter(_children(part)), None)
    if inner is None:
        _take_file(part, parts, "message/rfc822")
        return
    within = Parts()
    _take(inner, within, depth + 1)
    _sort_images(within)
    headers = Headers(inner)
    heads = [f"{name}: {headers.text(name.lower())}" for name in ("From", "To", "Date", "Subject")]
    text = "\n".join(heads) + "\n\n" + within.text()
    name = safe_name((headers.text("subject") or "letter") + ".txt")
    parts.documents.append(Document(name, "text/plain", text.encode("utf-8", "replace")))
    parts.documents += within.documents
    parts.feedbacks += within.feedbacks
    for problem in within.problems:
        parts.problem(problem)


def _take_leaf(part: Message, parts: Parts, kind: str) -> None:
    disposition = (part.get_content_disposition() or "").lower()
    if kind in _SIGNATURES or kind in _REPORTS:
        return
    if kind.startswith("multipart/"):
        parts.problem("The mail says that it has parts, but none could be found; its text was read as it is.")
    is_text = kind in ("text/plain", "text/html", "text/enriched", "text/richtext") or kind.startswith(
        "multipart/"
    )
    if is_text and disposition != "attachment" and not _filename(part):
        text = _characters(part, parts)
        parts.bodies.append(Body(html=text) if kind == "text/html" else Body(plain=text))
    else:
        _take_file(part, parts, kind)


def _characters(part: Message, parts: Parts) -> str:
    charset = part.get_param("charset")
    name = charset[2] if isinstance(charset, tuple) else charset
    text, right = decode(_payload(part, parts, "The text"), name)
    if not right:
        parts.problem(
            f"The text is not in the character set that it names ({one_line(str(name))[:40]}); single characters may be wrong."
        )
    return text


def _take_file(part: Message, parts: Parts, kind: str) -> None:
    if len(parts.documents) + len(parts.images) >= _MOST_FILES:
        parts.problem(f"The mail has more than {_MOST_FILES} files; the others were not read.")
        return
    given = _filename(part)
    data = _payload(part, parts, given or "An attachment")
    if _FEEDBACK.search(data[:4096]):
        parts.feedbacks.append(Document(given or "feedback.xml", "application/xml", data))
        return
    if kind in _TNEF or given.lower() == "winmail.dat":
        if _take_tnef(data, parts):
            return
        given, kind = given or "winmail.dat", "application/ms-tnef"
    if kind == "application/pkcs7-mime":
        parts.problem(
            "The mail is encrypted or signed (S/MIME) and could not be opened; it is kept as it came."
        )
    if not data:
        parts.problem(f"The attachment {given or '(unnamed)'} is empty (0 bytes).")
    media_type = _media_type(kind, given, data)
    name = given or f"attachment-{len(parts.documents) + len(parts.images) + 1}{_extension(media_type)}"
    document = Document(name, media_type, data)
    shown = one_line(str(part.get("content-id", ""))).strip("<> ")
    if media_type.startswith("image/") and part.get_content_disposition() != "attachment":
        parts.images.append((shown, bool(given), document))
    elif media_type.startswith("image/") and shown:
        parts.images.append((shown, True, document))
    else:
        parts.documents.append(document)


def _take_tnef(data: bytes, parts: Parts) -> bool:
    try:
        opened = open_tnef(data)
    except DamagedTnef as error:
        parts.problem(f"winmail.dat could not be opened: {error}. It is kept as it came.")
        return False
    if opened.text and not any(body.plain or body.html for body in parts.bodies):
        parts.bodies.append(Body(plain=opened.text))
    for file in opened.files[:_MOST_FILES]:
        name = safe_name(file.name) or f"attachment-{len(parts.documents) + 1}"
        parts.documents.append(Document(name, _media_type("", name, file.data), file.data))
    return True


def _sort_images(parts: Parts) -> None:
    """Decoration (small, and shown by the HTML or nameless) goes; the rest is documents."""
    shown: set[str] = set()
    for body in parts.bodies:
        shown |= embedded(body.html)
    for content_id, named, image in parts.images:
        decorates = content_id in shown or not named
        if not decorates or len(image.data) >= _INLINE_LIMIT:
            parts.documents.append(image)
    parts.images.clear()


def _note_cut(message: Message, parts: Parts) -> None:
    """A mail whose last boundary is missing ended too early."""
    names = {type(defect).__name__ for part in message.walk() for defect in part.defects}
    if "CloseBoundaryNotFoundDefect" in names:
        last = f": {parts.documents[-1].filename} may be incomplete" if parts.documents else ""
        parts.problem(f"The mail was cut off{last}.")
    if names & {"StartBoundaryNotFoundDefect", "MultipartInvariantViolationDefect"}:
        parts.problem("The parts of the mail are not marked as they should be; something may be missing.")


def _payload(part: Message, parts: Parts, name: str) -> bytes:
    before = len(part.defects)
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    defects = {type(defect).__name__ for defect in part.defects[before:]}
    if any(defect.startswith("InvalidBase64") for defect in defects):
        parts.problem(f"{name} was damaged on its way (its base64 is wrong).")
        if "InvalidBase64LengthDefect" in defects:
            return _salvaged(data)
    return data


def _salvaged(data: bytes) -> bytes:
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    try:
        return base64.b64decode(letters[: len(letters) // 4 * 4])
    except (binascii.Error, ValueError):
        return data


def _filename(part: Message) -> str:
    name = part.get_filename()
    return safe_name(decoded(name)) if name else ""


def safe_name(name: str) -> str:
    """A file's name that no file system stumbles over; its extension stays."""
    name = re.sub(r'[<>:"|?*]', "_", one_line(re.split(r"[/\\]", name)[-1])).strip(". ")
    suffix = PurePosixPath(name).suffix[:12]
    return name if len(name) <= 120 else name[: 120 - len(suffix)] + suffix


def _media_type(kind: str, name: str, data: bytes) -> str:
    if kind and kind not in ("application/octet-stream", "application/binary", "application/x-download"):
        return kind
    for magic, media_type in _MAGIC:
        if data.startswith(magic):
            return media_type
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _extension(media_type: str) -> str:
    return mimetypes.guess_extension(media_type) or ".bin"
