"""Opens the links that stand sealed in orders to send."""

from __future__ import annotations

from chassis.keyring import KeyRing, SealBroken
from contracts.messages.v1 import letter_secret_context
from notification.application.ports import SecretLost


class SealedSecrets:
    """The port `Secrets` over the fleet's key ring."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def open(self, tenant_id: str, lead_id: str, box: str) -> str:
        """What is in the box. Raises `SecretLost`."""
        try:
            return self._ring.open(box, letter_secret_context(tenant_id, lead_id)).decode()
        except SealBroken as error:
            raise SecretLost(f"the link of the letter does not open: {error}") from error
