"""Accept a webhook: signature first, then durably kept, then yes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time

from contracts.envelope import outside_id
from contracts.webhooks.v1 import WebhookReceived
from gateway.application.ports import (
    EncodedBody,
    Incoming,
    Intake,
    Reply,
    SignatureRefused,
    TenantSuspended,
    Verifier,
)
from gateway.domain.hook import Hook

INLINE_BYTES = 64 * 1024
"""A larger body goes to the blob store, and the message carries a reference."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender is told: the id of the webhook, and whether it came for the first time."""

    id: str
    new: bool


class AcceptWebhook:
    """The same delivery to the same hook has the same id, however often and in whatever body it comes."""

    def __init__(
        self, verifiers: Mapping[str, Verifier], intake: Intake, clock: Callable[[], float] = time
    ) -> None:
        self._verifiers = verifiers
        self._intake = intake
        self._clock = clock

    def verifier_of(self, hook: Hook) -> Verifier:
        """Who checks this hook's webhooks. Raises `SignatureRefused` when nobody does."""
        verifier = self._verifiers.get(hook.verifier)
        if verifier is None:
            raise SignatureRefused(f"this gateway has no verifier '{hook.verifier}'")
        return verifier

    async def __call__(self, hook: Hook, incoming: Incoming) -> Receipt | Reply:
        """A receipt for what is kept; a reply to a handshake, of which nothing is.

        Raises `SignatureRefused`, `BodyRefused`, `EncodedBody`, `CannotVerify`, `TenantSuspended` and `CannotKeep`.
        """
        verifier = self.verifier_of(hook)
        if any(coding.lower() != "identity" for coding in incoming.headers.getlist("content-encoding")):
            raise EncodedBody("send the body as it was signed, without Content-Encoding")
        now = self._clock()
        verified = verifier.verify(incoming, hook, now)
        if not isinstance(verified, str | Reply):
            verified = await verified
        # Only who has proved to be the sender is told of a suspension.
        if hook.suspended:
            raise TenantSuspended("this tenant is suspended: nothing is taken for it")
        if isinstance(verified, Reply):
            return verified
        return await self._keep(hook, incoming, verifier, verified, now)

    async def _keep(
        self, hook: Hook, incoming: Incoming, verifier: Verifier, delivery_id: str, now: float
    ) -> Receipt:
        headers, body = incoming.headers, incoming.body
        content_type = next(iter(headers.getlist("content-type")), "application/octet-stream")[:200]
        large = len(body) > INLINE_BYTES
        blob = await self._intake.keep_body(hook.tenant_id, body, content_type) if large else None
        message = WebhookReceived(
            hook_id=hook.hook_id,
            source=hook.source,
            delivery_id=delivery_id,
            received_at=datetime.fromtimestamp(now, UTC),
            content_type=content_type,
            headers={name: value[0] for name in verifier.kept_headers if (value := headers.getlist(name))},
            body=None if large else b64encode(body).decode("ascii"),
            blob=blob,
        )
        message_id = outside_id(hook.tenant_id, hook.hook_id, delivery_id)
        accepted = await self._intake.accept(hook.tenant_id, message, message_id)
        return Receipt(message_id, new=accepted == "new")
