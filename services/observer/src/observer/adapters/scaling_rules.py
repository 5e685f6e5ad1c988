"""What each service may have, and what is wanted of it: limits from the settings, the target from the thresholds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from observer.application.hold_thresholds import HeldThresholds
from observer.domain.scaling import Rules
from observer.settings import ScalingLimits


class ConfiguredRules:
    """The port `ScalingRules`."""

    def __init__(
        self, limits: Mapping[str, ScalingLimits], services: Collection[str], thresholds: HeldThresholds
    ) -> None:
        self._limits = limits
        self._services = sorted(services)
        self._thresholds = thresholds

    async def services(self) -> Sequence[str]:
        """All services of the fleet."""
        return self._services

    async def of(self, service: str) -> Rules | None:
        """The rules of a service; `*` is for those that have none of their own."""
        if service not in self._services:
            return None
        limits = self._limits.get(service, self._limits.get("*", ScalingLimits()))
        rules = Rules(limits.minimum, max(limits.minimum, limits.maximum))
        target = limits.target_seconds or self._wait(service)
        return rules if target is None else replace(rules, target=target)

    def _wait(self, service: str) -> float | None:
        """The strictest limit of waiting that is set for a service."""
        return min(
            (one.limit for one in self._thresholds.current.all
             if one.metric == "queue_wait" and one.limit > 0 and one.scope.takes(service, None)),
            default=None,
        )  # fmt: skip
