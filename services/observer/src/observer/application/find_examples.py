"""Examples for a finding: traces of what was slow, statements that run long in the service's role."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from observer.application.advice_ports import SlowSpans
from observer.domain.bottlenecks import Track
from observer.domain.explanation import Texts, seconds, sekunden
from observer.domain.findings import Evidence
from observer.domain.fleet import DatabaseSeen

_MOST = 3
_TRACED = ("slow_endpoint", "slow_handler", "queue_wait")
_STATED = ("slow_endpoint", "slow_handler", "slow_database", "pool_exhausted")


class ExampleTraces:
    """The port `Examples` over the stories that are kept."""

    def __init__(self, spans: SlowSpans) -> None:
        self._spans = spans

    async def of(self, track: Track, since: datetime, until: datetime) -> Sequence[Evidence]:
        """The slowest kept traces of an endpoint or a message; the reference is the story's id. Raises `WatchOutage`."""
        if track.kind not in _TRACED:
            return []
        # As the chassis names its spans: the endpoint, or the service and its message.
        name = track.subject if track.kind == "slow_endpoint" else f"{track.service}.{track.subject}"
        waits = track.kind == "queue_wait"
        found = await self._spans.slowest(track.service, name, since, until, by_wait=waits, limit=_MOST)
        evidence: list[Evidence] = []
        for story_id, span in found:
            took = span.measured("waited_s") if waits else span.seconds
            text = Texts(
                f"Spur {span.trace_id}: {sekunden(took)} {'gewartet' if waits else 'gedauert'}",
                f"Trace {span.trace_id}: {'waited' if waits else 'took'} {seconds(took)}",
            )
            evidence.append(Evidence("trace", text, story_id))
        return evidence


class ExampleStatements:
    """The port `Examples` over what is seen of the database now; `role_of` a service is who runs its statements."""

    def __init__(self, database: Callable[[], DatabaseSeen | None], role_of: Callable[[str], str]) -> None:
        self._database = database
        self._role_of = role_of

    async def of(self, track: Track, since: datetime, until: datetime) -> Sequence[Evidence]:
        """The slowest statements of the service's own role, without literals; none while the database is not seen."""
        del since, until  # the server keeps no moments: what is slow now, or was on average
        seen = self._database()
        if seen is None or track.kind not in _STATED:
            return []
        role = self._role_of(track.service)
        own = sorted((one for one in seen.slow if one.role == role), key=lambda one: -one.seconds)
        return [
            Evidence(
                "statement",
                Texts(
                    f"Eine Abfrage von {track.service} braucht {sekunden(one.seconds)}",
                    f"A statement of {track.service} takes {seconds(one.seconds)}",
                ),
                one.statement,
            )
            for one in own[:_MOST]
        ]
