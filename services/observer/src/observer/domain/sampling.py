"""Tail sampling: a story is held until it rests, then kept whole or let go.

Kept is every story in which something failed, that took longer than a limit, or that is in a small share chosen by the
hash of its id, so that all of its traces are chosen alike. What comes later for a story that was kept is kept too.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from observer.domain.spans import SECOND, StorySpan

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class SamplingRules:
    """What is kept, and how much is held."""

    slow_seconds: float = 10.0
    share: float = 0.02
    rest_seconds: float = 10.0
    """A story is decided when nothing came for it for so long."""
    longest_seconds: float = 300.0
    """... or when it was held for so long."""
    held_spans: int = 50_000
    remembered: int = 20_000
    """How many decisions are remembered for what comes late."""


@dataclass(slots=True)
class _Held:
    since: float
    last: float
    spans: list[StorySpan] = field(default_factory=list[StorySpan])
    failed: bool = False
    began: int = 0
    ended: int = 0
    waited: float = 0.0

    def add(self, span: StorySpan, now: float) -> None:
        self.began = min(self.began, span.began) if self.spans else span.began
        self.ended = max(self.ended, span.ended)
        self.failed = self.failed or span.failed
        self.waited = max(self.waited, span.measured("waited_s"))
        self.last = now
        self.spans.append(span)

    @property
    def seconds(self) -> float:
        return max(self.waited, (self.ended - self.began) / SECOND)


@dataclass(frozen=True, slots=True)
class KeptStory:
    """Spans that are to be kept for a story; there may be more of them at another time."""

    story_id: str
    spans: tuple[StorySpan, ...]
    failed: bool
    slow: bool


class TailSampler:
    """Holds stories until they are decided; pure, the time is told (seconds on any clock that rises)."""

    def __init__(self, rules: SamplingRules) -> None:
        self._rules = rules
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._story_of_trace: OrderedDict[str, str] = OrderedDict()
        self._decided: OrderedDict[str, bool] = OrderedDict()
        self._spans = 0
        self.pushed_out = 0
        """Spans that were let go undecided, because too many were held."""

    @property
    def holds(self) -> int:
        """How many spans are held."""
        return self._spans

    def add(self, spans: Iterable[StorySpan], now: float) -> list[KeptStory]:
        """Hold spans; returns what had to be kept at once, because too much was held."""
        for span in spans:
            self._hold(span, now)
        return self._make_room()

    def decide(self, now: float, *, everything: bool = False) -> list[KeptStory]:
        """Decide the stories that rest, or all of them at the end; returns those that are kept."""
        rules = self._rules
        due = [
            story_id
            for story_id, held in self._held.items()
            if everything
            or now - held.last >= rules.rest_seconds
            or now - held.since >= rules.longest_seconds
        ]
        return [kept for story_id in due if (kept := self._decide(story_id)) is not None]

    def _hold(self, span: StorySpan, now: float) -> None:
        story_id = self._story_of(span)
        held = self._held.get(story_id)
        if held is None:
            held = self._held[story_id] = _Held(now, now)
        held.add(span, now)
        self._spans += 1

    def _story_of(self, span: StorySpan) -> str:
        """Its own story; else that of its trace; else the trace itself, until the trace has a story."""
        known = self._story_of_trace.get(span.trace_id)
        if span.story_id is None:
            return known or span.trace_id
        if known is None:
            _remember(self._story_of_trace, span.trace_id, span.story_id, self._rules.remembered)
            earlier = self._held.pop(span.trace_id, None)
            if earlier is not None and earlier.spans:
                held = self._held.setdefault(span.story_id, _Held(earlier.since, earlier.last))
                for other in earlier.spans:
                    held.add(other, earlier.last)
        return span.story_id

    def _decide(self, story_id: str) -> KeptStory | None:
        held = self._held.pop(story_id)
        self._spans -= len(held.spans)
        slow = held.seconds > self._rules.slow_seconds
        keeps = held.failed or slow or self._decided.get(story_id, False) or self._is_chosen(story_id)
        _remember(self._decided, story_id, keeps, self._rules.remembered)
        return KeptStory(story_id, tuple(held.spans), held.failed, slow) if keeps else None

    def _is_chosen(self, story_id: str) -> bool:
        number = int.from_bytes(hashlib.sha256(story_id.encode()).digest()[:8])
        return number < self._rules.share * 2**64

    def _make_room(self) -> list[KeptStory]:
        """Let go ordinary stories, the oldest first; if that is not enough, keep what is notable before it rests."""
        if self._spans <= self._rules.held_spans:
            return []
        for story_id in list(self._held):
            held = self._held[story_id]
            if (
                not held.failed
                and held.seconds <= self._rules.slow_seconds
                and not self._decided.get(story_id)
            ):
                del self._held[story_id]
                self._spans -= len(held.spans)
                self.pushed_out += len(held.spans)
                if self._spans <= self._rules.held_spans:
                    return []
        kept: Sequence[KeptStory | None] = []
        while self._spans > self._rules.held_spans:
            kept = [*kept, self._decide(next(iter(self._held)))]
        return [story for story in kept if story is not None]


def _remember(memory: OrderedDict[str, _Value], key: str, value: _Value, most: int) -> None:
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > most:
        memory.popitem(last=False)
