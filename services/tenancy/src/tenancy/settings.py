"""Tenancy's settings: only what every process has."""

from __future__ import annotations

from typing import ClassVar

import chassis


class Settings(chassis.Settings):
    """Read from the environment; the key ring in `FRONTDESK_MASTER_KEY` seals the secrets."""

    default_port: ClassVar[int] = 8001
