"""What a backup says of itself: the last member of its file, so that a file without it was cut off."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

FORM = 1
"""The form of the file; code refuses a newer one than it knows."""


class Part(BaseModel):
    """One member of the file."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    size: int = Field(ge=0, description="Bytes.")


class SchemaState(BaseModel):
    """A service's schema: the revisions of its own tables and of the fleet's."""

    model_config = ConfigDict(frozen=True)

    revision: str | None
    fleet_revision: str | None


class Manifest(BaseModel):
    """When, of what and by what code a backup was taken, and what must be found in it."""

    model_config = ConfigDict(frozen=True)

    form: int = FORM
    version: str = Field(description="The version of the command line that wrote it.")
    taken_at: datetime = Field(
        description="The moment of the database's snapshot: what is newer is not in it."
    )
    postgres: int = Field(description="The server's major version.")
    schemas: dict[str, SchemaState]
    rows: dict[str, int] = Field(description="Rows by table, counted in the snapshot itself.")
    keys: dict[str, str] = Field(description="Fingerprints of the key ring, by the keys' ids.")
    with_keys: bool
    parts: dict[str, Part]

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts.values())
