"""The chassis's intake and blob store."""

from __future__ import annotations

from typing import Literal

from obstore.exceptions import BaseError

from chassis import Blobs
from chassis.intake import Intake, IntakeUnavailable
from contracts.values import BlobRef
from contracts.webhooks.v1 import WebhookReceived
from gateway.application.ports import CannotKeep


class DurableIntake:
    """The port `Intake`."""

    def __init__(self, intake: Intake, blobs: Blobs) -> None:
        self._intake = intake
        self._blobs = blobs

    async def keep_body(self, tenant_id: str, body: bytes, content_type: str) -> BlobRef:
        """Keep a large body beside the messages. Raises `CannotKeep`."""
        try:
            return await self._blobs.put(tenant_id, body, content_type)
        except (BaseError, OSError) as error:
            raise CannotKeep(f"the blob store does not take it ({type(error).__name__})") from error

    async def accept(
        self, tenant_id: str, message: WebhookReceived, message_id: str
    ) -> Literal["new", "known"]:
        """Keep a message; whether it is new. Raises `CannotKeep`."""
        try:
            return await self._intake.accept(tenant_id, message, message_id)
        except IntakeUnavailable as error:
            raise CannotKeep(str(error)) from error
