"""Reading JSON whose shape is not known beforehand, with types kept honest."""

import json
from typing import cast

JsonObject = dict[str, object]


class NotJson(ValueError):
    """The bytes are not one JSON object."""


def json_object(raw: bytes | str) -> JsonObject:
    """The JSON object in the bytes, or NotJson."""
    try:
        value: object = json.loads(raw)
    except (ValueError, UnicodeDecodeError) as error:
        raise NotJson(f"The body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise NotJson("The body is JSON but not an object.")
    return cast("JsonObject", value)


def as_object(value: object) -> JsonObject:
    """The value when it is a JSON object, else an empty one."""
    return cast("JsonObject", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """The value when it is a JSON array, else an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []


def as_objects(value: object) -> list[JsonObject]:
    """Those elements of a JSON array that are objects."""
    return [as_object(element) for element in as_list(value) if isinstance(element, dict)]


def as_text(value: object, default: str = "") -> str:
    """The value when it is a string, else the default."""
    return value if isinstance(value, str) else default


def as_int(value: object, default: int = 0) -> int:
    """The value when it is a whole number, else the default."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def as_number(value: object, default: float = 0.0) -> float:
    """The value when it is a number, else the default."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


def as_texts(value: object) -> list[str]:
    """Those elements of a JSON array that are strings."""
    return [element for element in as_list(value) if isinstance(element, str)]
