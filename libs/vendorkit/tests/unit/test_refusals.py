"""How a vendor's words are shortened, and how long it asks us to wait."""

from datetime import UTC, datetime

import pytest

from vendorkit import retry_after_seconds, shortened

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("12", 12.0),
        ("0.5", 0.5),
        ("Fri, 20 Nov 2026 14:01:30 GMT", 90.0),
        ("Fri, 20 Nov 2026 13:00:00 GMT", 0.0),
        ("9999999", 86_400.0),
        ("-1", None),
        ("inf", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_time_to_wait_is_read_in_both_forms_or_not_at_all(value: str, seconds: float | None) -> None:
    assert retry_after_seconds({"RETRY-AFTER": value}, now=NOW) == seconds


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": {"message": "No such party", "code": 4}}', "No such party"),
        ('[{"error": {"message": "one-element list"}}]', "one-element list"),
        ('{"error": "invalid_grant", "error_description": "expired"}', "invalid_grant"),
        ('{"title": "Conflict", "status": 409}', "Conflict"),
        ("plain  words\n here", "plain words here"),
        ("<!DOCTYPE html><h1>502</h1>", ""),
        ("Ruf an: +43 (664) 123 45 67", "Ruf an: <number>"),
        ("wrong key sk-proj-abcdefgh12345678", "wrong key <key>"),
        ("mail to anna@example.at failed", "mail to <address> failed"),
    ],
)
def test_the_vendors_words_are_repeated_without_what_is_private(body: str, words: str) -> None:
    assert shortened(body) == words


def test_a_long_speech_is_cut() -> None:
    assert len(shortened("word " * 500)) <= 200


def test_a_refusal_of_brackets_without_end_is_still_a_refusal() -> None:
    assert len(shortened('{"error":' * 20_000)) <= 200
