"""File-management's settings, read from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

import chassis


class Settings(chassis.Settings):
    """The chassis's settings, and file-management's own."""

    default_port: ClassVar[int] = 8009

    local_root: Path = Field(
        default=Path(".local/files"),
        validation_alias="FILE_MANAGEMENT_LOCAL_ROOT",
        description="Where documents of tenants without a OneDrive are kept, a folder for each tenant.",
    )
    vendor_seconds: float = Field(
        default=40.0,
        gt=0,
        le=60,
        validation_alias="FILE_MANAGEMENT_VENDOR_SECONDS",
        description="The longest wait for one answer of Microsoft Graph.",
    )
