"""Webhooks, version 1."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from pydantic import Field, model_validator

from contracts.envelope import Event
from contracts.values import BlobRef


class WebhookReceived(Event):
    """A webhook was verified and stored; whoever knows the source reads it."""

    aggregate: ClassVar[str] = "hook_id"

    hook_id: str = Field(description="The registered hook it was posted to.")
    source: str = Field(
        description="The kind of sender, such as mime or whatsapp: it tells who reads the body."
    )
    delivery_id: str = Field(description="The signed delivery id, else the SHA-256 of the raw body.")
    received_at: datetime = Field(description="When the gateway accepted it, UTC.")
    content_type: str = Field(description="The request's content type.")
    headers: dict[str, str] = Field(
        default_factory=dict, description="Those request headers that the source's reader needs."
    )
    body: str | None = Field(default=None, description="The raw body in base64, when it is at most 64 KiB.")
    blob: BlobRef | None = Field(
        default=None, description="The raw body in the blob store, when it is larger."
    )

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if (self.body is None) == (self.blob is None):
            raise ValueError("a webhook has its body either inline or in the blob store")
        return self
