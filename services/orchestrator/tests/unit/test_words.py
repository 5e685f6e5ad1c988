"""The texts that the orchestrator puts together itself."""

import pytest

from orchestrator.domain.words import OwnTexts, reply_subject, verdict_of, whole_reply


@pytest.mark.parametrize(
    ("subject", "reply"),
    [
        ("Wohnung", "Re: Wohnung"),
        ("AW: Re: WG: Wohnung", "Re: Wohnung"),
        ("re:Wohnung", "Re: Wohnung"),
        ("", "Re: —"),
    ],
)
def test_a_subject_is_answered_once(subject: str, reply: str) -> None:
    assert reply_subject(subject) == reply


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("SENDEN", ("send", "")),
        ("senden.\n\nDanke!", ("send", "")),
        ("Send", ("send", "")),
        ("Verwerfen", ("drop", "")),
        ("Antwort: Die Wohnung ist vergeben.", ("edit", "Die Wohnung ist vergeben.")),
        ("ANSWER:\nIt is taken.\nSorry!", ("edit", "It is taken.\nSorry!")),
        ("Antwort:", None),
        ("Danke, sieht gut aus", None),
        ("Bitte nicht senden!", None),
        ("", None),
    ],
)
def test_an_agents_answer_is_understood_or_not_acted_upon(text: str, verdict: tuple[str, str] | None) -> None:
    assert verdict_of(text) == verdict


def test_a_reply_carries_the_companys_own_words_and_says_that_an_ai_wrote_it() -> None:
    texts = OwnTexts("Grüße", "Muster GmbH, FN 1", "Eine KI schrieb das.")
    reply = whole_reply("Gern.\n", texts, written_by_ai=True)
    assert reply == "Gern.\n\nGrüße\n\nEine KI schrieb das.\n\n-- \nMuster GmbH, FN 1\n"
    assert "KI" not in whole_reply("Gern.", texts, written_by_ai=False)
