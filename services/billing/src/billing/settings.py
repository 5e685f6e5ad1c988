"""The settings of billing, read from the environment."""

from __future__ import annotations

from typing import ClassVar

import chassis


class Settings(chassis.Settings):
    """Nothing besides every service's settings yet."""

    default_port: ClassVar[int] = 8013
