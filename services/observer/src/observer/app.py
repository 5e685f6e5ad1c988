"""The composition root: what observer is made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic

from chassis import Service
from observer.adapters.otlp import answer, read_export
from observer.adapters.span_counts import PrometheusSpanCounts
from observer.adapters.span_store import PostgresSpanStore
from observer.application.forget_stories import ForgetStories
from observer.application.read_stories import ReadStories
from observer.application.take_spans import TakeSpans
from observer.entrypoints.http import otlp, stories
from observer.settings import Settings


def create_service(settings: Settings | None = None) -> Service:
    """The service; its settings come from the environment unless they are given."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — the environment fills it
    service = Service("observer", settings)
    _takes_spans(service, settings)
    return service


def _takes_spans(service: Service, settings: Settings) -> None:
    store, counts = PostgresSpanStore(service.database), PrometheusSpanCounts(service.metrics.registry)
    take = TakeSpans(store, counts, settings.sampling, monotonic)
    token = settings.service_token.get_secret_value()
    service.mounts(
        otlp.routes(
            take, counts, read_export, answer, token=token, most_bytes=settings.observer_otlp_max_bytes
        )
    )
    service.serves(stories.router(ReadStories(store)))
    service.runs("spans", take.run)
    forget = ForgetStories(store, partial(datetime.now, UTC), timedelta(days=settings.observer_story_days))
    service.runs("old stories", forget.run)
