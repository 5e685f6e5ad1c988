"""The floor of reading: the same pages by bare pytesseract, as many at a time as the product reads."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pypdfium2
import pytesseract
from PIL import Image
from pydantic import BaseModel
from talk import answer, asked

DPI = 300


class Asked(BaseModel):
    """What is wanted."""

    files: list[str]
    at_a_time: int


def read(file: str) -> int:
    """Render and recognise; returns how many characters were found."""
    document = pypdfium2.PdfDocument(Path(file).read_bytes())
    page = document[0].render(scale=DPI / 72)  # pyright: ignore[reportArgumentType] — any number will do
    picture: Image.Image = page.to_pil().convert("L")
    return len(pytesseract.image_to_string(picture, lang="deu+eng"))


def main() -> None:
    """Read them all."""
    wanted = asked(Asked)
    os.environ["OMP_THREAD_LIMIT"] = "1"
    read(wanted.files[0])
    began = time.monotonic()
    with ThreadPoolExecutor(wanted.at_a_time) as pool:
        characters = sum(pool.map(read, wanted.files))
    answer(rate=len(wanted.files) / (time.monotonic() - began), characters=characters)


if __name__ == "__main__":
    main()
