"""Mend, replay or drop one dead letter; each deed is written down before it is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pydantic import JsonValue

from contracts.dead_letters.http_v1 import Deed, DropOrder, LetterShown, MendOrder, ReplayOrder, Verb
from contracts.envelope import new_id
from observer.application.desk_ports import Audit, Clock, Desks, Refused, ServiceAway, UnknownService


class SettleDeadLetter:
    """What people do about one letter. Everything raises `UnknownService`, `ServiceAway`, `Refused`."""

    def __init__(self, desks: Desks, audit: Audit, clock: Clock) -> None:
        self._desks = desks
        self._audit = audit
        self._clock = clock

    async def mend(
        self, service: str, letter_id: str, body: JsonValue, *, actor: str, reason: str | None, force: bool,
        after: int | None,
    ) -> LetterShown:  # fmt: skip
        """Give it a new body; it stays dead."""
        order = MendOrder(by=actor, body=body, reason=reason, force=force, after=after)
        return await self._audited(
            "mend", service, letter_id, actor, reason, lambda _: self._desks.mend(service, letter_id, order)
        )

    async def replay(self, service: str, letter_id: str, *, actor: str) -> LetterShown:
        """Send it to its hearer again."""
        return await self._audited(
            "replay", service, letter_id, actor, None,
            lambda action: self._desks.replay(service, letter_id, ReplayOrder(by=actor, action=action)),
        )  # fmt: skip

    async def drop(self, service: str, letter_id: str, *, actor: str, reason: str) -> LetterShown:
        """Give it up."""
        return await self._audited(
            "drop", service, letter_id, actor, reason,
            lambda action: self._desks.drop(
                service, letter_id, DropOrder(by=actor, action=action, reason=reason)
            ),
        )  # fmt: skip

    async def _audited(
        self, verb: Verb, service: str, letter_id: str, actor: str, reason: str | None,
        act: Callable[[str], Awaitable[LetterShown]],
    ) -> LetterShown:  # fmt: skip
        deed = Deed(
            id=new_id(), verb=verb, actor=actor, way="api", service=service, letters=[letter_id],
            reason=reason, began_at=self._clock(),
        )  # fmt: skip
        await self._audit.begin(deed)
        try:
            letter = await act(deed.id)
        except (Refused, UnknownService) as error:
            await self._audit.end(deed.id, {"refused": str(error)})
            raise
        except ServiceAway as error:
            await self._audit.end(
                deed.id, {"unknown": str(error)}
            )  # it may have been done before the line was cut
            raise
        await self._audit.end(deed.id, {"state": letter.state, "mends": len(letter.mended)})
        return letter
