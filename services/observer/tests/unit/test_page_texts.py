"""The words of the page: both languages have the same, and every one that is used is there."""

import re
from pathlib import Path

from observer.entrypoints.page import render

FOLDER = Path(render.__file__).parent


def test_both_languages_have_the_same_words() -> None:
    assert render.texts("de").keys() == render.texts("en").keys()


def test_every_word_that_a_template_asks_for_is_there() -> None:
    templates = "".join(file.read_text() for file in (FOLDER / "templates").glob("*.html"))
    asked = set(re.findall(r"\bt\('([a-z0-9_]+)'[,)]", templates))

    assert asked - render.texts("de").keys() == set()


def test_numbers_and_durations_are_written_as_the_reader_does() -> None:
    assert render.number(1234567.5, 1, language="de") == "1.234.567,5"
    assert render.number(1234567.5, 1, language="en") == "1,234,567.5"
    assert render.duration(0.0123, language="de") == "12 ms"
    assert render.duration(1.25, language="de") == "1,2 s"
    assert render.duration(7200, language="en") == "2 h"
    assert render.duration(None) == "–"
