"""Reporting, put together."""

from __future__ import annotations

from chassis import Service
from reporting.adapters.store import Journal, add_to_journal
from reporting.entrypoints import events, http
from reporting.settings import Settings


def create_service(settings: Settings | None = None) -> Service:
    """The service; its settings come from the environment unless they are given."""
    service = Service("reporting", settings or Settings())  # pyright: ignore[reportCallIssue] — read from the environment
    service.hears(events.router(add_to_journal))
    service.serves(http.router(service.units, Journal))
    return service
