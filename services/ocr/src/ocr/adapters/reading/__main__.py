"""The reading process: `python -m ocr.adapters.reading <document> <result> <limits as JSON>`.

It writes the result as JSON and ends with 0, whether the document was readable or not. Any other end is a failure of
this process, which its parent judges: nothing that happens here can harm it.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

from ocr.adapters.reading.confinement import confine, cpu_seconds, let_end
from ocr.adapters.reading.failure import CannotRead, NotSetUp
from ocr.adapters.reading.sniffing import kind_of
from ocr.domain.document import Page, Reading, Unreadable
from ocr.domain.limits import Limits

_HEAD = 4096
_FEW_LETTERS = 25


def main(document: str, result: str, limits: str) -> None:
    """Read one document within its limits."""
    allowed = Limits(**json.loads(limits))
    confine(allowed)
    found = _read_or_reason(Path(document), allowed)
    body: dict[str, object] = {"cpu_seconds": round(cpu_seconds(), 3)}
    match found:
        case Reading():
            body |= {
                "pages": [page.text for page in found.pages],
                "method": found.method,
                "media_type": found.media_type,
            }
        case Unreadable():
            body["unreadable"] = dataclasses.asdict(found)
    Path(result).write_text(json.dumps(body), encoding="utf-8")
    let_end()


def _read_or_reason(path: Path, limits: Limits) -> Reading | Unreadable:
    try:
        return _cleaned(_read(path, limits), limits)
    except CannotRead as error:
        return error.unreadable
    except (MemoryError, RecursionError):
        return Unreadable("too_large", "The document takes more memory to read than allowed.")
    except (ImportError, NotSetUp, OSError):
        raise  # this machine's fault, not the document's
    except Exception as error:  # noqa: BLE001 -- parsers fail in a hundred ways on hostile bytes: all mean "damaged"
        return Unreadable("damaged", f"The document is damaged: reading it failed ({type(error).__name__}).")


def _read(path: Path, limits: Limits) -> Reading:
    """Only what a kind needs is imported: most documents are PDFs with text, which need neither Pillow nor lxml."""
    with path.open("rb") as file:
        kind, media_type = kind_of(file.read(_HEAD))
    match kind:
        case "pdf":
            from ocr.adapters.reading.pdf import read_pdf

            return read_pdf(path, limits)
        case "image":
            from ocr.adapters.reading.images import read_image

            return read_image(path, media_type, limits)
        case "zip":
            return _read_word(path, limits)
        case "ole":
            from ocr.adapters.reading.word import check_ole

            raise check_ole(path)
        case "html" | "text":
            from ocr.adapters.reading.plain import read_html, read_text

            return (read_html if kind == "html" else read_text)(path.read_bytes())
        case "unknown":
            raise CannotRead(
                "unsupported", "Files of this kind cannot be read; please send the document as a PDF."
            )


def _read_word(path: Path, limits: Limits) -> Reading:
    """A Word file's text, and where there is hardly any, what is written in its pictures."""
    from ocr.adapters.reading.word import read_zip

    reading, pictures = read_zip(path)
    if sum(map(str.isalnum, reading.text)) >= _FEW_LETTERS or not pictures:
        return reading
    from ocr.adapters.reading.images import read_image

    pages = list(reading.pages)
    for picture in pictures[: limits.scanned_pages]:
        kind, media_type = kind_of(picture[:_HEAD])
        if kind != "image":
            continue
        try:
            pages += read_image(picture, media_type, limits).pages
        except CannotRead as error:
            if error.unreadable.reason not in ("no_text", "damaged"):
                raise
    numbered = tuple(Page(number, page.text) for number, page in enumerate(pages, start=1))
    return Reading(numbered, "ocr", reading.media_type)


def _cleaned(reading: Reading, limits: Limits) -> Reading:
    """Without characters that no text should hold, and no longer than allowed."""
    if len(reading.text) > limits.characters:
        raise CannotRead(
            "too_large", f"The document holds more than {limits.characters:,} characters of text."
        )
    pages = tuple(Page(page.number, _clean(page.text)) for page in reading.pages)
    if not any(page.text for page in pages):
        raise CannotRead("no_text", "No writing was found in the document.")
    return Reading(pages, reading.method, reading.media_type)


def _clean(text: str) -> str:
    kept = (sign if sign >= " " or sign in "\n\t" else " " for sign in text)
    return "".join(kept).encode("utf-8", errors="replace").decode("utf-8").strip()


if __name__ == "__main__":
    main(*sys.argv[1:])
