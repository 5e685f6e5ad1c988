"""Tells live what the journal hears, with times."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import httpx

from frontdesk.play.journal import Entry, Journal

_SHOWN = (
    "kind", "portal", "category", "method", "intent", "language", "purpose", "new", "how", "vendor", "store", "path",
    "reason", "verdict", "autonomy", "credential",
)  # fmt: skip


class Narrator:
    """Prints each new entry of some tenants' journals: when, who, what, and the fields that tell the story."""

    def __init__(self, journals: Sequence[Journal], say: Callable[[str], None], began: datetime) -> None:
        self._journals = journals
        self._say = say
        self._began = began

    async def run(self) -> None:
        """Until cancelled."""
        positions = dict.fromkeys((journal.tenant_id for journal in self._journals), 0)
        while True:
            for journal in self._journals:
                try:
                    entries = await journal.after(positions[journal.tenant_id])
                except httpx.HTTPError:
                    entries = []  # it is asked again at once; the checks at the end do not rest on this
                for entry in entries:
                    positions[journal.tenant_id] = entry.position
                    if entry.said_at >= self._began:
                        self._say(self._line(journal.tenant_id, entry))
            await asyncio.sleep(0.2)

    def _line(self, tenant_id: str, entry: Entry) -> str:
        seconds = (entry.said_at - self._began).total_seconds()
        told = ", ".join(
            f"{name} {entry.body[name]}" for name in _SHOWN if isinstance(entry.body.get(name), str)
        )
        return f"{seconds:6.2f} s  {tenant_id:<18} {entry.source:<16} {entry.type:<26} {told}"
