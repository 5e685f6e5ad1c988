"""Hides addresses in what is counted, and links in what is sent, with keys of the master key."""

from __future__ import annotations

import hashlib
import hmac

from pydantic import SecretStr

from chassis.keyring import KeyRing
from chassis.settings import derive
from contracts.messages.v1 import letter_secret_context


class MasterKeyHider:
    """The port `Hider`."""

    def __init__(self, master_key: SecretStr, ring: KeyRing) -> None:
        self._key = derive(master_key, "log-in attempts").encode()
        self._ring = ring

    def subject(self, kind: str, value: str) -> str:
        """A keyed hash: without the key nobody finds out whose it is by trying all addresses."""
        return hmac.new(self._key, f"{kind}\x1f{value}".encode(), hashlib.sha256).hexdigest()

    def letter_secret(self, tenant_id: str, letter_id: str, value: str) -> str:
        """A box that notification opens when the letter leaves."""
        return self._ring.seal(value.encode(), letter_secret_context(tenant_id, letter_id))
