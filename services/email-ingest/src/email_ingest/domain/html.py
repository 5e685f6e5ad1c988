"""HTML to plain text, as a reader would see it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] — a compiled module without stubs
from lxml.html import HtmlElement, HTMLParser, document_fromstring

_LONGEST = 2_000_000
_MOST_ROWS = 100
_LINE, _PARAGRAPH, _BREAK = "\ue001", "\ue002", "\ue003"
_MARKS = re.compile(f"([{_LINE}{_PARAGRAPH}{_BREAK}])")
_BLOCKS = {"address", "article", "aside", "body", "center", "dd", "div", "dl", "dt", "fieldset", "footer", "form",
           "header", "hr", "li", "main", "nav", "ol", "section", "table", "tr", "ul", "pre"}  # fmt: skip
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"}
_UNSEEN = {"script", "style", "head", "title", "template", "object", "iframe", "select"}
_QUOTATIONS = {"gmail_quote", "gmail_attr", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote"}
_TAG = re.compile(r"<!--.*?-->|<(style|script|title)\b[^<]*</\1>|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def html_to_text(html: str, *, quotations: bool = True) -> str:
    """The text of an HTML mail, line by line; without the quotations that mail programs mark, if wished."""
    root = _parsed(html)
    text = "" if root is None else _text_of(root, quotations=quotations)
    # The parser gives up on what is nested too deeply; its words are still there.
    return text if text or not quotations else " ".join(_TAG.sub(" ", html[:_LONGEST]).split())


def embedded(html: str) -> set[str]:
    """The Content-IDs that an HTML mail shows as images."""
    return set(re.findall(r"cid:([^\"'\s>)]{1,900})", html[:_LONGEST]))


def table_rows(html: str, wanted: Callable[[str], bool]) -> list[tuple[str, str]]:
    """The rows of two cells, as label and value; only those whose label is wanted."""
    root = _parsed(html)
    rows: list[tuple[str, str]] = []
    for row in root.iter("tr") if root is not None else ():
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        if len(cells) != 2 or len(rows) >= _MOST_ROWS:
            continue
        label = _text_of(cells[0])
        if wanted(label):
            rows.append((label, _text_of(cells[1])))
    return rows


def _parsed(html: str) -> HtmlElement | None:
    """The tree; nothing when there is none. Bytes, because a declaration of another character set would be believed."""
    source = html[:_LONGEST].replace("\x00", "").encode("utf-8", "replace")
    if not source.strip():
        return None
    try:
        return document_fromstring(source, parser=HTMLParser(encoding="utf-8", huge_tree=True))
    except etree.ParserError:  # nothing but comments or blanks
        return None


def _text_of(root: HtmlElement, *, quotations: bool = True) -> str:
    return _laid_out("".join(_pieces(root, quotations=quotations)))


def _pieces(root: HtmlElement, *, quotations: bool) -> Iterator[str]:
    """Texts with marks where lines and paragraphs begin and end."""
    kept = 0  # depth inside <pre>, whose line breaks count
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    skipped: HtmlElement | None = None
    for event, element in walk:
        if event == "start" and (_is_unseen(element) or (not quotations and _is_quotation(element))):
            skipped = element
            walk.skip_subtree()
            continue
        if event == "start":
            kept += element.tag == "pre"
            yield _opening(element) + _collapsed(element.text, kept > 0)
            continue
        if event == "end" and element is not skipped:
            kept -= element.tag == "pre"
            yield _closing(element)
        if element is not root:
            yield _collapsed(element.tail, kept > 0)


def _is_unseen(element: HtmlElement) -> bool:
    return element.tag in _UNSEEN or bool(_HIDDEN.search(element.get("style") or ""))


def _is_quotation(element: HtmlElement) -> bool:
    if element.tag == "blockquote" and element.get("type") == "cite":
        return True
    return element.get("id") == "appendonsend" or not _QUOTATIONS.isdisjoint(
        (element.get("class") or "").split()
    )


def _edge(element: HtmlElement) -> str:
    if element.tag in _PARAGRAPHS:
        return _LINE if "MsoNormal" in (element.get("class") or "") else _PARAGRAPH
    return _LINE if element.tag in _BLOCKS else ""


def _opening(element: HtmlElement) -> str:
    return _BREAK if element.tag == "br" else _edge(element) + ("- " if element.tag == "li" else "")


def _closing(element: HtmlElement) -> str:
    return " " if element.tag in ("td", "th") else _edge(element)


def _collapsed(text: str | None, kept: bool) -> str:
    if not text:
        return ""
    return (
        _MARKS.sub("", text).replace("\n", _BREAK)
        if kept
        else re.sub(r"[ \t\r\n\f]+", " ", _MARKS.sub("", text))
    )


def _laid_out(marked: str) -> str:
    """Lines from marks: a break always ends the line, a block only where it has begun, a paragraph leaves a gap."""
    lines: list[list[str]] = [[]]
    for piece in _MARKS.split(marked):
        begun = bool(lines[-1])
        if piece == _BREAK or (piece == _LINE and begun):
            lines.append([])
        elif piece == _PARAGRAPH:
            if begun:
                lines += [[], []]
            elif len(lines) > 1 and lines[-2]:
                lines.append([])
        elif piece != _LINE and (begun or piece.lstrip(" ")):
            lines[-1].append(piece if begun else piece.lstrip(" "))
    text = "\n".join("".join(line).replace("\u00a0", " ").rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
