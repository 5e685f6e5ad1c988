"""Report what is slow and since when, with one recommendation each; validate them by measuring the same again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from contracts.operations.v1 import ReportPublished
from contracts.operations.v1 import Texts as Words
from observer.application.advice_ports import ReportRecords
from observer.application.gather_evidence import RUNNING, GatherEvidence, QueueEvidence
from observer.application.ports import Clock, SeriesReader
from observer.application.read_tracks import ReadTracks
from observer.domain.bottlenecks import Bottleneck, Limits, Track, beyond, find
from observer.domain.change import compare
from observer.domain.demand import TooLittle, fit
from observer.domain.explanation import Texts
from observer.domain.findings import Evidence, Finding, Report, ReportKind
from observer.domain.recommendations import amount, evidence_of, recommendation, report_words, summary
from observer.domain.series import Selector, Span

PROCESSES = "frontdesk_process_info"
_MODELLED = ("queue_wait", "slow_handler", "retries")
_STEPS: dict[ReportKind, tuple[timedelta, timedelta]] = {
    "daily": (timedelta(days=1), timedelta(minutes=30)),
    "weekly": (timedelta(days=7), timedelta(hours=3)),
    "on_demand": (timedelta(days=1), timedelta(minutes=30)),
}
_AGAIN = timedelta(minutes=5)
_ENOUGH = 24
_SETTLES = timedelta(minutes=10)


class Examples(Protocol):
    """Where examples are found: traces of slow requests, statements that were slow."""

    async def of(self, track: Track, since: datetime, until: datetime) -> Sequence[Evidence]:
        """Examples of what is slow; none when there are none."""
        ...


@dataclass(frozen=True, slots=True)
class Watched:
    """How long is looked back on for the model, in which steps."""

    length: timedelta = timedelta(hours=6)
    step: timedelta = timedelta(minutes=1)


class ReportBottlenecks:
    """Makes reports and follows their findings up; every method raises `WatchOutage`."""

    def __init__(
        self, reader: SeriesReader, records: ReportRecords, *, limits: Callable[[], Limits], clock: Clock, mint: Callable[[], str],
        examples: Sequence[Examples] = (), model: Watched | None = None,
    ) -> None:  # fmt: skip
        self._reader = reader
        self._tracks = ReadTracks(reader)
        self._evidence = GatherEvidence(reader)
        self._records = records
        self._limits = limits
        self._clock = clock
        self._mint = mint
        self._examples = examples
        self._model = model or Watched()

    async def make(self, kind: ReportKind) -> Report:
        """Look, keep a report, tell that it can be read."""
        await self.follow_up()
        until = self._clock()
        length, step = _STEPS[kind]
        span = Span(until - length, until, step)
        tracks = await self._tracks.all(span)
        limits = self._limits()
        found = find(await self._modelled(tracks, until, limits), limits)
        report_id = self._mint()
        findings = [await self._finding(report_id, one, span) for one in found]
        open_before = await self._records.open_findings()
        title, words = report_words(kind, span.since, until, findings)
        report = Report(
            report_id, kind, span.since, until, until, title, words, tuple(findings), tuple(open_before),
            len({track.service for track in tracks}),
        )  # fmt: skip
        await self._records.keep(report, _published(report))
        return report

    async def is_due(self, kind: ReportKind, since: datetime) -> bool:
        """Whether no such report was made since it was due, and something was watched before that."""
        if any(one.kind == kind and one.made_at >= since for one in await self._records.listed(50)):
            return False
        length, _ = _STEPS[kind]
        span = Span(since - length, since, timedelta(hours=1))
        return any(line.points for line in await self._reader.window(Selector(RUNNING), span))

    async def done(self, report_id: str, finding_id: str, by: str) -> Finding | None:
        """Somebody carried a recommendation out; None for an unknown finding. Raises `AlreadyDone`."""
        finding = await self._records.finding(report_id, finding_id)
        if finding is None:
            return None
        finding = finding.done(self._clock(), by)
        await self._records.change(finding)
        return finding

    async def follow_up(self) -> list[Finding]:
        """See what was done, and measure again what was done long enough ago; returns what changed."""
        changed = list[Finding]()
        for finding in await self._records.open_findings():
            now = await (
                self._seen_done(finding) if finding.state == "proposed" else self._validated(finding)
            )
            if now is not None:
                await self._records.change(now)
                changed.append(now)
        return changed

    async def _seen_done(self, finding: Finding) -> Finding | None:
        """A finding whose recommendation somebody carried out without saying so."""
        now = self._clock()
        since = finding.found_at or now
        if now - since < timedelta(minutes=2):
            return None
        if finding.kind == "queue_wait":
            _, changes = await self._evidence.replicas(finding.service, since - timedelta(minutes=2), now)
            more = next((one for one in changes if one.at >= since), None)
            return finding.done(more.at, f"{more.replicas} replicas") if more is not None else None
        span = Span(since, now, timedelta(minutes=1))
        lines = await self._reader.window(Selector(PROCESSES, {"service": finding.service}), span)
        begins = {line.series.label("version"): line.points[0].at for line in reversed(lines) if line.points}
        first = min(begins.values(), default=now)
        later = sorted((at, version) for version, at in begins.items() if at > first + timedelta(minutes=1))
        return finding.done(later[0][0], f"version {later[0][1]}") if later else None

    async def _validated(self, finding: Finding) -> Finding | None:
        """A finding that was measured again in the same way; None as long as there is too little."""
        assert finding.done_at is not None
        now = self._clock()
        length = min(now - finding.done_at - _SETTLES, timedelta(days=1))
        if length < _AGAIN * _ENOUGH:
            return None
        after_since = finding.done_at + _SETTLES
        before = await self._measure(finding, finding.done_at - length, finding.done_at)
        after = await self._measure(finding, after_since, after_since + length)
        comparison = compare(before, after)
        if comparison.judgement == "too_little" and length < timedelta(days=1):
            return None
        return finding.validated(now, comparison)

    async def _measure(self, finding: Finding, since: datetime, until: datetime) -> list[float]:
        return await self._tracks.again(finding.kind, finding.measurement, Span(since, until, _AGAIN))

    async def _modelled(self, tracks: Sequence[Track], until: datetime, limits: Limits) -> list[Track]:
        """The tracks; those that are beyond their limit have what the model is fitted to, as far as it can be."""
        known: dict[str, dict[str, QueueEvidence]] = {}
        replicas: dict[str, int] = {}
        modelled = list[Track]()
        for track in tracks:
            if track.kind not in _MODELLED or not beyond(track, limits):
                modelled.append(track)
                continue
            if track.service not in known:
                span = Span(until - self._model.length, until, self._model.step)
                known[track.service] = {
                    one.message: one for one in await self._evidence.queues(track.service, span)
                }
                replicas[track.service], _ = await self._evidence.replicas(track.service, span.since, until)
            modelled.append(
                _with_demand(track, known[track.service].get(track.subject), max(1, replicas[track.service]))
            )
        return modelled

    async def _finding(self, report_id: str, found: Bottleneck, span: Span) -> Finding:
        track = found.track
        evidence = [*evidence_of(found), *track.evidence]
        for examples in self._examples:
            evidence += await examples.of(track, found.since or span.since, span.until)
        return Finding(
            finding_id=self._mint(), report_id=report_id, kind=track.kind, service=track.service, subject=track.subject,
            measurement=track.measurement, value=found.value, limit=found.limit, since=found.since,
            summary=summary(found), recommendation=recommendation(found), gain=found.gain, evidence=tuple(evidence),
            found_at=span.until,
        )  # fmt: skip


def _with_demand(track: Track, evidence: QueueEvidence | None, replicas: int) -> Track:
    if evidence is None:
        return track
    servers = evidence.servers * replicas
    try:
        demand = fit(evidence.observed, servers=servers)
    except TooLittle as little:
        why = Texts(f"Das Modell hat zu wenig gesehen: {little}.", f"The model saw too little: {little}.")
        return replace(track, evidence=(*track.evidence, Evidence("queue", why)))
    text = Texts(
        f"{demand.rate:.2f} Nachrichten/s, Bearbeitung im Mittel {amount(demand.service.mean, 's', 'de')}, {servers} gleichzeitig",
        f"{demand.rate:.2f} messages/s, {amount(demand.service.mean, 's', 'en')} of work on average, {servers} at once",
    )
    return replace(
        track,
        demand=demand,
        servers=servers,
        replicas=replicas,
        evidence=(*track.evidence, Evidence("queue", text)),
    )


def _published(report: Report) -> ReportPublished:
    return ReportPublished(
        report_id=report.report_id, kind=report.kind, since=report.since, until=report.until,
        title=Words(de=report.title.de, en=report.title.en), summary=Words(de=report.summary.de, en=report.summary.en),
    )  # fmt: skip
