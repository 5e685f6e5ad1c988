"""Take only so many requests from one user, one API key, one tenant and, where no token is wanted, one address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.application.api_ports import Counter
from gateway.domain.access import FLEET, Identity
from gateway.domain.configuration import Policies
from gateway.domain.rate_limits import Policy, Standing, client_of


class TooManyRequests(Exception):
    """Somebody's limit is reached."""

    def __init__(self, standings: Sequence[Standing]) -> None:
        last = standings[-1]
        policy = last.policy
        super().__init__(
            f"the limit '{policy.name}' of {policy.amount} requests in {policy.seconds} s is reached: "
            f"come again in {last.retry_after} s"
        )
        self.standings = tuple(standings)
        self.retry_after = last.retry_after


class LimitRequests:
    """Counts in the order of the smallest circle: a user who asks too much does not use up his company's share."""

    def __init__(self, counter: Counter, policies: Policies) -> None:
        self._counter = counter
        self._policies = policies

    def use(self, policies: Policies) -> None:
        """Other limits; under a limit that changed counting begins anew."""
        self._policies = policies

    async def of_caller(self, identity: Identity) -> tuple[Standing, ...]:
        """Count a request of a known caller; services and admins of the fleet have no limit. Raises `TooManyRequests`."""
        if identity.kind in {"service", "admin"}:
            return ()
        own = self._policies.user
        if identity.kind == "key":
            own = self._policies.key
            if identity.requests_per_minute is not None:
                own = replace(own, amount=identity.requests_per_minute, seconds=60)
        wanted = [(own, identity.id)]
        if identity.tenant_id is not None and identity.tenant_id != FLEET:
            wanted.append((self._policies.tenant, identity.tenant_id))
        return await self._take(wanted)

    async def of_address(self, address: str) -> tuple[Standing, ...]:
        """Count a request that wants no token. Raises `TooManyRequests`."""
        return await self._take([(self._policies.address, client_of(address))])

    async def of_refused(self, address: str) -> tuple[Standing, ...]:
        """Count a credential that was refused. Raises `TooManyRequests`."""
        return await self._take([(replace(self._policies.address, name="refused"), client_of(address))])

    async def _take(self, wanted: Sequence[tuple[Policy, str]]) -> tuple[Standing, ...]:
        standings: list[Standing] = []
        for policy, who in wanted:
            standings.append(await self._counter.take(policy, who))
            if not standings[-1].allowed:
                raise TooManyRequests(standings)
        return tuple(standings)
