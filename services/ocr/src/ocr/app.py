"""The composition root: what ocr is made of."""

from __future__ import annotations

from chassis import Service
from llm import Budget, language_model
from ocr.adapters.model import ModelAnalyst
from ocr.adapters.reader import ConfinedReader
from ocr.adapters.rooms import sweep
from ocr.adapters.store import Documents, StoredContents
from ocr.application.analyze_document import AnalyzeDocument
from ocr.entrypoints import events, http, timers
from ocr.settings import Settings


def create_service(settings: Settings | None = None) -> Service:
    """Ocr, ready to run."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — the environment fills it
    service = Service("ocr", settings)
    documents = Documents()
    analyze = AnalyzeDocument(
        blobs=service.blobs,
        reader=ConfinedReader(settings.limits),
        analyst=ModelAnalyst(language_model(settings.model), _budget(settings)),
        contents=StoredContents(service.units, documents),
        patience=settings.patience,
    )
    service.hears(events.router(analyze, documents.keep, at_a_time=settings.at_a_time))
    service.serves(http.router(service.units, documents))
    service.runs("sweep", timers.sweeping(sweep))
    return service


def _budget(settings: Settings) -> Budget:
    return Budget(
        daily_cost=settings.model.daily_cost_per_tenant,
        daily_tokens=settings.model.daily_tokens_per_tenant,
        currency=settings.model.budget_currency,
    )
