"""A story's waterfall in a terminal, as the Observer tells it."""

from __future__ import annotations

from pydantic import BaseModel

WIDTH = 40


class Bar(BaseModel):
    """A line of the waterfall, as the Observer tells it."""

    depth: int
    service: str
    name: str
    offset: float
    seconds: float
    waited: float
    moved: float
    clipped: bool
    critical: bool
    failed: bool
    error: str


class Told(BaseModel):
    """A story, as the Observer tells it."""

    story_id: str
    tenant_id: str | None
    sentence: dict[str, str]
    waterfall: list[Bar]


def drawn(told: Told, language: str = "en") -> list[str]:
    """The story in lines: a bar for each span, dots for its wait, `*` on the way to the answer."""
    whole = max((bar.offset + bar.seconds for bar in told.waterfall), default=0.0) or 1.0
    before = max((bar.waited - bar.offset for bar in told.waterfall), default=0.0)
    start = max(0.0, before)
    lines = [
        f"{told.tenant_id or '-'}: {told.story_id}",
        told.sentence.get(language, told.sentence["en"]),
        "",
    ]
    for bar in told.waterfall:
        name = "  " * min(bar.depth, 12) + f"{bar.service} {bar.name.removeprefix(bar.service + '.')}"
        notes = [f"waited {bar.waited:.2f} s"] if bar.waited >= 0.01 else []
        notes += [f"failed: {bar.error}"] if bar.failed else []
        notes += [f"moved by {bar.moved:.2f} s: clocks differ"] if bar.moved else []
        notes += ["shortened: clocks differ"] if bar.clipped else []
        mark = "*" if bar.critical else " "
        scale = WIDTH / (whole + start)
        lines.append(
            f"{mark} {_bar(bar, start, scale)} {bar.offset:8.3f} {bar.seconds:8.3f} s  {name}"
            + (f"  ({'; '.join(notes)})" if notes else "")
        )
    return lines


def _bar(bar: Bar, start: float, scale: float) -> str:
    begins = int((bar.offset + start) * scale)
    waits = min(begins, round(bar.waited * scale))
    length = max(1, round(bar.seconds * scale))
    return (" " * (begins - waits) + "·" * waits + "█" * length)[:WIDTH].ljust(WIDTH)
