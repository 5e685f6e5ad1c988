"""Tell the gateway whom to let in: public keys, what was revoked, who is suspended."""

from __future__ import annotations

from contracts.tenants.http_v1 import AccessState
from tenancy.application.people_ports import Clock, Doors
from tenancy.application.sign_tokens import SignTokens


class TellAccess:
    """The whole state at once; it is small."""

    def __init__(self, doors: Doors, sign: SignTokens, clock: Clock) -> None:
        self._doors = doors
        self._sign = sign
        self._clock = clock

    async def __call__(self) -> AccessState:
        """The state now. Its version is the database's time in milliseconds: a later one is a newer state."""
        async with self._doors.fleet() as fleet:
            return AccessState(
                version=await fleet.moment(),
                keys=tuple(dict(key) for key in await self._sign.published(fleet)),
                revoked=tuple(await fleet.revoked(self._clock())),
                suspended=tuple(await fleet.suspended()),
                unlicensed=tuple(await fleet.unlicensed()),
            )
