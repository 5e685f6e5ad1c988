"""The composition root: what observer is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from time import monotonic
from uuid import uuid4

from chassis import Service
from chassis.desk_audit import DeskAudit
from chassis.keyring import KeyRing
from chassis.settings import database_role, schema_of
from contracts.envelope import new_id
from observer.adapters.advice_store import StoredAdvice, StoredReports
from observer.adapters.alert_records import DatabaseAlerts, DatabaseSilences
from observer.adapters.desk_jobs import StoredJobs
from observer.adapters.desks import ServicesDesks
from observer.adapters.directory import ResolvedAddresses
from observer.adapters.lease import DatabaseLease
from observer.adapters.observer_config import ConfigFile
from observer.adapters.otlp import answer, read_export
from observer.adapters.own_metrics import SeenFromOutside
from observer.adapters.people import TenancyPeople
from observer.adapters.postgres import PostgresServer
from observer.adapters.prometheus import PrometheusSeries
from observer.adapters.rabbitmq import ManagementQueues
from observer.adapters.replicas import HttpReplicas
from observer.adapters.report_html import html
from observer.adapters.report_markdown import markdown
from observer.adapters.report_pdf import pdf
from observer.adapters.scaling_rules import ConfiguredRules
from observer.adapters.series_store import DatabaseSeries, Kept
from observer.adapters.span_counts import PrometheusSpanCounts
from observer.adapters.span_store import PostgresSpanStore
from observer.adapters.staff import NotificationStaff
from observer.adapters.voice import FleetVoice, HeartbeatUrl
from observer.adapters.watch_log import WatchLog
from observer.application.advise_scaling import AdviseScaling, Windows
from observer.application.changes import Changes
from observer.application.find_examples import ExampleStatements, ExampleTraces
from observer.application.forget_advice import ForgetAdvice
from observer.application.forget_stories import ForgetStories
from observer.application.gather_evidence import GatherEvidence
from observer.application.hold_lead import HoldLead
from observer.application.hold_thresholds import HeldThresholds
from observer.application.judge_fleet import JudgeFleet
from observer.application.keep_series import Keeping, KeepSeries
from observer.application.keep_watch import Beat, KeepWatch, ShowLife
from observer.application.map_fleet import MapFleet
from observer.application.ports import Clock, SeriesReader
from observer.application.push_to_browser import PushToBrowser
from observer.application.read_dead_letters import ReadDeadLetters
from observer.application.read_series import ReadSeries
from observer.application.read_stories import ReadStories
from observer.application.report_bottlenecks import ReportBottlenecks
from observer.application.settle_dead_letter import SettleDeadLetter
from observer.application.settle_many import SettleMany
from observer.application.sign_in_operator import SignInOperator
from observer.application.silence_alerts import Silences
from observer.application.take_spans import TakeSpans
from observer.application.tell_breaches import TellBreaches
from observer.application.watch_fleet import Pace, Watched, WatchFleet
from observer.entrypoints import timers
from observer.entrypoints.http import (
    advice,
    alerts,
    dead_letters,
    fleet,
    otlp,
    reports,
    scaling,
    series,
    stories,
)
from observer.entrypoints.page import alerts as alert_pages
from observer.entrypoints.page import charts, doors, findings, letters, push
from observer.entrypoints.page import watch as watch_pages
from observer.entrypoints.page.render import Renderer
from observer.entrypoints.page.session import Sessions
from observer.settings import Settings, known_services


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Watch:
    """The parts of the watch that others read: what is seen, what is beyond, what changes, what was measured."""

    watched: Watched
    changes: Changes
    thresholds: HeldThresholds
    silences: Silences
    judged: JudgeFleet
    map_fleet: MapFleet
    series: ReadSeries
    alerts: DatabaseAlerts
    keep: KeepSeries
    lead: HoldLead


def create_service(settings: Settings | None = None, *, clock: Clock = _now) -> Service:
    """The service; its settings come from the environment unless they are given. `clock` is what advice goes by."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — the environment fills it
    service = Service("observer", settings)
    watch = keep_watch(service, settings)
    service.serves(fleet.router(watch.watched, watch.map_fleet, _now))
    service.serves(series.router(watch.series, _now))
    service.serves(alerts.router(watch.judged, watch.alerts, watch.silences, watch.thresholds, _now))
    door, renderer = open_page(service, settings, watch)
    _advise(service, settings, watch, clock, door, renderer)
    _dead_letters_desk(service, settings, door, renderer)
    service.mounts(findings.story_routes(door, renderer, take_spans(service, settings)))
    return service


