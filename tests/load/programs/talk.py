"""How a measured program is asked and answers: JSON in its first argument and on its standard streams."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from typing import TypeVar

import psutil
from pydantic import BaseModel, JsonValue

_Asked = TypeVar("_Asked", bound=BaseModel)


def asked(kind: type[_Asked]) -> _Asked:
    """What this process was started for."""
    return kind.model_validate_json(sys.argv[1])


def answer(**what: JsonValue) -> None:
    """Tell the benchmark something, in one line."""
    print(json.dumps(what), flush=True)


async def told() -> dict[str, JsonValue] | None:
    """What the benchmark says next; nothing when it is gone."""
    line = await asyncio.to_thread(sys.stdin.readline)
    if not line:
        return None
    found: dict[str, JsonValue] = json.loads(line)
    return found


def resident_megabytes() -> float:
    """Memory that this process holds."""
    return psutil.Process(os.getpid()).memory_info().rss / 1e6


def in_parts(count: int, size: int) -> Iterator[range]:
    """Ranges of at most `size` numbers that make up `range(count)`."""
    for first in range(0, count, size):
        yield range(first, min(count, first + size))
