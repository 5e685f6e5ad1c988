"""What a service hears: handlers, declared beside each other in `entrypoints/events.py` and `timers.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from chassis.unit import Outcome, UnitOfWork
from chassis.wire import timer_name
from contracts.envelope import Command, Envelope, Event, Message, Timer
from contracts.routing import hearer_noun, queue_name, routing_key, timer_queue

_Heard = TypeVar("_Heard", bound=Event | Command)
_Timer = TypeVar("_Timer", bound=Timer)
_News = TypeVar("_News", bound=Event)
Handler = Callable[[_Heard, UnitOfWork], Awaitable[Outcome | None]]
NewsHandler = Callable[[_News], Awaitable[None]]

PREFETCH = 64


@dataclass(frozen=True, slots=True)
class AnyEvent:
    """An event or command as it was on the wire: for the journal, which hears everything."""

    envelope: Envelope
    body: bytes


@dataclass(frozen=True, slots=True)
class Hearing:
    """One declared handler: what it hears and how its writes are committed."""

    message: type[Message] | None
    handler: Callable[..., Awaitable[Outcome | None]]
    grouped: bool
    prefetch: int

    def queue(self, service: str) -> str:
        """The queue it reads."""
        if self.message is None:
            return f"{service}.journal"
        if issubclass(self.message, Timer):
            return timer_queue(service, timer_name(self.message))
        return queue_name(service, self.message)

    @property
    def binding(self) -> str | None:
        """The routing key its queue is bound by; none for a timer, which is sent to the queue itself."""
        if self.message is None:
            return "#"
        return None if issubclass(self.message, Timer) else routing_key(self.message)

    @property
    def noun(self) -> str:
        """What the inbox knows the hearing by."""
        if self.message is None:
            return "journal"
        return (
            f"timer.{timer_name(self.message)}"
            if issubclass(self.message, Timer)
            else hearer_noun(self.message)
        )


@dataclass(frozen=True, slots=True)
class News:
    """One declared handler of news for every replica."""

    message: type[Event]
    handler: Callable[..., Awaitable[None]]

    @property
    def binding(self) -> str:
        """The routing key its queues are bound by."""
        return routing_key(self.message)


@dataclass(slots=True)
class Router:
    """A list of hearings, filled by decorators."""

    hearings: list[Hearing] = field(default_factory=list)
    news: list[News] = field(default_factory=list)

    def on(
        self, message: type[_Heard], *, grouped: bool = False, prefetch: int = PREFETCH
    ) -> Callable[[Handler[_Heard]], Handler[_Heard]]:
        """Hear a message once per service.

        `grouped`: the handler's writes are inserts or keyed upserts only, and share commits. A handler that locks an
        aggregate is not grouped. `prefetch` is how many messages are worked on at a time.
        """

        def declare(handler: Handler[_Heard]) -> Handler[_Heard]:
            self.hearings.append(Hearing(message, handler, grouped, prefetch))
            return handler

        return declare

    def on_timer(
        self, timer: type[_Timer], *, prefetch: int = PREFETCH
    ) -> Callable[[Callable[[_Timer, UnitOfWork], Awaitable[Outcome | None]]],
                  Callable[[_Timer, UnitOfWork], Awaitable[Outcome | None]]]:  # fmt: skip
        """Hear the service's own timer."""

        def declare(
            handler: Callable[[_Timer, UnitOfWork], Awaitable[Outcome | None]],
        ) -> Callable[[_Timer, UnitOfWork], Awaitable[Outcome | None]]:
            self.hearings.append(Hearing(timer, handler, False, prefetch))
            return handler

        return declare

    def on_every_replica(self, message: type[_News]) -> Callable[[NewsHandler[_News]], NewsHandler[_News]]:
        """Hear news in every process of the service, to forget or re-read what it remembers; nothing is written."""

        def declare(handler: NewsHandler[_News]) -> NewsHandler[_News]:
            self.news.append(News(message, handler))
            return handler

        return declare

    def on_everything(
        self, *, prefetch: int = 200
    ) -> Callable[[Callable[[AnyEvent, UnitOfWork], Awaitable[Outcome | None]]],
                  Callable[[AnyEvent, UnitOfWork], Awaitable[Outcome | None]]]:  # fmt: skip
        """Hear all that is said, of every tenant, as it was on the wire; writes are grouped."""

        def declare(
            handler: Callable[[AnyEvent, UnitOfWork], Awaitable[Outcome | None]],
        ) -> Callable[[AnyEvent, UnitOfWork], Awaitable[Outcome | None]]:
            self.hearings.append(Hearing(None, handler, True, prefetch))
            return handler

        return declare
