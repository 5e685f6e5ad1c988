"""The words of the page: both languages have the same, every one that is used is there, and none lies about unused."""

import re
from pathlib import Path

import pytest

from observer.entrypoints.page import render

FOLDER = Path(render.__file__).parent
SOURCES = "".join(file.read_text() for file in (*FOLDER.glob("*.py"), *(FOLDER / "templates").glob("*.html")))
BEGINNINGS = {
    *re.findall(r"'([a-z_]+_)' ~", SOURCES),
    *re.findall(r"[f(\[]f?\"([a-z_]+_)\{", SOURCES),
}
"""Of names whose end is known when the page is made: `t('letter_' ~ letter.state)`."""


def test_both_languages_have_the_same_words() -> None:
    assert render.texts("de").keys() == render.texts("en").keys()


def test_both_languages_name_the_same_things_within_their_words() -> None:
    german, english = render.texts("de"), render.texts("en")
    named = re.compile(r"\{([a-z0-9_]+)\}")
    differing = [key for key in german if set(named.findall(german[key])) != set(named.findall(english[key]))]

    assert differing == []


def test_every_word_that_is_asked_for_is_there() -> None:
    asked = set(re.findall(r"\bt\('([a-z0-9_]+)'[,)]", SOURCES))

    assert len(asked) > 50
    assert asked - render.texts("de").keys() == set()


def test_no_word_lies_about_unused() -> None:
    quoted = set(re.findall(r"[\"']([a-z0-9_]+)[\"']", SOURCES))
    unused = {
        key
        for key in render.texts("de").keys() - quoted
        if not any(key.startswith(one) for one in BEGINNINGS)
    }

    assert unused == set()


def test_german_words_have_their_umlauts() -> None:
    spelt_out = [
        text for text in render.texts("de").values() if re.search(r"fuer|ueber|koenn|zurueck|gross", text)
    ]

    assert spelt_out == []


def test_numbers_and_durations_are_written_as_the_reader_does() -> None:
    assert render.number(1234567.5, 1, language="de") == "1.234.567,5"
    assert render.number(1234567.5, 1, language="en") == "1,234,567.5"
    assert render.duration(0.0123, language="de") == "12 ms"
    assert render.duration(1.25, language="de") == "1,2 s"
    assert render.duration(7200, language="en") == "2 h"
    assert render.duration(None) == "–"


@pytest.mark.parametrize(
    ("value", "german", "english"),
    [(0.0, "0", "0"), (0.1, "0,1", "0.1"), (15.0, "15", "15"), (7.25, "7,25", "7.25"), (1240.0, "1.240", "1,240"), (100.0, "100", "100")],
)  # fmt: skip
def test_an_amount_has_as_many_digits_as_it_needs(value: float, german: str, english: str) -> None:
    assert (render.amount(value, language="de"), render.amount(value, language="en")) == (german, english)
