"""API keys: made with a part of their maker's scopes, shown once, verified for the gateway, revoked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from contracts.envelope import new_id
from tenancy.application.askers import as_he_is_now
from tenancy.application.people_errors import MayNot, NotFound
from tenancy.application.people_ports import Clock, Doors, Room
from tenancy.application.ports import AuditRow
from tenancy.domain.flaws import ConfigurationRefused, Flaw
from tenancy.domain.people import ApiKey
from tenancy.domain.permissions import FLEET, SCOPES, Asker, for_programs
from tenancy.domain.tokens import API_KEY, new_token, read_token

LONGEST_LIFE = timedelta(days=366)
_USE_NOTED_EVERY = timedelta(minutes=5)
_REVOCATION_KEPT = timedelta(days=1)
"""Longer than the gateway holds on to a verified key when tenancy does not answer."""


class KeepApiKeys:
    """A key belongs to its company, but never outlives what its maker may."""

    def __init__(self, doors: Doors, clock: Clock) -> None:
        self._doors = doors
        self._clock = clock

    async def make(
        self, asker: Asker, tenant_id: str, *, name: str, scopes: Sequence[str], expires_at: datetime,
        requests_per_minute: int | None,
    ) -> tuple[ApiKey, str]:  # fmt: skip
        """A new key, and what its owner must keep. Raises `ConfigurationRefused`, `MayNot` and `NotFound`."""
        now = self._clock()
        if flaws := _flaws(tenant_id, scopes, expires_at, now):
            raise ConfigurationRefused(flaws)
        token = new_token(API_KEY, tenant_id, new_id())
        key = ApiKey(
            token.row_id, tenant_id, name.strip(), tuple(sorted(set(scopes))), asker.actor, now, expires_at,
            requests_per_minute, token.hash,
        )  # fmt: skip
        async with self._doors.room(tenant_id) as room:
            asker = await as_he_is_now(room, asker, "api-keys:write")
            if asker.scopes is not None and (beyond := sorted(set(scopes) - asker.scopes)):
                raise MayNot(f"you do not have {', '.join(beyond)} yourself")
            if not await room.fleet.knows(tenant_id):
                raise NotFound(f"there is no tenant {tenant_id}")
            await room.api_keys.keep(key)
            details = {"scopes": key.scopes, "expires_at": key.expires_at.isoformat()}
            await room.note(AuditRow(asker.actor, "api_key.made", key.key_id, details))
        return key, str(token)

    async def all(self, tenant_id: str) -> list[ApiKey]:
        """The keys that were not revoked, newest first."""
        async with self._doors.room(tenant_id) as room:
            return await room.api_keys.all()

    async def revoke(self, asker: Asker, tenant_id: str, key_id: str) -> None:
        """Let nobody in by a key any more. Raises `NotFound`."""
        async with self._doors.room(tenant_id) as room:
            key = await room.api_keys.key(key_id)
            if key is None or key.revoked_at is not None:
                raise NotFound("there is no such API key")
            await self._revoke(room, key, asker.actor)

    async def verify(self, text: str) -> ApiKey | None:
        """Whose key it is; None when it does not let in. Its use is noted every few minutes."""
        token = read_token(API_KEY, text)
        if token is None:
            return None
        now = self._clock()
        async with self._doors.room(token.tenant_id) as room:
            key = await room.api_keys.key(token.row_id)
            if key is None or not token.fits(key.secret_hash) or not key.open_at(now):
                return None
            if key.last_used_at is None or now - key.last_used_at >= _USE_NOTED_EVERY:
                await room.api_keys.keep(replace(key, last_used_at=now))
            return key

    async def withdraw(self, room: Room, maker: str, left: frozenset[str], actor: str) -> None:
        """Revoke the keys of a maker that have more than what is left to him, within a transaction."""
        for key in await room.api_keys.all():
            if key.created_by == maker and not (left and left.issuperset(key.scopes)):
                await self._revoke(room, key, actor)

    async def _revoke(self, room: Room, key: ApiKey, actor: str) -> None:
        now = self._clock()
        await room.api_keys.keep(replace(key, revoked_at=now))
        await room.fleet.revoke(key.key_id, now + _REVOCATION_KEPT)
        await room.note(AuditRow(actor, "api_key.revoked", key.key_id))


def _flaws(tenant_id: str, scopes: Sequence[str], expires_at: datetime, now: datetime) -> list[Flaw]:
    flaws: list[Flaw] = []
    if tenant_id == FLEET:
        flaws.append(
            Flaw("tenant", "is the fleet's own: an API key belongs to a company, choose one by X-Tenant-Id")
        )
    known = frozenset[str]().union(*SCOPES.values())
    if unknown := sorted(set(scopes) - known):
        flaws.append(
            Flaw("scopes", f"{', '.join(each[:40] for each in unknown[:5])}: there is no such scope")
        )
    elif beyond := sorted(set(scopes) - for_programs()):
        flaws.append(Flaw("scopes", f"{', '.join(beyond)}: no program can have this"))
    if not scopes:
        flaws.append(Flaw("scopes", "are missing: a key without any opens nothing"))
    if expires_at <= now:
        flaws.append(Flaw("expires_at", "is past"))
    elif expires_at - now > LONGEST_LIFE:
        flaws.append(Flaw("expires_at", f"is more than {LONGEST_LIFE.days} days away"))
    return flaws