def open_page(service: Service, settings: Settings, watch: Watch) -> tuple[Sessions, Renderer]:
    """The operators' page: who may come in, and what the watch shows; other parts mount theirs."""
    admin_token = settings.admin_token.get_secret_value().encode()
    sign_in = SignInOperator(
        TenancyPeople(settings.tenancy_url, settings.service_token),
        lambda token: compare_digest(token.encode(), admin_token), _now,
    )  # fmt: skip
    door, renderer = Sessions(KeyRing.from_secret(settings.master_key), sign_in), Renderer()
    service.mounts(doors.door_routes(door, renderer, lambda: doors.told_changes(watch.changes)))
    service.mounts(
        watch_pages.watch_routes(door, renderer, watch.watched, watch.map_fleet, watch.judged, _now)
    )
    service.mounts(charts.chart_routes(door, renderer, watch.series, _now))
    service.mounts(
        alert_pages.alert_routes(
            door, renderer, watch.judged, watch.alerts, watch.silences, watch.thresholds, _now
        )
    )
    staff = NotificationStaff(settings.one_address_each.get("notification"), settings.service_token)
    service.mounts(push.push_routes(door, renderer, PushToBrowser(staff)))
    return door, renderer


def take_spans(service: Service, settings: Settings) -> ReadStories:
    """Take spans in by OTLP, keep the stories that were slow or failed, and show them; returns what reads them."""
    store, counts = PostgresSpanStore(service.database), PrometheusSpanCounts(service.metrics.registry)
    take = TakeSpans(store, counts, settings.sampling, monotonic)
    token = settings.service_token.get_secret_value()
    most_bytes = settings.otlp_max_bytes
    service.mounts(otlp.routes(take, counts, read_export, answer, token=token, most_bytes=most_bytes))
    read = ReadStories(store)
    service.serves(stories.router(read))
    service.runs("spans", take.run)
    forget = ForgetStories(store, _now, timedelta(days=settings.story_days))
    service.runs("old stories", forget.run)
    return read


def _advise(
    service: Service, settings: Settings, watch: Watch, clock: Clock, door: Sessions, renderer: Renderer
) -> None:
    """Scaling advice and reports, from what the watch measured."""
    reader, advised, reported = watch.series.reader, StoredAdvice(service.units), StoredReports(service.units)
    rules = ConfiguredRules(settings.scaling, known_services(), watch.thresholds)
    advise = AdviseScaling(
        GatherEvidence(reader), advised, rules, windows=Windows(), clock=clock, mint=new_id
    )
    examples = (
        ExampleTraces(PostgresSpanStore(service.database)),
        ExampleStatements(lambda: watch.watched.database, lambda name: database_role(schema_of(name))),
    )
    report = ReportBottlenecks(
        reader,
        reported,
        limits=lambda: watch.thresholds.current.reports,
        clock=clock,
        mint=new_id,
        examples=examples,
    )
    service.serves(advice.router(advised))
    service.serves(scaling.router(advise))
    service.serves(reports.router(report, reported, {"md": markdown, "html": html, "pdf": pdf}))
    service.mounts(findings.advice_routes(door, renderer, advised))
    service.mounts(findings.report_routes(door, renderer, report, reported, {"md": markdown, "pdf": pdf}))
    advising, reporting = (
        timers.AdviseAlways(advise),
        timers.ReportOnTime(report, clock, settings.report_hour),
    )
    only = watch.lead.only
    forget = ForgetAdvice(advised, reported, clock, timedelta(days=settings.advice_days))
    service.runs("old advice", timers.regularly(only(forget), seconds=3600.0))
    service.runs("advice", timers.regularly(only(advising.turn), seconds=settings.advice_seconds))
    service.runs("reports", timers.regularly(only(reporting.turn), seconds=60.0))


