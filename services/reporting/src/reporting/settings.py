"""Settings of reporting."""

from __future__ import annotations

from typing import ClassVar

import chassis


class Settings(chassis.Settings):
    """Nothing besides every service's settings."""

    default_port: ClassVar[int] = 8004
