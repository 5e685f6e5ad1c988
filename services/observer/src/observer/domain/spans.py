"""Spans as the Observer knows them: what was done for a story, by whom, from when to when (OpenTelemetry's data model)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float | bool
SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class StorySpan:
    """One span; moments are nanoseconds since 1970."""

    trace_id: str
    span_id: str
    parent_id: str | None
    service: str
    name: str
    kind: Kind
    began: int
    ended: int
    process: str = ""
    failed: bool = False
    error: str = ""
    attributes: Mapping[str, Value] = field(default_factory=dict[str, Value])

    @property
    def story_id(self) -> str | None:
        """The story that it says it belongs to (`frontdesk.correlation_id`)."""
        found = self.attributes.get("frontdesk.correlation_id")
        return str(found) if found else None

    @property
    def tenant_id(self) -> str | None:
        """The tenant that it was done for."""
        found = self.attributes.get("frontdesk.tenant_id")
        return str(found) if found else None

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended - self.began) / SECOND

    def measured(self, name: str) -> float:
        """An attribute in seconds (`frontdesk.waited_s`); 0 when it is not there."""
        found = self.attributes.get(f"frontdesk.{name}", 0.0)
        return float(found) if isinstance(found, int | float) else 0.0


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A story in a list."""

    story_id: str
    tenant_id: str | None
    began: int
    ended: int
    spans: int
    failed: bool
    slow: bool
    subjects: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """From its first moment to its last."""
        return (self.ended - self.began) / SECOND


@dataclass(frozen=True, slots=True)
class StoryQuestion:
    """Which stories are asked for, newest first."""

    failed: bool | None = None
    slow: bool | None = None
    tenant_id: str | None = None
    subject: str | None = None
    """What it is about (`lead/ID`)."""
    before: int | None = None
    limit: int = 50
