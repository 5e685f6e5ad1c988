"""A request's parameters, read with Stripe's own complaints."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from decimal import Decimal, InvalidOperation
from typing import cast

from sandbox.stripe.errors import invalid, missing_parameter, unknown_parameter
from sandbox.wire import JsonObject

_METADATA_KEYS, _METADATA_KEY_LENGTH, _METADATA_VALUE_LENGTH = 50, 40, 500


class Params:
    """One object of parameters; `path` is how its place is written in a complaint.

    An empty string means "unset" where Stripe has it so: `given` tells it from a parameter that was not sent.
    """

    def __init__(self, data: JsonObject, path: str = "") -> None:
        self._data = data
        self._path = path

    def __contains__(self, name: str) -> bool:
        return name in self._data

    @property
    def raw(self) -> JsonObject:
        """What was sent."""
        return self._data

    def place(self, name: str) -> str:
        """The parameter's name as Stripe writes it: `items[0][price]`."""
        return f"{self._path}[{name}]" if self._path else name

    def only(self, *names: str) -> Params:
        """Refuse every parameter but these (400 parameter_unknown). Gives itself back."""
        known: Collection[str] = names
        for name in self._data:
            if name not in known:
                raise unknown_parameter(self.place(name))
        return self

    def text(self, name: str, default: str | None = None) -> str | None:
        """A string; an empty one is the same as none."""
        value = self._data.get(name)
        if value is None:
            return default
        if isinstance(value, dict | list):
            raise invalid("Invalid string: must be a string", self.place(name))
        return str(value) or None

    def required(self, name: str) -> str:
        """A string that must be there and not empty."""
        value = self.text(name)
        if value is None:
            if name in self._data:
                raise invalid(
                    "You passed an empty string. We assume empty values are an attempt to unset a parameter; however this one cannot be unset.",
                    self.place(name),
                    "parameter_invalid_empty",
                )
            raise missing_parameter(self.place(name))
        return value

    def choice(self, name: str, among: Collection[str], default: str | None = None) -> str | None:
        """One of some words."""
        value = self.text(name, default)
        if value is not None and value not in among:
            raise invalid(f"Invalid {self.place(name)}: must be one of {', '.join(among)}", self.place(name))
        return value

    def integer(self, name: str, *, least: int | None = None, most: int | None = None) -> int | None:
        """A whole number within its limits."""
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"-?\d{1,18}", value):
            raise invalid(f"Invalid integer: {value}", self.place(name), "parameter_invalid_integer")
        number = int(value)
        if (least is not None and number < least) or (most is not None and number > most):
            wanted = f"at least {least}" if least is not None and number < least else f"at most {most}"
            raise invalid(
                f"This value must be {wanted}: {number}", self.place(name), "parameter_invalid_integer"
            )
        return number

    def decimal(self, name: str) -> Decimal | None:
        """A decimal with at most twelve places."""
        value = self.text(name)
        if value is None:
            return None
        try:
            number = Decimal(value)
        except InvalidOperation as error:
            raise invalid(f"Invalid decimal: {value}", self.place(name)) from error
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < -12:
            raise invalid(f"Invalid decimal: {value}; at most 12 decimal places", self.place(name))
        return number

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        value = self._data.get(name)
        if value is None or value == "":
            return default
        if value in (True, "true"):
            return True
        if value in (False, "false"):
            return False
        raise invalid(f"Invalid boolean: {value}", self.place(name))

    def sub(self, name: str) -> Params:
        """An object, empty when it was not sent."""
        value = self._data.get(name)
        if value is None or value == "":
            return Params({}, self.place(name))
        if not isinstance(value, dict):
            raise invalid("Invalid object", self.place(name))
        return Params(cast("JsonObject", value), self.place(name))

    def each(self, name: str) -> Iterator[Params]:
        """The objects of an array."""
        value = self._data.get(name)
        if value is None or value == "":
            return
        if not isinstance(value, list):
            raise invalid("Invalid array", self.place(name))
        for number, element in enumerate(cast("list[object]", value)):
            place = f"{self.place(name)}[{number}]"
            if not isinstance(element, dict):
                raise invalid("Invalid object", place)
            yield Params(cast("JsonObject", element), place)

    def texts(self, name: str) -> list[str]:
        """The strings of an array."""
        value = self._data.get(name)
        if value is None or value == "":
            return []
        if not isinstance(value, list):
            raise invalid("Invalid array", self.place(name))
        return [str(element) for element in cast("list[object]", value)]

    def metadata(self, held: dict[str, str] | None = None, name: str = "metadata") -> dict[str, str]:
        """Metadata merged into what is held: an empty value removes its key, an empty string removes all."""
        if self._data.get(name) == "":
            return {}
        merged = dict(held or {})
        for key, value in self.sub(name).raw.items():
            if isinstance(value, dict | list):
                raise invalid(f"Metadata values must be strings: {key}", self.place(name))
            if len(key) > _METADATA_KEY_LENGTH or len(str(value)) > _METADATA_VALUE_LENGTH:
                limits = f"{_METADATA_KEY_LENGTH} and {_METADATA_VALUE_LENGTH}"
                raise invalid(f"Metadata keys and values have at most {limits} characters", self.place(name))
            if value in ("", None):
                merged.pop(key, None)
            else:
                merged[key] = str(value)
        if len(merged) > _METADATA_KEYS:
            raise invalid(f"Metadata can only have up to {_METADATA_KEYS} keys", self.place(name))
        return merged
