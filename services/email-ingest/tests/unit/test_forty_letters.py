"""Forty letters, each with what must be read from it; they were written before the rules."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from email_ingest.domain.letter import Company
from email_ingest.domain.read_letter import read_letter

LETTERS = sorted((Path(__file__).parents[1] / "letters").glob("*.eml"))
COMPANY = Company("office@muster.test", "chef@muster.test", "mx.muster.test")
RECEIVED = datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_there_are_forty_letters() -> None:
    assert len(LETTERS) == 40


@pytest.mark.parametrize("path", LETTERS, ids=lambda path: path.stem)
def test_a_letter_is_read_as_it_is_meant(path: Path) -> None:
    expected: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
    letter = read_letter(path.read_bytes(), COMPANY, RECEIVED)
    problems = expected.pop("problems")
    documents = expected.pop("documents")
    portal = expected.pop("portal")
    expected.pop("about")
    sender = expected.pop("sender")
    assert {
        "kind": letter.kind,
        "automatic": letter.automatic,
        "recipient": letter.recipient,
        "authenticity": letter.authenticity,
        "in_reply_to": letter.in_reply_to,
        "references": list(letter.references),
        "subject": letter.subject,
        "message_id": letter.external_id if letter.named else None,
        "sent_at": letter.sent_at.isoformat().replace("+00:00", "Z"),
        "text": letter.text,
    } == expected
    points = [f"{kind}:{value}" for kind, value in letter.sender.contact_points]
    assert {
        "name": letter.sender.name,
        "contact_points": points,
        "reply_to": letter.sender.reply_to,
    } == sender
    assert [(one.filename, one.media_type) for one in letter.documents] == [
        (one["filename"], one["media_type"]) for one in documents
    ]
    for document, described in zip(letter.documents, documents, strict=True):
        assert described["size"] in (None, len(document.data))
    found = letter.portal
    assert (None if found is None else {name: getattr(found, name) for name in portal or ()}) == portal
    assert all(any(words in problem for problem in letter.problems) for words in problems), letter.problems
    assert bool(letter.problems) == bool(problems), letter.problems
