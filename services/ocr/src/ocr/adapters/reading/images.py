"""Pictures: one page each, or several in a TIFF."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from ocr.adapters.reading.failure import CannotRead
from ocr.adapters.reading.recognition import recognize
from ocr.domain.document import Page, Reading
from ocr.domain.limits import Limits

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP")
_FORMATS_WITH_PAGES = ("TIFF",)


def read_image(source: Path | bytes, media_type: str, limits: Limits) -> Reading:
    """The text in a picture; a TIFF's pictures are its pages."""
    pages = tuple(Page(number, text) for number, text in enumerate(_texts(source, limits), start=1))
    if not any(page.text.strip() for page in pages):
        raise CannotRead("no_text", "No writing was found in the picture.")
    return Reading(pages, "ocr", media_type)


def _texts(source: Path | bytes, limits: Limits) -> Iterator[str]:
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = limits.pixels
    try:
        with Image.open(
            io.BytesIO(source) if isinstance(source, bytes) else source, formats=_FORMATS
        ) as image:
            for frame in _frames(image, limits):
                yield recognize(frame)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(limits) from error
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        IndexError,
        KeyError,
        TypeError,
    ) as error:
        raise CannotRead(
            "damaged", f"The picture is damaged and cannot be opened ({type(error).__name__})."
        ) from error


def _frames(image: Image.Image, limits: Limits) -> Iterator[Image.Image]:
    """The pages, checked before their pixels are unpacked."""
    count = 0
    while True:
        if count >= limits.scanned_pages:
            raise CannotRead(
                "too_many_pages",
                f"The picture file has more than {limits.scanned_pages} pages; please send it in parts.",
            )
        if image.width * image.height > limits.pixels:
            raise _too_many_pixels(limits)
        # A grey JPEG is all that is needed, and a large one is unpacked at half its size at no cost.
        image.draft("L", (2480, 2480))
        image.load()
        yield image
        count += 1
        if image.format not in _FORMATS_WITH_PAGES:
            return
        try:
            image.seek(count)
        except EOFError:
            return


def _too_many_pixels(limits: Limits) -> CannotRead:
    return CannotRead(
        "too_large",
        f"The picture has more than {limits.pixels // 1_000_000} million pixels; please send it smaller.",
    )
