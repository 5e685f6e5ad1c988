"""Sign access tokens with a key pair that is renewed by age, and publish the public halves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from contracts.envelope import new_id
from tenancy.application.people_ports import Clock, Doors, FleetRecords, SigningKey
from tenancy.application.ports import AuditRow, CannotOpen
from tenancy.application.secret_ports import Signer
from tenancy.domain.permissions import FLEET

PUBLISHED_FIRST = timedelta(seconds=60)
"""How long a new key is published before it signs, so that everyone who checks tokens knows it by then."""
_SPARE = timedelta(minutes=5)


class SignTokens:
    """An old key stays published until the last token that it signed has expired."""

    def __init__(
        self, doors: Doors, signer: Signer, *, token_life: timedelta, key_life: timedelta, clock: Clock
    ) -> None:
        self._doors = doors
        self._signer = signer
        self._token_life = token_life
        self._key_life = key_life
        self._clock = clock

    async def __call__(self, fleet: FleetRecords, claims: Mapping[str, str | int]) -> str:
        """An access token; the first one of all makes the first key."""
        keys = await fleet.signing_keys()
        token = self._signed(keys, claims)
        if token is None:
            await fleet.lock_signing_keys()
            # Somebody else may have made one while we waited.
            token = self._signed(await fleet.signing_keys(), claims)
        if token is None:
            token = self._signer.sign(await self._make(fleet), claims)
        return token

    async def published(self, fleet: FleetRecords) -> tuple[Mapping[str, str], ...]:
        """The public halves, newest first."""
        return tuple(key.public for key in await fleet.signing_keys())

    async def turn(self, actor: str, *, compromised: bool = False) -> str:
        """Make a new key now; its id. When the old ones are compromised, they and all their tokens are good no more."""
        async with self._doors.room(FLEET) as room:
            await room.fleet.lock_signing_keys()
            if compromised:
                for key in await room.fleet.signing_keys():
                    await room.fleet.remove_signing_key(key.key_id)
            made = await self._make(room.fleet)
            await room.note(AuditRow(actor, "signing_key.made", made.key_id, {"compromised": compromised}))
            return made.key_id

    async def keep_house(self) -> Sequence[str]:
        """Renew what is old, remove what nobody needs, seal again under the newest master key; the ids that do not open."""
        now, broken = self._clock(), list[str]()
        async with self._doors.fleet() as fleet:
            await fleet.lock_signing_keys()
            keys = await fleet.signing_keys()
            if not keys or now - keys[0].created_at >= self._key_life:
                await self._make(fleet)
            gone_after = PUBLISHED_FIRST + self._token_life + _SPARE
            for key, successor in zip(keys[1:], keys[:-1], strict=True):
                if now - successor.created_at > gone_after:
                    await fleet.remove_signing_key(key.key_id)
            for key in keys:
                await self._reseal(fleet, key, broken)
        return broken

    def _signed(self, keys: Sequence[SigningKey], claims: Mapping[str, str | int]) -> str | None:
        known_by = self._clock() - PUBLISHED_FIRST
        settled = [key for key in keys if key.created_at <= known_by]
        fresh = [key for key in keys if key.created_at > known_by]
        for key in (*settled, *reversed(fresh)):
            try:
                return self._signer.sign(key, claims)
            except CannotOpen:
                # Its master key is gone, as `keep_house` reports: the next one signs.
                continue
        return None

    async def _make(self, fleet: FleetRecords) -> SigningKey:
        key = self._signer.new_key(new_id(), self._clock())
        await fleet.keep_signing_key(key)
        return key

    async def _reseal(self, fleet: FleetRecords, key: SigningKey, broken: list[str]) -> None:
        try:
            resealed = self._signer.resealed(key)
        except CannotOpen:
            broken.append(key.key_id)
            return
        if resealed is not None and any(kept.key_id == key.key_id for kept in await fleet.signing_keys()):
            await fleet.keep_signing_key(resealed)
