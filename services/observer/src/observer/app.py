"""The composition root: what observer is made of."""

from __future__ import annotations

from datetime import UTC, datetime

from chassis import Service
from chassis.desk_audit import DeskAudit
from observer.adapters.desk_jobs import StoredJobs
from observer.adapters.desks import ServicesDesks
from observer.application.read_dead_letters import ReadDeadLetters
from observer.application.settle_dead_letter import SettleDeadLetter
from observer.application.settle_many import SettleMany
from observer.entrypoints.http import dead_letters
from observer.settings import Settings


def create_service(settings: Settings | None = None) -> Service:
    """The service; its settings come from the environment unless they are given."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — the environment fills it
    service = Service("observer", settings)
    _dead_letters_desk(service, settings)
    return service


def _dead_letters_desk(service: Service, settings: Settings) -> None:
    """See, mend, replay and drop the dead letters of every service."""
    desks = ServicesDesks(settings.services, settings.service_token, seconds=settings.desk_answer_seconds)
    audit, jobs = DeskAudit(service.database), StoredJobs(service.database)
    many = SettleMany(desks, audit, jobs, _now, seconds=settings.desk_job_seconds)
    read, settle = ReadDeadLetters(desks, desks, audit, _now), SettleDeadLetter(desks, audit, _now)
    service.serves(dead_letters.router(read, settle, many, jobs, audit))
    service.runs("dead-letters-jobs", many.run)


def _now() -> datetime:
    return datetime.now(UTC)
