"""See dead letters: those of all services in one list, how many there are, one with its story."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from contracts.dead_letters.http_v1 import Deed, LetterFilter, cursor_of, place_of
from contracts.envelope import new_id
from observer.application.desk_ports import (
    Audit,
    Away,
    Clock,
    Desks,
    FleetCounts,
    FleetPage,
    LetterWithStory,
    Refused,
    ServiceAway,
    Stories,
    UnknownService,
)

_Answer = TypeVar("_Answer")
_INVALID = 422


class ReadDeadLetters:
    """What people see of dead letters."""

    def __init__(self, desks: Desks, stories: Stories, audit: Audit, clock: Clock) -> None:
        self._desks = desks
        self._stories = stories
        self._audit = audit
        self._clock = clock

    async def page(
        self, wanted: LetterFilter, *, service: str | None, cursor: str | None, limit: int
    ) -> FleetPage:
        """Letters of one service or of all, newest first; who does not answer is named.

        Raises `UnknownService`, `Refused`, and `NoCursor`.
        """
        if cursor is not None:
            place_of(cursor)
        pages, away = await self._of_each(service, lambda name: self._desks.page(name, wanted, cursor, limit))
        letters = sorted(
            (letter for page in pages for letter in page.letters),
            key=lambda letter: (letter.died_at, letter.id),
            reverse=True,
        )
        more = len(letters) > limit or any(page.next for page in pages)
        shown = letters[:limit]
        return FleetPage(letters=shown, next=cursor_of(shown[-1]) if more and shown else None, away=away)

    async def counts(self, wanted: LetterFilter, *, service: str | None) -> FleetCounts:
        """How many there are of each service, type and kind of error. Raises `UnknownService`, `Refused`."""
        found, away = await self._of_each(service, lambda name: self._desks.counts(name, wanted))
        counts = sorted((count for counts in found for count in counts), key=lambda count: -count.letters)
        return FleetCounts(counts=counts, away=away)

    async def shown(self, service: str, letter_id: str, *, actor: str) -> LetterWithStory:
        """One letter with its body, which may hold personal data: who looks is written down first.

        Raises `UnknownService`, `ServiceAway`, `Refused`.
        """
        deed = Deed(
            id=new_id(), verb="show", actor=actor, way="api", service=service, letters=[letter_id],
            began_at=self._clock(),
        )  # fmt: skip
        await self._audit.begin(deed)
        try:
            letter = await self._desks.shown(service, letter_id)
        except (ServiceAway, Refused, UnknownService) as error:
            await self._audit.end(deed.id, {"refused": str(error)})
            raise
        await self._audit.end(deed.id, {"shown": True, "tenant_id": letter.tenant_id})
        story = None
        if letter.tenant_id is not None and letter.correlation_id is not None:
            story = await self._stories.story(letter.tenant_id, letter.correlation_id)
        return LetterWithStory(**letter.model_dump(), story=story)

    async def _of_each(
        self, service: str | None, ask: Callable[[str], Awaitable[_Answer]]
    ) -> tuple[list[_Answer], list[Away]]:
        services: Sequence[str] = self._desks.services if service is None else (service,)

        async def asked(name: str) -> _Answer | Away:
            try:
                return await ask(name)
            except ServiceAway as error:
                return Away(service=name, why=error.why)
            except Refused as error:
                if error.status == _INVALID:
                    raise
                return Away(service=name, why=str(error))  # one that does not know our token, or has no desk

        answers = await asyncio.gather(*(asked(name) for name in services))
        found = [answer for answer in answers if not isinstance(answer, Away)]
        return found, [answer for answer in answers if isinstance(answer, Away)]
