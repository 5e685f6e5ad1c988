"""Whether a tenant's credential may name a place, as vendorkit's guard will see it when a service connects there."""

from __future__ import annotations

from tenancy.domain.credentials import Use
from vendorkit import Guard, url_flaw


class GuardedPlaces:
    """The domain's `PlaceFlaw`: judges what is written; names are resolved, and judged again, at each connection."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def __call__(self, use: Use, place: str) -> str | None:
        """What is wrong with a host, or with an address for the web."""
        return url_flaw(self._guard, place) if use == "web" else self._guard.flaw(place, use)
