"""The composition root: what conversation is made of."""

from __future__ import annotations

from chassis import Service
from conversation.adapters.model import ModelWriter
from conversation.adapters.store import StoredDrafts
from conversation.application.draft_reply import ReplyDrafter
from conversation.entrypoints import events, http
from conversation.settings import Settings
from llm import Budget, language_model


def create_service(settings: Settings | None = None) -> Service:
    """Conversation, ready to run."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — read from the environment
    service = Service("conversation", settings)
    budget = Budget(
        daily_cost=settings.model.daily_cost_per_tenant,
        daily_tokens=settings.model.daily_tokens_per_tenant,
        currency=settings.model.budget_currency,
    )
    writer = ModelWriter(language_model(settings.model), budget)
    drafts = StoredDrafts()
    service.hears(events.router(ReplyDrafter(writer, patience=settings.patience), drafts))
    service.serves(http.router(service.units, drafts))
    service.notes(lambda: _NO_MODEL if settings.model.provider == "offline" else ())
    return service


_NO_MODEL = ("no language model is set up: every reply is a template that promises a human",)