def keep_watch(service: Service, settings: Settings) -> Watch:
    """Put the watch together, and have the service run it."""
    watched, changes, log = Watched(), Changes(), WatchLog()
    thresholds = HeldThresholds(changes, _now)
    silences = Silences(DatabaseSilences(service.database), changes, _now)
    judged = JudgeFleet(thresholds, silences, changes, log)
    records = DatabaseAlerts(service.database)
    days = timedelta(days=1)
    kept = Kept(settings.raw, settings.minutes_days * days, settings.hours_days * days)
    own = DatabaseSeries(service.database, kept)
    prometheus = settings.prometheus_url
    reader: SeriesReader = own
    if prometheus is not None:
        reader = PrometheusSeries(prometheus.get_secret_value(), seconds=10.0)
    keep = KeepSeries(
        own if prometheus is None else None, records, watched, log,
        Keeping(kept.raw, kept.minutes, kept.hours, settings.alerts_days * days,
                buffer=timedelta(minutes=settings.buffer_minutes)),
    )  # fmt: skip
    voice = FleetVoice(service.intake)
    observer_id = uuid4().hex[:16]
    lead = HoldLead(
        DatabaseLease(service.database, observer_id, seconds=settings.lead_seconds), log,
        every_seconds=settings.lead_seconds / 4,
    )  # fmt: skip
    turn = KeepWatch(
        _watch_fleet(service, settings, watched, changes, log), judged,
        TellBreaches(judged, thresholds, records, voice, log), keep, silences, lead,
    )  # fmt: skip
    outside = settings.heartbeat_url
    life = ShowLife(
        watched, voice, HeartbeatUrl(outside.get_secret_value(), seconds=10.0) if outside else None, log, _now,
        Beat(observer_id, settings.beat_seconds),
    )  # fmt: skip
    config = ConfigFile(settings.config_path, thresholds, known_services())
    service.when_stopping(changes.end)
    service.runs("config", config.run)
    service.runs("watch", timers.regularly(turn.turn, seconds=settings.round_seconds))
    service.runs("lead", lead.run)
    service.runs("life", timers.regularly(lead.only(life), seconds=settings.beat_seconds))
    service.notes(lead.notes)
    service.notes(thresholds.notes)
    service.notes(keep.notes)
    service.notes(
        lambda: [f"{what} is not seen since {since:%H:%M:%S}" for what, since in watched.blind.items()]
    )
    SeenFromOutside(watched, judged, lambda: keep.waiting).register(service.metrics.registry)
    return Watch(
        watched, changes, thresholds, silences, judged, MapFleet(watched, judged), ReadSeries(reader), records, keep, lead
    )  # fmt: skip


def _watch_fleet(
    service: Service, settings: Settings, watched: Watched, changes: Changes, log: WatchLog
) -> WatchFleet:
    management = settings.rabbitmq_url
    seconds = settings.look_seconds
    amqp_url = settings.amqp_url.get_secret_value()
    return WatchFleet(
        directory=ResolvedAddresses(settings.services),
        replicas=HttpReplicas(seconds=seconds),
        queues=ManagementQueues(management.get_secret_value(), amqp_url, seconds=seconds) if management else None,
        postgres=PostgresServer(
            service.database, slow_seconds=settings.slow_statement_seconds, seconds=seconds
        ),
        watched=watched, changes=changes, log=log, clock=_now,
        pace=Pace(settings.round_seconds, settings.metrics_seconds),
    )  # fmt: skip


def _dead_letters_desk(service: Service, settings: Settings, door: Sessions, renderer: Renderer) -> None:
    """See, mend, replay and drop the dead letters of every service."""
    desks = ServicesDesks(
        settings.one_address_each, settings.service_token, seconds=settings.desk_answer_seconds
    )
    audit, jobs = DeskAudit(service.database), StoredJobs(service.database)
    many = SettleMany(desks, audit, jobs, _now, seconds=settings.desk_job_seconds)
    read, settle = ReadDeadLetters(desks, desks, audit, _now), SettleDeadLetter(desks, audit, _now)
    service.serves(dead_letters.router(read, settle, many, jobs, audit))
    service.mounts(letters.letter_routes(door, renderer, read, settle, many, jobs, audit))
    service.runs("dead-letters-jobs", many.run)
