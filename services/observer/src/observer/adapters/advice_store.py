"""Advice and reports in the Observer's own schema; what is said with them leaves with the same commit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import RowMapping, Select, delete, func, insert, select, true, update

from chassis import Session, Units
from chassis.errors import OurOutage
from contracts.envelope import Event
from contracts.operations.v1 import FLEET
from observer.adapters.advice_tables import ADVICE, FINDINGS, REPORTS
from observer.application.ports import WatchOutage
from observer.domain.advice import Advice, Outcome
from observer.domain.findings import Finding, Report

_log = structlog.get_logger("observer.advice")
_ADVICE, _OUTCOME = TypeAdapter(Advice), TypeAdapter(Outcome)
_FINDING, _FINDINGS, _REPORT = TypeAdapter(Finding), TypeAdapter(tuple[Finding, ...]), TypeAdapter(Report)
_UNHEEDED = timedelta(days=3)
"""Advice that nobody followed for so long is not waited for any more."""


class StoredAdvice:
    """The port `AdviceRecords`."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def keep(self, advice: Advice, *news: Event) -> None:
        """Keep advice, and say news with it."""
        async with _outage(), self._units.begin(FLEET) as transaction:
            values = asdict(advice) | {
                "outcome": _OUTCOME.dump_python(advice.outcome, mode="json") if advice.outcome else None
            }
            await transaction.session.execute(insert(ADVICE).values(values))
            transaction.say(*news)

    async def latest(self, service: str) -> Advice | None:
        """What was last said about a service."""
        found = await self._read(_newest().where(ADVICE.c.service == service).limit(1))
        return found[0] if found else None

    async def last_change(self, service: str) -> Advice | None:
        """The last advice that asked for a change."""
        changes = _newest().where(ADVICE.c.service == service, ADVICE.c.verdict != "hold")
        found = await self._read(changes.limit(1))
        return found[0] if found else None

    async def unchecked(self, before: datetime) -> Sequence[Advice]:
        """Changes advised before that moment, not checked yet."""
        return await self._read(
            _newest().where(
                ADVICE.c.verdict != "hold", ADVICE.c.outcome.is_(None), ADVICE.c.given_at < before,
                ADVICE.c.given_at > before - _UNHEEDED,
            )
        )  # fmt: skip

    async def check(self, advice_id: str, outcome: Outcome) -> None:
        """Keep what came of advice."""
        kept = _OUTCOME.dump_python(outcome, mode="json")
        async with _session(self._units) as session:
            await session.execute(update(ADVICE).where(ADVICE.c.advice_id == advice_id).values(outcome=kept))

    async def listed(self, service: str | None, limit: int) -> Sequence[Advice]:
        """Advice, newest first."""
        wanted = _newest().limit(limit)
        return await self._read(wanted if service is None else wanted.where(ADVICE.c.service == service))

    async def forget(self, before: datetime) -> int:
        """Drop advice given before that moment, but what still holds."""
        newest = (
            select(func.max(ADVICE.c.given_at)).where(wanted).group_by(ADVICE.c.service)
            for wanted in (true(), ADVICE.c.verdict != "hold")
        )
        old = ADVICE.c.given_at < before
        async with _session(self._units) as session:
            for kept in newest:
                old &= ADVICE.c.given_at.not_in(kept)
            gone = await session.execute(delete(ADVICE).where(old).returning(ADVICE.c.advice_id))
            return len(gone.all())

    async def _read(self, wanted: Select[Any]) -> list[Advice]:
        async with _session(self._units) as session:
            return _understood((await session.execute(wanted)).mappings())


def _understood(rows: Iterable[RowMapping]) -> list[Advice]:
    """Advice as it is kept, but what another version gave for a reason that this one does not know."""
    found: list[Advice] = []
    for row in rows:
        try:
            found.append(_ADVICE.validate_python(dict(row)))
        except ValidationError as error:
            flaws = [f"{'.'.join(map(str, flaw['loc']))}: {flaw['msg']}" for flaw in error.errors()]
            _log.warning(
                "advice that is not understood is left out; another version of the Observer gave it",
                service=row["service"], advice_id=row["advice_id"], flaws=flaws,
            )  # fmt: skip
    return found


