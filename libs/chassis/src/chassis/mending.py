"""Whether a mended body is what its message's class promises, and where it is not."""

from __future__ import annotations

import json
from typing import cast

from pydantic import JsonValue, ValidationError

from contracts.catalogue import messages
from contracts.envelope import Message


class BodyRefused(ValueError):
    """A mended body does not fit its message's class; the text names the places and repeats no value."""


def known_class(routing_key: str) -> type[Message] | None:
    """The event or command of a routing key, if the catalogue has it."""
    return messages().get(routing_key)


def check_body(kind: type[Message] | None, routing_key: str, body: JsonValue, first: bytes) -> None:
    """Raise `BodyRefused` when a body does not fit its class.

    A field that the class does not know is a slip of the pen, unless the `first` body had it already (a newer sender's).
    """
    if kind is None:
        raise BodyRefused(
            f"nobody here knows what a {routing_key} must look like, so that it cannot be checked: take it by force, "
            "or drop it"
        )
    try:
        kind.model_validate_json(written_body(body), extra="forbid")
    except ValidationError as error:
        had = _read(first)
        faults = [
            f"{'.'.join(str(place) for place in fault['loc']) or 'body'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False, include_context=False)
            if not (fault["type"] == "extra_forbidden" and _has(had, fault["loc"]))
        ]
        if faults:
            raise BodyRefused(f"this is no {kind.__name__}: {'; '.join(faults)}") from None


def written_body(body: JsonValue) -> bytes:
    """A body as it is sent. Raises `BodyRefused` for numbers that JSON does not have."""
    try:
        return json.dumps(body, allow_nan=False).encode()
    except ValueError as error:
        raise BodyRefused(f"this is no JSON: {error}") from None


def _read(body: bytes) -> JsonValue:
    try:
        return cast("JsonValue", json.loads(body))
    except ValueError:
        return None


def _has(body: JsonValue, place: tuple[int | str, ...]) -> bool:
    """Whether there is something at that place of a body."""
    found = body
    for step in place:
        match found, step:
            case dict(), str() if step in found:
                found = found[step]
            case list(), int() if step < len(found):
                found = found[step]
            case _:
                return False
    return True
