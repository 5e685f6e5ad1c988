"""Who answers: every reason there is, and which of two comes first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.domain.decision import Brakes, Rule, may_be_drafted, who_answers
from orchestrator.domain.turn import Draft, LetterNote

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LETTER = LetterNote(
    message_id="m", lead_id="l", turn=1, kind="enquiry", channel="email", external_id="<a@b>", references=(),
    subject="", text="Guten Tag", sent_at=NOW, received_at=NOW, authenticity="pass", automatic=False, historic=False,
    problems=(),
)  # fmt: skip
DRAFT = Draft("Gern.", "de", "viewing", "neutral", 0.9, (), "test", offline=False)
FREE = Brakes(to_person_today=0, person_limit=3, of_tenant_this_hour=0, tenant_limit=100, paused=False)


def test_an_enquiry_of_today_may_be_drafted() -> None:
    assert may_be_drafted([LETTER], NOW).answer == "draft"


@pytest.mark.parametrize(
    ("letter", "answer", "why"),
    [
        (replace(LETTER, historic=True), "nobody", "history is never answered"),
        (replace(LETTER, automatic=True), "nobody", "machines are not answered"),
        (replace(LETTER, authenticity="fail"), "human", "could not be verified"),
        (replace(LETTER, sent_at=NOW - timedelta(hours=49)), "human", "older than 48 hours"),
    ],
)
def test_what_is_never_answered_automatically(letter: LetterNote, answer: str, why: str) -> None:
    decision = may_be_drafted([letter], NOW)
    assert decision.answer == answer
    assert why in decision.reason


def test_a_persons_letter_beside_a_machines_goes_to_a_human() -> None:
    assert may_be_drafted([LETTER, replace(LETTER, automatic=True)], NOW).answer == "human"


def test_a_company_that_lets_the_ai_answer_is_answered_for() -> None:
    assert who_answers(DRAFT, "email", autonomy="send", rules=[], brakes=FREE).answer == "ai"


def test_a_company_that_wants_to_see_every_reply_gets_a_draft() -> None:
    assert who_answers(DRAFT, "email", autonomy="draft", rules=[], brakes=FREE).answer == "draft"


@pytest.mark.parametrize(
    ("draft", "brakes", "answer"),
    [
        (replace(DRAFT, offline=True), FREE, "draft"),
        (replace(DRAFT, confidence=0.49), FREE, "draft"),
        (DRAFT, replace(FREE, paused=True), "draft"),
        (DRAFT, replace(FREE, suspended=True), "draft"),
        (DRAFT, replace(FREE, to_person_today=3), "human"),
        (DRAFT, replace(FREE, of_tenant_this_hour=100), "draft"),
    ],
)
def test_brakes_come_before_autonomy(draft: Draft, brakes: Brakes, answer: str) -> None:
    assert who_answers(draft, "email", autonomy="send", rules=[], brakes=brakes).answer == answer


def test_the_first_rule_that_fits_decides() -> None:
    rules = [
        Rule(intents=("complaint",), channels=(), minimum_confidence=0, answer="human"),
        Rule(intents=(), channels=("whatsapp",), minimum_confidence=0, answer="draft"),
        Rule(intents=("viewing",), channels=("email",), minimum_confidence=0.8, answer="ai"),
        Rule(intents=(), channels=(), minimum_confidence=0, answer="draft"),
    ]
    decide = lambda draft: who_answers(draft, "email", autonomy="draft", rules=rules, brakes=FREE).answer  # noqa: E731
    assert decide(DRAFT) == "ai"
    assert decide(replace(DRAFT, confidence=0.7)) == "draft"
    assert decide(replace(DRAFT, intent="complaint")) == "human"


def test_a_rule_may_ask_whether_the_company_is_open() -> None:
    rules = [
        Rule(intents=(), channels=(), minimum_confidence=0, answer="human", hours="open"),
        Rule(intents=(), channels=(), minimum_confidence=0, answer="ai", hours="closed"),
    ]

    by_day = who_answers(DRAFT, "email", autonomy="draft", rules=rules, brakes=FREE, hours="open")
    by_night = who_answers(DRAFT, "email", autonomy="draft", rules=rules, brakes=FREE, hours="closed")
    without_hours = who_answers(DRAFT, "email", autonomy="draft", rules=rules, brakes=FREE)

    assert (by_day.answer, by_night.answer, without_hours.answer) == ("human", "ai", "draft")
    assert "while the company is open" in by_day.reason
