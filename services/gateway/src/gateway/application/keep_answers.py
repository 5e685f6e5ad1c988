"""Keep answers that services allow to be kept, within a number of bytes, until their time is over or somebody writes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from gateway.domain.headers import Header

LARGEST_PART = 16
"""One answer takes at most this part of the whole room."""
_OVERHEAD = 512


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """Whose question that is. Nothing is ever shared between tenants."""

    tenant_id: str
    resource: str
    who: str
    target: bytes
    accept: str
    language: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it came, with its tag."""

    headers: tuple[Header, ...]
    body: bytes
    etag: str
    kept_at: float
    seconds: int
    private: bool

    def age(self, now: float) -> int:
        """Its age in whole seconds."""
        return int(now - self.kept_at)


class KeptAnswers:
    """The least used goes first. What was asked before a write and answered after it is not kept."""

    def __init__(self, most_bytes: int, clock: Callable[[], float] = monotonic) -> None:
        self._most = most_bytes
        self._clock = clock
        self._kept: OrderedDict[AnswerKey, KeptAnswer] = OrderedDict()
        self._by_resource: dict[tuple[str, str], set[AnswerKey]] = {}
        self._writes: dict[tuple[str, str], int] = {}
        self._writes_of_all: dict[str, int] = {}
        self.bytes = 0

    @property
    def largest(self) -> int:
        """The largest body that is kept."""
        return self._most // LARGEST_PART

    def find(self, keys: Sequence[AnswerKey]) -> KeptAnswer | None:
        """The first of these that is kept and still fresh."""
        now = self._clock()
        for key in keys:
            found = self._kept.get(key)
            if found is None:
                continue
            if now - found.kept_at >= found.seconds:
                self._forget(key)
                continue
            self._kept.move_to_end(key)
            return found
        return None

    def mark(self, tenant_id: str, resource: str) -> tuple[int, int]:
        """To be taken before the service is asked, and given back with the answer."""
        return self._writes.get((tenant_id, resource), 0), self._writes_of_all.get(resource, 0)

    def keep(self, key: AnswerKey, answer: KeptAnswer, mark: tuple[int, int]) -> None:
        """Keep an answer, unless somebody wrote since the mark was taken, or it is too large."""
        if mark != self.mark(key.tenant_id, key.resource) or len(answer.body) > self.largest:
            return
        self._forget(key)
        self._kept[key] = answer
        self._by_resource.setdefault((key.tenant_id, key.resource), set()).add(key)
        self.bytes += _size(answer)
        while self.bytes > self._most:
            self._forget(next(iter(self._kept)))

    def written(self, tenant_id: str | None, resource: str) -> None:
        """Somebody wrote to a resource of a tenant, or of any: what was kept of it goes."""
        if tenant_id is None:
            self._writes_of_all[resource] = self._writes_of_all.get(resource, 0) + 1
            places = [place for place in self._by_resource if place[1] == resource]
        else:
            places = [(tenant_id, resource)]
            self._writes[tenant_id, resource] = self._writes.get((tenant_id, resource), 0) + 1
        for place in places:
            for key in list(self._by_resource.get(place, ())):
                self._forget(key)

    def _forget(self, key: AnswerKey) -> None:
        answer = self._kept.pop(key, None)
        if answer is None:
            return
        self.bytes -= _size(answer)
        place = (key.tenant_id, key.resource)
        self._by_resource[place].discard(key)
        if not self._by_resource[place]:
            del self._by_resource[place]


def _size(answer: KeptAnswer) -> int:
    return len(answer.body) + sum(len(name) + len(value) for name, value in answer.headers) + _OVERHEAD
