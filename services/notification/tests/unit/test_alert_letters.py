"""What the fleet's staff reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from notification.domain.alert_letters import words_for
from notification.domain.alerts import OBSERVER_SILENT, Alert, Recovery, Summary
from notification.domain.incident import News
from notification.domain.staff import Member

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
FIRST = Alert(
    alert_id="a", threshold="latency", service="ocr", subject="POST /x", metric="p95", value=812.4, limit=500, unit="ms",
    severity="critical", since=NOW, summary=Summary("OCR ist zu träge", "OCR is too slow"), group="g", said_at=NOW,
    heard_at=NOW,
)  # fmt: skip
ANNA = Member("anna", "anna@betrieb.test", "de", "Europe/Berlin", frozenset({"critical"}), NOW)


def read(news: News, member: Member = ANNA, *, uncertain: bool = False) -> str:
    return words_for(member, news, observer_url="https://observer.test/", uncertain=uncertain).text


def test_a_letter_says_what_where_how_much_and_since_when_by_the_readers_clock() -> None:
    text = read(News("opened", (FIRST,), ()))
    for words in ("• OCR ist zu träge", "Dienst: ocr, POST /x", "p95: 812 ms, erlaubt: 500 ms",
                  "Seit: 28.11.2026, 13:00:00 Uhr (Europe/Berlin)", "Ansehen: https://observer.test/"):  # fmt: skip
        assert words in text


def test_a_supplement_takes_the_place_of_what_it_supplements_and_counts_what_it_stands_for() -> None:
    more = replace(
        FIRST, update=1, others=2, members=("ocr 1", "ocr 2", "ocr 3"), said_at=NOW + timedelta(minutes=10)
    )
    text = read(News("update", (more,), (FIRST,)))
    assert "weitere Grenzwerte überschritten: 3." in text
    assert text.count("OCR ist zu träge") == 1
    assert "Weiterhin überschritten" not in text
    assert "– ocr 3" in text


def test_that_the_observer_is_silent_comes_with_what_to_do_and_its_end_with_its_own_words() -> None:
    silent = replace(FIRST, threshold=OBSERVER_SILENT)
    assert "Was zu tun ist" in read(News("opened", (silent,), ()))
    over = replace(silent, recovery=Recovery(NOW, 1, NOW))
    back = read(News("recovered", (), (over,)), replace(ANNA, language="en"))
    assert "the Observer watches the fleet again" in back
    assert "What to do" not in back


def test_of_many_alerts_each_is_named() -> None:
    storm = tuple(replace(FIRST, alert_id=str(n), summary=Summary(f"Nr. {n}.", "")) for n in range(60))
    text = read(News("opened", storm, ()))
    assert all(f"• Nr. {number}." in text for number in range(60))
