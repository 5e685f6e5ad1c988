"""German and English are told apart."""

import pytest

from conversation.domain.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Guten Tag, ist die Wohnung noch frei? Danke, Jörg", "de"),
        ("Ist das Objekt noch zu haben?", "de"),
        ("Bitte um Rückruf.", "de"),
        ("Hello, is the flat still available? Kind regards, Jörg Müller", "en"),
        ("I would like to view the apartment in the Müllerstraße on Tuesday.", "en"),
        ("Please send me the floor plan.", "en"),
        ("Sg. Damen und Herren! Anbei mein Lohnzettel. MfG", "de"),
    ],
)
def test_a_letter_is_read_in_the_language_it_is_written_in(text: str, language: str) -> None:
    told = language_of(text)
    assert told.language == language
    assert told.margin > 0


def test_a_text_without_words_is_taken_as_the_houses_language() -> None:
    assert language_of("+43 1 234", otherwise="en").language == "en"
    assert not language_of("+43 1 234").certain
