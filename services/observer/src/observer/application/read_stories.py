"""Read the stories that are kept: a list, and one as a waterfall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from observer.application.ports import SpanStore
from observer.domain.spans import StoryLine, StoryQuestion
from observer.domain.waterfall import Waterfall, waterfall


class UnknownStory(LookupError):
    """No spans are kept of it: it was ordinary, it is too old, or there never was one."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A story and its waterfall."""

    line: StoryLine
    waterfall: Waterfall


class ReadStories:
    """Both methods raise `WatchOutage`."""

    def __init__(self, store: SpanStore) -> None:
        self._store = store

    async def listed(self, question: StoryQuestion) -> Sequence[StoryLine]:
        """Stories, newest first."""
        return await self._store.listed(question)

    async def drawn(self, reference: str) -> Drawn:
        """A story by its correlation id, or the newest one about `lead/ID`. Raises `UnknownStory`."""
        found = await self._store.spans_of(reference)
        if found is None:
            raise UnknownStory(
                f"no spans are kept of {reference}: it was ordinary, is older than they are kept, or unknown"
            )
        return Drawn(found[0], waterfall(found[1]))
