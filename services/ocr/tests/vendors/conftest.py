"""Documents made for the tests: pages printed, scanned and spoiled."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from importlib.resources import files

import pytest
from PIL import Image, ImageDraw, ImageFont

Row = str | tuple[str, str]
Print = Callable[[Sequence[Row]], Image.Image]


@pytest.fixture(scope="session")
def printed() -> Print:
    """Rows of text, or of a label and a value in two columns, printed on a page of 200 dpi."""
    font = ImageFont.truetype(io.BytesIO(_vera()), 30)

    def print_page(rows: Sequence[Row]) -> Image.Image:
        page = Image.new("L", (1654, 2339), 255)
        pen = ImageDraw.Draw(page)
        for number, row in enumerate(rows):
            columns = (row,) if isinstance(row, str) else row
            for left, text in zip((120, 950), columns, strict=False):
                pen.text((left, 150 + number * 54), text, font=font, fill=20)
        return page

    return print_page


@pytest.fixture(scope="session")
def encoded() -> Callable[..., bytes]:
    """A picture as a file."""

    def encode(picture: Image.Image, form: str, **options: object) -> bytes:
        out = io.BytesIO()
        picture.save(out, form, **options)
        return out.getvalue()

    return encode


def _vera() -> bytes:
    """A free font that reportlab brings along."""
    return files("reportlab").joinpath("fonts", "Vera.ttf").read_bytes()
