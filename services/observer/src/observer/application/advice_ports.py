"""What advice and reports need from outside, besides the measured series (`ports.SeriesReader`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from contracts.envelope import Event
from observer.domain.advice import Advice, Outcome
from observer.domain.findings import Finding, Report
from observer.domain.scaling import Rules
from observer.domain.spans import StorySpan


class ScalingRules(Protocol):
    """What each service may have, and what is wanted of it: from the Observer's configuration."""

    async def of(self, service: str) -> Rules | None:
        """The rules of a service; None when there is no such service."""
        ...

    async def services(self) -> Sequence[str]:
        """All services that advice is given on."""
        ...


class AdviceRecords(Protocol):
    """Where advice is kept. Every method raises `WatchOutage`."""

    async def keep(self, advice: Advice, *news: Event) -> None:
        """Keep advice, and say news with it."""
        ...

    async def latest(self, service: str) -> Advice | None:
        """What was last said about a service."""
        ...

    async def last_change(self, service: str) -> Advice | None:
        """The last advice about a service that asked for a change."""
        ...

    async def unchecked(self, before: datetime) -> Sequence[Advice]:
        """Changes that were advised before that moment and never held against what came."""
        ...

    async def check(self, advice_id: str, outcome: Outcome) -> None:
        """Keep what came of advice."""
        ...

    async def listed(self, service: str | None, limit: int) -> Sequence[Advice]:
        """Advice, newest first."""
        ...

    async def forget(self, before: datetime) -> int:
        """Drop advice given before that moment that holds no more; returns how much."""
        ...


class ReportRecords(Protocol):
    """Where reports are kept. Every method raises `WatchOutage`."""

    async def keep(self, report: Report, *news: Event) -> None:
        """Keep a new report and its findings, and say news with it."""
        ...

    async def report(self, report_id: str) -> Report | None:
        """One report, its findings as they are now."""
        ...

    async def listed(self, limit: int) -> Sequence[Report]:
        """Reports, newest first."""
        ...

    async def open_findings(self) -> Sequence[Finding]:
        """Findings that are proposed, or done and not yet validated."""
        ...

    async def finding(self, report_id: str, finding_id: str) -> Finding | None:
        """One finding."""
        ...

    async def change(self, finding: Finding) -> None:
        """Keep a finding as it is now."""
        ...

    async def forget(self, before: datetime) -> int:
        """Drop reports made before that moment, with their findings; returns how many reports."""
        ...


class SlowSpans(Protocol):
    """The spans of kept stories. Raises `WatchOutage`."""

    async def slowest(
        self, service: str, name: str, since: datetime, until: datetime, *, by_wait: bool, limit: int
    ) -> Sequence[tuple[str, StorySpan]]:
        """The slowest spans of a service with that name that began within that time, each with its story's id.

        `by_wait`: those that waited longest for being handled, instead of those that took longest.
        """
        ...
