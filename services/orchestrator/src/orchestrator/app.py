"""The orchestrator, put together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chassis import Service
from chassis.message_ids import is_own_message_id
from orchestrator.adapters.desk import Desk
from orchestrator.adapters.records import Records
from orchestrator.entrypoints import events, http, timers
from orchestrator.settings import Settings


def create_service(settings: Settings | None = None) -> Service:
    """The service; its settings come from the environment unless they are given."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — read from the environment
    service = Service("orchestrator", settings)

    def is_own(tenant_id: str, message_id: str) -> bool:
        return is_own_message_id(settings.master_key, tenant_id, message_id)

    patience = timedelta(seconds=settings.turn_deadline_seconds)
    draft_deadline = timedelta(seconds=settings.draft_deadline_seconds)
    service.hears(
        events.router(Records, service.tenants, _now, is_own, patience=patience, paused=settings.paused)
    )
    service.hears(timers.router(Records, service.tenants, _now, draft_deadline=draft_deadline))
    service.serves(http.router(service.units, Records, Desk, service.tenants))
    return service


def _now() -> datetime:
    return datetime.now(UTC)
