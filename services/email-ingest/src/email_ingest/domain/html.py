"""HTML to plain text, as a reader would see it."""

from __future__ import annotations

import re
from collections.abc import Callable

from bs4 import BeautifulSoup, Tag

_LONGEST = 2_000_000
_LINE, _PARAGRAPH, _BREAK = "\ue001", "\ue002", "\ue003"
_MARKS = re.compile(f"([{_LINE}{_PARAGRAPH}{_BREAK}])")
_BLOCKS = ["address", "article", "aside", "body", "center", "dd", "div", "dl", "dt", "fieldset", "footer", "form",
           "header", "hr", "li", "main", "nav", "ol", "section", "table", "tr", "ul", "pre"]  # fmt: skip
_PARAGRAPHS = ["p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"]
_UNSEEN = ["script", "style", "head", "title", "template", "object", "iframe", "select"]
_QUOTATIONS = ("blockquote[type=cite]", ".gmail_quote", ".gmail_attr", ".yahoo_quoted", ".moz-cite-prefix",
               ".protonmail_quote", "#appendonsend")  # fmt: skip
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def html_to_text(html: str, *, quotations: bool = True) -> str:
    """The text of an HTML mail, line by line; without the quotations that mail programs mark, if wished."""
    soup = BeautifulSoup(html[:_LONGEST], "lxml")
    _remove_unseen(soup)
    if not quotations:
        for selector in _QUOTATIONS:
            for element in soup.select(selector):
                element.decompose()
    _mark(soup)
    return _laid_out(_collapsed(soup))


def embedded(html: str) -> set[str]:
    """The Content-IDs that an HTML mail shows as images."""
    return set(re.findall(r"cid:([^\"'\s>)]+)", html[:_LONGEST]))


def table_rows(html: str, wanted: Callable[[str], bool]) -> list[tuple[str, str]]:
    """The rows of two cells, as label and value; only those whose label is wanted."""
    rows: list[tuple[str, str]] = []
    for row in BeautifulSoup(html[:_LONGEST], "lxml").find_all("tr"):
        cells = row.find_all(["td", "th"], recursive=False)
        if len(cells) == 2 and wanted(label := cells[0].get_text(" ", strip=True)):
            rows.append((label, html_to_text(str(cells[1]))))
    return rows


def _remove_unseen(soup: BeautifulSoup) -> None:
    for element in soup.find_all(_UNSEEN):
        element.decompose()
    for element in soup.find_all(style=_HIDDEN):
        if not element.decomposed:
            element.decompose()


def _mark(soup: BeautifulSoup) -> None:
    for element in soup.find_all("br"):
        element.replace_with(_BREAK)
    for element in soup.find_all(["td", "th"]):
        element.append(" ")
    for element in soup.find_all("li"):
        element.insert(0, "- ")
    for element in soup.find_all("pre"):
        for string in list(element.strings):
            string.replace_with(string.replace("\n", _BREAK))
    for names, mark in ((_BLOCKS, _LINE), (_PARAGRAPHS, _PARAGRAPH)):
        for element in soup.find_all(names):
            of_outlook = element.name == "p" and "MsoNormal" in _classes(element)
            element.insert_before(_LINE if of_outlook else mark)
            element.insert_after(_LINE if of_outlook else mark)


def _classes(element: Tag) -> list[str]:
    return element.get_attribute_list("class")  # pyright: ignore[reportReturnType] — a class attribute holds strings


def _collapsed(soup: BeautifulSoup) -> str:
    return "".join(re.sub(r"[ \t\r\n\f]+", " ", string) for string in soup.strings)


def _laid_out(marked: str) -> str:
    """Lines from marks: a break always ends the line, a block only where it has begun, a paragraph leaves a gap."""
    lines: list[str] = [""]
    for piece in _MARKS.split(marked):
        begun = bool(lines[-1].strip(" "))
        if piece == _BREAK or (piece == _LINE and begun):
            lines.append("")
        elif piece == _PARAGRAPH:
            if begun:
                lines += ["", ""]
            elif len(lines) > 1 and lines[-2].strip(" "):
                lines.append("")
        elif piece and piece not in (_LINE,):
            lines[-1] += piece if begun else piece.lstrip(" ")
    text = "\n".join(line.replace("\u00a0", " ").rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
