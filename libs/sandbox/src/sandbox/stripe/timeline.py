"""A clock with what falls due on it."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

Task = Callable[[], None]


@dataclass
class Timeline:
    """A time in unix seconds that only goes forward and does on its way what was planned, in order."""

    now: int
    _planned: list[tuple[int, int, Task]] = field(default_factory=list[tuple[int, int, Task]])
    _order: itertools.count[int] = field(default_factory=itertools.count)

    def plan(self, at: int, task: Task) -> None:
        """Do something when the time is there. The task itself looks whether it is still wanted."""
        heapq.heappush(self._planned, (at, next(self._order), task))

    def advance(self, to: int) -> None:
        """Go to a second; what was planned up to it is done, each at its own time."""
        while self._planned and self._planned[0][0] <= to:
            at, _, task = heapq.heappop(self._planned)
            self.now = max(self.now, at)
            task()
        self.now = max(self.now, to)
