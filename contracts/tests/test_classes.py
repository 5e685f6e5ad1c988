"""What every message class must have: words for people, names that can be computed, a version."""

import pytest
from pydantic import BaseModel

from contracts.catalogue import messages
from contracts.envelope import Command, Event, Message
from contracts.routing import hearer_noun, noun_of, queue_name, routing_key, version_of
from contracts.schema import json_schema

MESSAGES = list(messages().values())
PARTICIPLES = ("ed", "sent", "paid", "kept", "due", "uncertain", "unreadable")
every_message = pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.__name__)


@every_message
def test_every_message_and_every_value_in_it_says_what_it_is(message: type[Message]) -> None:
    for model in models_of(message):
        assert model.__doc__, f"{model.__name__} has no docstring"
        assert model.__doc__ != model.__base__.__doc__, f"{model.__name__} has no docstring of its own"
        for name, info in model.model_fields.items():
            assert info.description, f"{model.__name__}.{name} has no description"


@every_message
def test_every_message_names_what_it_is_about(message: type[Message]) -> None:
    assert message.aggregate.endswith("_id")
    assert message.model_fields[message.aggregate].is_required()


@every_message
def test_an_event_is_a_past_participle_and_a_command_an_imperative(message: type[Message]) -> None:
    if issubclass(message, Command):
        assert not message.__name__.lower().endswith(PARTICIPLES)
    else:
        assert issubclass(message, Event)
        assert message.__name__.lower().endswith(PARTICIPLES)


@every_message
def test_a_message_carries_no_bytes(message: type[Message]) -> None:
    for model in models_of(message):
        assert all(info.annotation is not bytes for info in model.model_fields.values())
    assert '"format": "binary"' not in str(json_schema(message))


def test_the_names_on_the_broker_follow_from_the_classes() -> None:
    keys = {message.__name__: key for key, message in messages().items()}

    assert keys["DocumentAnalyzed"] == "document.analyzed.v1"
    assert keys["LeadStatusChanged"] == "lead.status_changed.v1"
    assert keys["SendEmail"] == "email.send.v1"
    assert keys["DraftReply"] == "reply.draft.v1"
    assert len(set(keys.values())) == len(MESSAGES)


@every_message
def test_queue_and_inbox_name_follow_from_the_routing_key(message: type[Message]) -> None:
    key = routing_key(message)

    assert key.startswith(noun_of(message))
    assert key.endswith(f".v{version_of(message)}")
    assert queue_name("ocr", message) == f"ocr.{key}"
    assert hearer_noun(message) == key.rpartition(".")[0]


def test_two_words_are_needed_for_a_name() -> None:
    class Received(Event):
        """Nothing."""

    with pytest.raises(ValueError, match="noun and a participle"):
        routing_key(Received)


def models_of(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}
    for info in model.model_fields.values():
        for inner in classes_in(info.annotation):
            found |= models_of(inner)
    return found


def classes_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [inner for part in getattr(annotation, "__args__", ()) for inner in classes_in(part)]
