"""What a file is, by its first bytes; names and declared types are not believed."""

from __future__ import annotations

from typing import Literal

Kind = Literal["pdf", "image", "zip", "ole", "html", "text", "unknown"]

_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_NO_TEXT = (b"{\\rtf", b"MZ", b"\x7fELF", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"ID3", b"OggS")
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body")
_MOST_CONTROLS = 0.02


def kind_of(head: bytes) -> tuple[Kind, str]:
    """The kind and the media type of a file that begins with `head` (a few thousand bytes)."""
    for start, media_type in _IMAGES:
        if head.startswith(start) and not (start == b"BM" and _is_text(head)):
            return "image", media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image", "image/webp"
    # Producers put bytes before the header, and readers accept them within the first kilobyte.
    if b"%PDF-" in head[:1024]:
        return "pdf", "application/pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip", "application/zip"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "ole", "application/x-ole-storage"
    if not _is_text(head):
        return "unknown", "application/octet-stream"
    start = head[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_HTML) or (start.startswith((b"<?xml", b"<!--")) and b"<html" in start):
        return "html", "text/html"
    return "text", "text/plain"


def _is_text(head: bytes) -> bool:
    if head.startswith(_BYTE_ORDER_MARKS):
        return True
    if head.startswith(_NO_TEXT):
        return False
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    return b"\x00" not in head and controls <= len(head) * _MOST_CONTROLS
