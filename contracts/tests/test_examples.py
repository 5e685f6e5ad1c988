"""Every message has examples by hand, which are complete, valid, and come through the wire unchanged."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from contracts.catalogue import FOLDER, messages, noun
from contracts.envelope import Envelope, Message, new_id
from contracts.routing import routing_key
from contracts.webhooks.v1 import WebhookReceived

MESSAGES = list(messages().values())
EITHER = {WebhookReceived: {"body", "blob"}}
"""Fields of which a message has exactly one, so that the full example cannot have them all."""

every_message = pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.__name__)
both = pytest.mark.parametrize("name", ["minimal", "full"])


def example(message: type[Message], name: str) -> bytes:
    return file_of(message, name).read_bytes()


def file_of(message: type[Message], name: str) -> Path:
    return FOLDER / "examples" / noun(message) / routing_key(message) / f"{name}.json"


@both
@every_message
def test_an_example_comes_through_the_wire_unchanged(message: type[Message], name: str) -> None:
    said = message.model_validate_json(example(message, name))
    envelope = Envelope(
        id=new_id(),
        type=routing_key(message),
        source="test",
        subject=said.ce_subject,
        time=datetime.now(UTC),
        tenant_id="muster-immobilien",
        correlation_id=new_id(),
        causation_id=new_id(),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        sequence=7,
    )
    headers, body = envelope.headers(), said.model_dump_json(exclude_none=True).encode()

    assert Envelope.of(headers) == envelope
    assert message.read(body) == said


@every_message
def test_the_minimal_example_has_the_required_fields_alone(message: type[Message]) -> None:
    written = json.loads(example(message, "minimal"))

    assert_minimal(message, written, allowed=EITHER.get(message, set()))


@every_message
def test_the_full_example_has_every_field(message: type[Message]) -> None:
    said = message.model_validate_json(example(message, "full"))

    assert_full(said, json.loads(example(message, "full")), excused=EITHER.get(message, set()))


@both
@every_message
def test_a_field_of_a_later_version_is_ignored_by_hearers_and_refused_by_senders(
    message: type[Message], name: str
) -> None:
    written = json.loads(example(message, name))
    later = {**written, "field_of_next_year": {"größe": 1}}

    assert message.read(json.dumps(later).encode()) == message.model_validate_json(example(message, name))
    with pytest.raises(ValidationError, match="field_of_next_year"):
        message.model_validate(later)


@every_message
def test_a_message_without_a_required_field_is_refused(message: type[Message]) -> None:
    written = json.loads(example(message, "minimal"))
    for field in [name for name, info in message.model_fields.items() if info.is_required()]:
        without = {name: value for name, value in written.items() if name != field}
        with pytest.raises(ValidationError, match=field):
            message.read(json.dumps(without).encode())


def test_there_is_no_example_of_what_is_no_message() -> None:
    wanted = {file_of(message, name) for message in MESSAGES for name in ("minimal", "full")}

    assert {file for file in (FOLDER / "examples").rglob("*") if file.is_file()} == wanted


@pytest.mark.parametrize("language", ["ü", "ß", "the"])
def test_the_examples_are_german_and_english_with_umlauts(language: str) -> None:
    assert any(
        language in example(message, name).decode() for message in MESSAGES for name in ("minimal", "full")
    )


def assert_minimal(model: type[BaseModel], written: dict[str, object], *, allowed: set[str]) -> None:
    required = {name for name, info in model.model_fields.items() if info.is_required()}
    assert required <= written.keys()
    assert written.keys() - required <= allowed


def assert_full(value: BaseModel, written: dict[str, object], *, excused: set[str] = frozenset()) -> None:
    """Every field is written out, in the values inside too; of a list it is enough that one item is complete."""
    missing = type(value).model_fields.keys() - written.keys()
    assert missing <= excused, f"{type(value).__name__} lacks {missing}"
    for name, found in written.items():
        inner = getattr(value, name)
        assert found is not None
        assert found != [], f"{name} is empty"
        if isinstance(inner, BaseModel):
            assert_full(inner, found)
        elif isinstance(inner, tuple) and isinstance(inner[0], BaseModel):
            assert_full(inner[0], found[0])
