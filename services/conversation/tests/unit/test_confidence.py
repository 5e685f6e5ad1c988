"""How sure one may be."""

import pytest

from conversation.domain.confidence import founded, has_placeholder, judged


def test_the_models_own_word_counts_when_nothing_speaks_against_it() -> None:
    assert judged(0.87, []) == 0.87


def test_the_lowest_ceiling_counts() -> None:
    assert judged(0.95, ["unfounded_fact", "foreign_contact"]) == 0.3
    assert judged(0.05, ["no_model"]) == 0.05


@pytest.mark.parametrize("reply", ["Guten Tag [Name],", "Dear {{name}},", "am <Datum> gern", "TODO: Preis"])
def test_a_gap_that_somebody_was_to_fill_is_seen(reply: str) -> None:
    assert has_placeholder(reply)


def test_an_ordinary_reply_has_no_gap() -> None:
    assert not has_placeholder("Guten Tag Frau Weiß, die Miete beträgt 900 EUR (warm), ca. 3 < 4 Zimmer.")


def test_a_fact_that_the_input_does_not_have_is_dropped() -> None:
    found = founded(["Die Wohnung A-17", "Miete 900 Euro"], known=["Anfrage zu: Wohnung A-17, die im Dach"])
    assert found.facts == ("Die Wohnung A-17",)
    assert not found.complete
