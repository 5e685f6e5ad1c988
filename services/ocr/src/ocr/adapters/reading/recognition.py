"""Tesseract: a picture of a page becomes text, turned upright when it was scanned askew."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from tempfile import NamedTemporaryFile
from typing import cast

import pytesseract
from PIL import Image, ImageOps
from pytesseract import Output, TesseractError, TesseractNotFoundError

from ocr.adapters.reading.failure import CannotRead, NotSetUp

_LANGUAGES = "deu+eng"
# LSTM alone; one block whose rows stay whole: forms set a label at the left and its value far at the right.
_LAYOUT = "--oem 1 --psm 6"
_LONGEST_SIDE = 4961  # A3 at 300 dpi
_SHORTEST_LONG_SIDE = 2200
_MOST_ENLARGED = 3.0
_LEAST_GRAIN = 16
_LEAST_INK = 0.0005
_INK = 110
_SURE = 60.0
_FEW_WORDS = 6
_KILLED = (-9, -24)


@dataclass(frozen=True, slots=True)
class Recognized:
    """The text of one picture and how much of it is surely words."""

    text: str
    sure_words: int
    confidence: float

    @property
    def is_poor(self) -> bool:
        """Whether it looks like a page seen from the wrong side."""
        return self.sure_words < _FEW_WORDS or self.confidence < _SURE


_NOTHING = Recognized("", 0, 0.0)


def recognize(picture: Image.Image) -> str:
    """The text of a picture, whichever way up it is."""
    prepared = _prepared(picture)
    if _is_blank(prepared):
        return ""
    upright = _recognized(prepared)
    if not upright.is_poor:
        return upright.text
    best = upright
    for angle in _angles(prepared):
        turned = _recognized(prepared.rotate(angle, expand=True, fillcolor=255))
        if turned.sure_words > best.sure_words:
            best = turned
        if not best.is_poor:
            break
    return best.text


def _prepared(picture: Image.Image) -> Image.Image:
    """Grey, upright as its camera said, on white, and in a size that Tesseract reads well."""
    turned = ImageOps.exif_transpose(picture)
    if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
        layer = turned.convert("RGBA")
        turned = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    grey = _without_grain(ImageOps.autocontrast(turned.convert("L")))
    longest = max(grey.size)
    factor = min(_LONGEST_SIDE / longest, 1.0)
    if longest < _SHORTEST_LONG_SIDE:
        factor = min(_SHORTEST_LONG_SIDE / longest, _MOST_ENLARGED)
    if factor == 1.0:
        return grey
    size = (max(1, round(grey.width * factor)), max(1, round(grey.height * factor)))
    return grey.resize(size, Image.Resampling.LANCZOS)


def _without_grain(grey: Image.Image) -> Image.Image:
    """White paper: a scanner's grain costs Tesseract four times the time, and now and then a digit."""
    histogram = grey.histogram()
    paper = max(range(128, 256), key=lambda level: histogram[level])
    above = sum(histogram[paper:])
    spread = (
        sum(histogram[level] * (level - paper) ** 2 for level in range(paper, 256)) / max(1, above)
    ) ** 0.5
    white = paper - max(_LEAST_GRAIN, 3 * spread)
    return grey.point([255 if level >= white else level for level in range(256)])


def _is_blank(picture: Image.Image) -> bool:
    histogram = picture.histogram()
    dark = sum(histogram[:_INK])
    return dark < _LEAST_INK * picture.width * picture.height


def _angles(picture: Image.Image) -> Iterator[int]:
    """Ways to turn the picture (counter-clockwise), first the one that Tesseract's own orientation detection advises."""
    advised = _advised_angle(picture)
    if advised:
        yield advised
    yield from (angle for angle in (90, 270, 180) if angle != advised)


def _advised_angle(picture: Image.Image) -> int:
    try:
        found = cast(dict[str, object], _from_file(picture, pytesseract.image_to_osd))
    except TesseractError:  # too few letters to tell: every angle is tried
        return 0
    return int(cast(int, found.get("orientation", 0))) % 360


def _recognized(picture: Image.Image) -> Recognized:
    try:
        table = cast(
            dict[str, list[object]],
            _from_file(picture, pytesseract.image_to_data, lang=_LANGUAGES, config=_LAYOUT),
        )
    except TesseractNotFoundError as error:
        raise NotSetUp("Tesseract is not installed") from error
    except TesseractError as error:
        if "loading language" in error.message or "opening data file" in error.message:
            raise NotSetUp("Tesseract lacks a language: deu, eng and osd are needed") from error
        if error.status in _KILLED:
            raise CannotRead("too_slow", "A page took Tesseract longer than allowed.") from error
        raise CannotRead("damaged", f"Tesseract could not read a page (status {error.status}).") from error
    words = list(_words(table))
    if not words:
        return _NOTHING
    sure = [word for word in words if word.confidence >= _SURE and sum(map(str.isalnum, word.text)) >= 3]
    return Recognized(_text(words), len(sure), statistics.fmean(word.confidence for word in words))


def _from_file(picture: Image.Image, ask: Callable[..., object], **options: str) -> object:
    """Hand Tesseract the picture as a plain bitmap: packing it as PNG, as is usual, costs a tenth of the reading."""
    with NamedTemporaryFile(suffix=".pgm") as file:
        picture.save(file, "PPM")
        file.flush()
        return ask(file.name, output_type=Output.DICT, **options)


@dataclass(frozen=True, slots=True)
class _Word:
    line: tuple[int, int, int]
    left: int
    width: int
    confidence: float
    text: str


def _words(table: dict[str, list[object]]) -> Iterator[_Word]:
    names = ("block_num", "par_num", "line_num", "left", "width", "conf", "text")
    for block, paragraph, line, left, width, confidence, text in zip(
        *(table[name] for name in names), strict=True
    ):
        if str(text).strip():
            place = (int(str(block)), int(str(paragraph)), int(str(line)))
            yield _Word(place, int(str(left)), int(str(width)), float(str(confidence)), str(text).strip())


def _text(words: Iterable[_Word]) -> str:
    lines: list[str] = []
    before = (0, 0, 0)
    for place, group in groupby(words, key=lambda word: word.line):
        if lines and place[:2] != before[:2]:
            lines.append("")
        lines.append(_line(list(group)))
        before = place
    return "\n".join(lines)


def _line(words: list[_Word]) -> str:
    """Words with blanks between them; a gap wider than two letters parts columns and gets three."""
    letter = statistics.median(word.width / len(word.text) for word in words)
    pieces = [words[0].text]
    for before, word in pairwise(words):
        gap = word.left - (before.left + before.width)
        pieces.append("   " if gap > 2.5 * letter else " ")
        pieces.append(word.text)
    return "".join(pieces)
