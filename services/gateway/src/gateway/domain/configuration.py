"""What may change while the gateway runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.domain.rate_limits import Policy


@dataclass(frozen=True, slots=True)
class Policies:
    """How many requests are taken from whom."""

    user: Policy
    tenant: Policy
    key: Policy
    address: Policy


@dataclass(frozen=True, slots=True)
class Configuration:
    """Where the services answer, which web pages may ask, and how often anyone may."""

    upstreams: Mapping[str, tuple[str, ...]]
    origins: frozenset[str]
    policies: Policies
