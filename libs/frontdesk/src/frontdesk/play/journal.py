"""The journal as the command line reads it: a page at a time, a story as a tree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import httpx
from pydantic import BaseModel, JsonValue


class Entry(BaseModel):
    """One message in the journal."""

    position: int
    message_id: str
    type: str
    source: str
    subject: str
    said_at: datetime
    correlation_id: str
    causation_id: str | None
    traceparent: str | None
    body: dict[str, JsonValue]


@dataclass(frozen=True)
class Journal:
    """Reporting's journal of one tenant, over HTTP."""

    http: httpx.AsyncClient
    tenant_id: str

    async def after(self, position: int, kind: str | None = None) -> list[Entry]:
        """Entries after a position."""
        query: dict[str, str | int] = {"after": position, "limit": 1000} | ({"type": kind} if kind else {})
        return await self._entries("/api/v1/journal", query)

    async def story(self, reference: str) -> list[Entry]:
        """The whole story of a correlation id or of lead/ID; empty when there is none."""
        entries: list[Entry] = []
        while True:
            after = entries[-1].position if entries else 0
            page = await self._entries(f"/api/v1/journal/stories/{reference}", {"after": after})
            if not page:
                return entries
            entries += page

    async def first(
        self, kind: str, fits: Callable[[Entry], bool] = lambda _: True, *, within: float = 60.0
    ) -> Entry:
        """Wait for an entry. Raises `TimeoutError` that names what was waited for."""
        try:
            async with asyncio.timeout(within):
                while True:
                    found = next((entry for entry in await self.after(0, kind) if fits(entry)), None)
                    if found is not None:
                        return found
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise TimeoutError(
                f"the journal of {self.tenant_id} shows no fitting {kind} after {within:.0f} s"
            ) from error

    async def _entries(self, path: str, query: dict[str, str | int]) -> list[Entry]:
        answer = await self.http.get(path, params=query, headers={"X-Tenant-Id": self.tenant_id})
        if answer.status_code == 404:
            return []
        answer.raise_for_status()
        return [Entry.model_validate(entry) for entry in answer.json()["entries"]]


def as_tree(entries: Sequence[Entry]) -> list[str]:
    """A story as lines: what followed from what, with the seconds since it began."""
    children: dict[str | None, list[Entry]] = {}
    known = {entry.message_id for entry in entries}
    for entry in entries:
        parent = entry.causation_id if entry.causation_id in known else None
        children.setdefault(parent, []).append(entry)
    if not entries:
        return []
    began = min(entry.said_at for entry in entries)
    lines: list[str] = []

    def draw(parent: str | None, indent: str) -> None:
        branch = children.get(parent, [])
        for place, entry in enumerate(branch):
            last = place == len(branch) - 1
            fork = "" if parent is None else ("└─ " if last else "├─ ")
            seconds = (entry.said_at - began).total_seconds()
            lines.append(f"{seconds:7.2f} s  {indent}{fork}{entry.type}  {entry.source}  {entry.subject}")
            if entry.message_id != parent:
                draw(entry.message_id, indent + ("" if parent is None else ("   " if last else "│  ")))

    draw(None, "")
    return lines
