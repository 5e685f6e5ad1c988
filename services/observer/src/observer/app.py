"""The composition root: what observer is made of."""

from __future__ import annotations

from chassis import Service
from observer.settings import Settings


def create_service(settings: Settings | None = None) -> Service:
    """The service; its settings come from the environment unless they are given."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — the environment fills it
    return Service("observer", settings)
