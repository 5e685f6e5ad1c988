"""What is noted of a MessageSent."""

from datetime import UTC, datetime

from billing.application.note_message_sent import note_message_sent
from contracts.catalogue import FOLDER, noun
from contracts.messages.v1 import MessageSent
from contracts.routing import routing_key


def test_a_note_names_what_the_message_is_about() -> None:
    example = FOLDER / "examples" / noun(MessageSent) / routing_key(MessageSent) / "full.json"
    event = MessageSent.read(example.read_bytes())

    note = note_message_sent(event, message_id="m-1", now=datetime.now(UTC))

    assert note.subject == event.ce_subject
