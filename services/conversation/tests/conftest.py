"""Enquiries for conversation's tests."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from contracts.conversations.v1 import DraftReply, Letter

German = (
    "Guten Tag, ich interessiere mich für die Wohnung A-17 in der Müllerstraße. Ist sie noch frei, und kann ich sie am "
    "nächsten Dienstag besichtigen? Mein Nettoeinkommen beträgt 3.245,67 Euro.\nMit freundlichen Grüßen\nJörg Müller"
)


@pytest.fixture
def enquiry() -> Callable[..., DraftReply]:
    """Makes the command for a German letter; keywords change its fields, `text` the letter."""

    def make(*, text: str = German, subject: str = "Besichtigung A-17", **changes: object) -> DraftReply:
        letter = Letter(
            message_id="m-1", sent_at=datetime(2026, 11, 20, 9, tzinfo=UTC), subject=subject, text=text
        )
        values: dict[str, object] = {
            "lead_id": "lead-1",
            "turn": 1,
            "company": "Haus & Hof GmbH",
            "time_zone": "Europe/Vienna",
            "person": "Jörg Müller",
            "object_reference": "A-17",
            "object_title": "Dachwohnung in der Müllerstraße",
            "letters": (letter,),
        }
        return DraftReply.model_validate(values | changes)

    return make
