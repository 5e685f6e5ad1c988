"""What each service may have, and what is wanted of it: from the settings, of services that were seen or are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from observer.application.ports import SeriesReader
from observer.domain.scaling import Rules
from observer.domain.series import Selector
from observer.settings import ScalingLimits

_RUNNING = "frontdesk_replica_up"


class ConfiguredRules:
    """The port `ScalingRules`."""

    def __init__(
        self, reader: SeriesReader, limits: Mapping[str, ScalingLimits], named: Sequence[str] = (), base: Rules | None = None
    ) -> None:  # fmt: skip
        self._reader = reader
        self._limits = limits
        self._named = frozenset({*named, *limits} - {"*"})
        self._base = base or Rules()

    async def services(self) -> Sequence[str]:
        """The services that are named, and those that were seen."""
        seen = {series.label("service") for series in await self._reader.find(Selector(_RUNNING))}
        return sorted((seen | self._named) - {""})

    async def of(self, service: str) -> Rules | None:
        """The rules of a service; `*` is for those that have none of their own."""
        if service not in self._named and service not in await self.services():
            return None
        limits = self._limits.get(service, self._limits.get("*"))
        if limits is None:
            return self._base
        return replace(
            self._base, minimum=limits.minimum, maximum=limits.maximum, target=limits.target_seconds
        )
