"""The composition root: what observer is made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chassis import Service
from contracts.envelope import new_id
from observer.adapters.advice_store import StoredAdvice, StoredReports
from observer.adapters.report_html import html
from observer.adapters.report_markdown import markdown
from observer.adapters.report_pdf import pdf
from observer.adapters.scaling_rules import ConfiguredRules
from observer.adapters.series_store import DatabaseSeries, Kept
from observer.application.advise_scaling import AdviseScaling, Windows
from observer.application.gather_evidence import GatherEvidence
from observer.application.ports import Clock, SeriesReader
from observer.application.report_bottlenecks import ReportBottlenecks
from observer.domain.bottlenecks import Limits
from observer.entrypoints import timers
from observer.entrypoints.http import advice, reports, scaling
from observer.settings import Settings


def create_service(settings: Settings | None = None, *, clock: Clock = lambda: datetime.now(UTC)) -> Service:
    """The service; its settings come from the environment unless they are given."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — the environment fills it
    service = Service("observer", settings)
    kept = Kept(timedelta(hours=6), timedelta(days=14), timedelta(days=400))
    _advise(service, settings, DatabaseSeries(service.database, kept, clock), clock)
    return service


def _advise(service: Service, settings: Settings, reader: SeriesReader, clock: Clock) -> None:
    """Scaling advice and reports, from whatever reads the series."""
    advised, reported = StoredAdvice(service.units), StoredReports(service.units)
    rules = ConfiguredRules(reader, settings.scaling)
    advise = AdviseScaling(
        GatherEvidence(reader), advised, rules, windows=Windows(), clock=clock, mint=new_id
    )
    report = ReportBottlenecks(reader, reported, limits=Limits(), clock=clock, mint=new_id)
    service.serves(advice.router(advised))
    service.serves(scaling.router(advise))
    service.serves(reports.router(report, reported, {"md": markdown, "html": html, "pdf": pdf}))
    service.runs("advise-scaling", timers.AdviseAlways(advise, settings.advice_seconds).run)
    service.runs("report-bottlenecks", timers.ReportOnTime(report, clock, settings.report_hour).run)
