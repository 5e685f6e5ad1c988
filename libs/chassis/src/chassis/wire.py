"""Names of a service's own timers on the wire."""

from __future__ import annotations

import re

from contracts.envelope import Message

_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def timer_name(timer: type[Message]) -> str:
    """`TurnClosing` → turn_closing."""
    return _BORDER.sub("_", timer.__name__).lower()
