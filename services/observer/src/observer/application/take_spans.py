"""Take spans in, hold their stories until they rest, keep those worth keeping; nobody who sends is kept waiting."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from observer.application.ports import SpanCounts, SpanStore, WatchOutage
from observer.domain.sampling import KeptStory, SamplingRules, TailSampler
from observer.domain.spans import StorySpan

BATCH_SPANS = 2000
"""Spans of one write, about."""
LAST_SECONDS = 5.0
"""How long a stop waits for the last stories to be written."""


class TakeSpans:
    """The Observer's ear for spans. `clock` tells seconds that only rise.

    While the database does not answer, stories that are to be kept wait in memory, up to `waiting_spans`; what goes
    beyond is lost, oldest first, and counted.
    """

    def __init__(
        self, store: SpanStore, counts: SpanCounts, rules: SamplingRules, clock: Callable[[], float],
        *, waiting_spans: int = 20_000,
    ) -> None:  # fmt: skip
        self._store = store
        self._counts = counts
        self._sampler = TailSampler(rules)
        self._clock = clock
        self._most = waiting_spans
        self._waiting: deque[KeptStory] = deque()
        self._waiting_spans = 0

    @property
    def full(self) -> bool:
        """Whether as much waits for the database as may: better come again later."""
        return self._waiting_spans >= self._most

    def take(self, spans: Sequence[StorySpan]) -> None:
        """Take spans in; does not wait for anything."""
        self._counts.count("received", len(spans))
        before = self._sampler.pushed_out
        self._wait(self._sampler.add(spans, self._clock()))
        self._counts.count("pushed_out", self._sampler.pushed_out - before)

    async def keep(self, *, everything: bool = False) -> None:
        """Decide what rests, or everything at the end, and write what is kept; an outage leaves it waiting."""
        before = self._sampler.holds
        kept = self._sampler.decide(self._clock(), everything=everything)
        held_no_more = before - self._sampler.holds
        self._counts.count("ordinary", held_no_more - sum(len(story.spans) for story in kept))
        self._wait(kept)
        while self._waiting:
            batch, spans = list[KeptStory](), 0
            for story in self._waiting:
                if batch and spans + len(story.spans) > BATCH_SPANS:
                    break
                batch.append(story)
                spans += len(story.spans)
            try:
                await self._store.keep(batch)
            except WatchOutage:
                return
            # While it was written, the oldest may have been pushed out.
            for story in batch:
                if self._waiting and self._waiting[0] is story:
                    self._waiting.popleft()
                    self._waiting_spans -= len(story.spans)
            self._counts.count("kept", spans)

    async def run(self, *, every: float = 1.0) -> None:
        """Keep what rests, for ever; at the end what was held is decided as it is."""
        try:
            while True:
                await self.keep()
                await asyncio.sleep(every)
        finally:
            async with asyncio.timeout(LAST_SECONDS):
                await self.keep(everything=True)

    def _wait(self, kept: Sequence[KeptStory]) -> None:
        for story in kept:
            self._waiting.append(story)
            self._waiting_spans += len(story.spans)
        while self._waiting_spans > self._most:
            lost = self._waiting.popleft()
            self._waiting_spans -= len(lost.spans)
            self._counts.count("lost", len(lost.spans))
