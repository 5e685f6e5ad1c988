"""Whoever hears a message can read every example of it, and what a later sender may add to it."""

import json
from pathlib import Path

import pytest

from contracts.catalogue import FOLDER, catalogue, messages, noun
from contracts.envelope import Command, Message, Timer
from contracts.routing import queue_name, routing_key
from frontdesk.generate.fleet import CannotBeMade, Member, fleet


@pytest.fixture(scope="module")
def services() -> tuple[list[Member], list[CannotBeMade]]:
    return fleet()


def examples(message: type[Message]) -> list[Path]:
    return sorted((FOLDER / "examples" / noun(message) / routing_key(message)).glob("*.json"))


def test_every_hearer_reads_every_example_of_what_it_hears(
    services: tuple[list[Member], list[CannotBeMade]],
) -> None:
    read = 0
    for member in services[0]:
        for message in heard_by(member):
            for example in examples(message):
                written = json.loads(example.read_text())
                later = json.dumps({**written, "added_later": ["Grüße"]}).encode()
                assert message.read(later).model_dump(mode="json", include=set(written)) == in_json(
                    message, written
                )
                read += 1

    assert read >= 2 * len(
        messages().keys() & {routing_key(m) for member in services[0] for m in heard_by(member)}
    )


def test_a_service_hears_only_what_is_in_the_catalogue(
    services: tuple[list[Member], list[CannotBeMade]],
) -> None:
    known = set(messages().values())

    for member in services[0]:
        assert set(heard_by(member)) <= known


def test_a_command_has_one_owner(services: tuple[list[Member], list[CannotBeMade]]) -> None:
    for message in messages().values():
        if issubclass(message, Command):
            owners = [member.name for member in services[0] if message in heard_by(member)]
            assert len(owners) <= 1, f"{message.__name__} is heard by {owners}"


def test_whoever_is_asked_answers_and_whoever_is_answered_asked() -> None:
    """A command that somebody says has its owner, and an event that somebody hears has a sender."""
    for entry in catalogue().entries:
        if entry.senders and issubclass(entry.message, Command):
            assert entry.hearers, f"{entry.message.__name__} is said by {entry.senders} and heard by nobody"
        if entry.hearers:
            assert entry.senders, f"{entry.message.__name__} is heard by {entry.hearers} and said by nobody"


def test_a_queue_is_named_by_its_service_and_what_it_hears(
    services: tuple[list[Member], list[CannotBeMade]],
) -> None:
    for member in services[0]:
        for hearing in member.hearings:
            if hearing.message in heard_by(member):
                assert hearing.queue(member.name) == queue_name(member.name, hearing.message)


def heard_by(member: Member) -> list[type[Message]]:
    return [
        hearing.message
        for hearing in member.hearings
        if hearing.message is not None and not issubclass(hearing.message, Timer)
    ]


def in_json(message: type[Message], written: dict[str, object]) -> dict[str, object]:
    """What is written, in the form in which pydantic writes it: the same instant has several spellings."""
    return message.model_validate(written, strict=False).model_dump(mode="json", include=set(written))