class StoredReports:
    """The port `ReportRecords`."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def keep(self, report: Report, *news: Event) -> None:
        """Keep a new report and its findings, and say news with it."""
        values = _REPORT.dump_python(report, exclude={"findings", "followed_up"})
        values["followed_up"] = _FINDINGS.dump_python(report.followed_up, mode="json")
        async with _outage(), self._units.begin(FLEET) as transaction:
            await transaction.session.execute(insert(REPORTS).values(values))
            for place, finding in enumerate(report.findings):
                await transaction.session.execute(insert(FINDINGS).values(place=place, **_row(finding)))
            transaction.say(*news)

    async def report(self, report_id: str) -> Report | None:
        """One report, its findings as they are now."""
        found = await self._reports(select(REPORTS).where(REPORTS.c.report_id == report_id))
        return found[0] if found else None

    async def listed(self, limit: int) -> Sequence[Report]:
        """Reports, newest first."""
        return await self._reports(select(REPORTS).order_by(REPORTS.c.made_at.desc()).limit(limit))

    async def open_findings(self) -> Sequence[Finding]:
        """Findings that are proposed, or done and not yet validated."""
        async with _session(self._units) as session:
            rows = await session.execute(
                select(FINDINGS.c.body).where(FINDINGS.c.state != "validated").order_by(FINDINGS.c.finding_id)
            )
            return [_FINDING.validate_python(body) for body in rows.scalars()]

    async def finding(self, report_id: str, finding_id: str) -> Finding | None:
        """One finding."""
        async with _session(self._units) as session:
            found = await session.execute(
                select(FINDINGS.c.body).where(
                    FINDINGS.c.report_id == report_id, FINDINGS.c.finding_id == finding_id
                )
            )
            body = found.scalar_one_or_none()
        return _FINDING.validate_python(body) if body is not None else None

    async def change(self, finding: Finding) -> None:
        """Keep a finding as it is now."""
        async with _session(self._units) as session:
            await session.execute(
                update(FINDINGS).where(FINDINGS.c.finding_id == finding.finding_id).values(_row(finding))
            )

    async def forget(self, before: datetime) -> int:
        """Drop reports made before that moment, with their findings."""
        async with _session(self._units) as session:
            gone = await session.execute(
                delete(REPORTS).where(REPORTS.c.made_at < before).returning(REPORTS.c.report_id)
            )
            ids = list(gone.scalars())
            await session.execute(delete(FINDINGS).where(FINDINGS.c.report_id.in_(ids)))
            return len(ids)

    async def _reports(self, wanted: Select[Any]) -> list[Report]:
        async with _session(self._units) as session:
            rows = (await session.execute(wanted)).mappings().all()
            bodies: dict[str, list[Finding]] = {}
            findings = select(FINDINGS).where(FINDINGS.c.report_id.in_([row["report_id"] for row in rows]))
            for row in (await session.execute(findings.order_by(FINDINGS.c.place))).mappings():
                bodies.setdefault(row["report_id"], []).append(_FINDING.validate_python(row["body"]))
        return [_report(row, bodies.get(row["report_id"], [])) for row in rows]


def _newest() -> Select[Any]:
    return select(ADVICE).order_by(ADVICE.c.given_at.desc(), ADVICE.c.advice_id.desc())


def _row(finding: Finding) -> dict[str, object]:
    return {
        "finding_id": finding.finding_id, "report_id": finding.report_id, "state": finding.state,
        "body": _FINDING.dump_python(finding, mode="json"),
    }  # fmt: skip


def _report(row: RowMapping, findings: Sequence[Finding]) -> Report:
    return _REPORT.validate_python({**row, "findings": tuple(findings)})


@asynccontextmanager
async def _session(units: Units) -> AsyncIterator[Session]:
    async with _outage(), units.fleet() as session:
        yield session


@asynccontextmanager
async def _outage() -> AsyncIterator[None]:
    try:
        yield
    except OurOutage as error:
        raise WatchOutage(str(error)) from error
