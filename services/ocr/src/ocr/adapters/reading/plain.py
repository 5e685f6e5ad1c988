"""Plain text and HTML."""

from __future__ import annotations

import codecs
from html.parser import HTMLParser

from ocr.adapters.reading.failure import CannotRead
from ocr.domain.document import PAGE_BREAK, Page, Reading

_BLOCKS = frozenset(
    (
        *("p", "div", "br", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "section"),
        *("article", "header", "footer", "blockquote", "pre", "hr", "title", "dt", "dd"),
    )
)
_SILENT = frozenset(("script", "style", "template", "noscript"))
_CELLS = frozenset(("td", "th"))


def read_text(data: bytes) -> Reading:
    """Text in UTF-8, UTF-16 or Windows-1252; a form feed begins a new page."""
    return _reading(decoded(data), "text/plain")


def read_html(data: bytes) -> Reading:
    """The visible text of a page."""
    parser = _VisibleText()
    parser.feed(decoded(data))
    parser.close()
    return _reading(parser.text(), "text/html")


def decoded(data: bytes) -> str:
    """Bytes as text: by the byte order mark, else UTF-8, else what Windows writes in Western Europe."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _reading(text: str, media_type: str) -> Reading:
    if not text.strip():
        raise CannotRead("no_text", "The file holds nothing but white space.")
    pages = [part for part in text.replace("\r\n", "\n").split(PAGE_BREAK) if part.strip()]
    return Reading(
        tuple(Page(number, part.strip()) for number, part in enumerate(pages, 1)), "text", media_type
    )


class _VisibleText(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self._pieces.append("\n")
        elif tag in _CELLS:
            self._pieces.append("\t")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self._pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._pieces.append(" ".join(data.split()) + " " if data.strip() else " ")

    def text(self) -> str:
        lines = ("".join(self._pieces)).splitlines()
        return "\n".join(line.strip(" ") for line in lines if line.strip())
