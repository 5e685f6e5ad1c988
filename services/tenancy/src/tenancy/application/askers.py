"""Who asks, as he is at this moment: a token may be a few minutes older than a change of his account."""

from __future__ import annotations

from dataclasses import replace

from tenancy.application.people_errors import MayNot
from tenancy.application.people_ports import Room
from tenancy.domain.permissions import SCOPES, Asker


async def as_he_is_now(room: Room, asker: Asker, needed: str) -> Asker:
    """The asker with what his role has now, in a room whose people nobody else changes. Raises `MayNot`.

    Whoever was disabled or demoted while his token lives must not make himself a new way in.
    """
    await room.users.lock()
    if asker.of_the_fleet or asker.scopes is None:
        return asker
    scopes = asker.scopes
    kind, _, user_id = asker.actor.partition(":")
    if kind == "user":
        user = await room.users.user(user_id)
        scopes = scopes & SCOPES[user.role] if user is not None and user.active else frozenset[str]()
    if needed not in scopes:
        raise MayNot("your account has changed and may not do this any more: log in again")
    return replace(asker, scopes=scopes)
