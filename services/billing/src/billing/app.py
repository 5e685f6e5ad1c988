"""The composition root: what billing is made of."""

from __future__ import annotations

from billing.adapters.store import StoredNotes
from billing.entrypoints import events
from billing.settings import Settings
from chassis import Service


def create_service(settings: Settings | None = None) -> Service:
    """The service; its settings come from the environment unless they are given."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — the environment fills it
    service = Service("billing", settings)
    service.hears(events.router(StoredNotes()))
    return service
