"""Access tokens: JWTs signed with Ed25519 (RFC 8037, RFC 9068), the private keys sealed under the fleet's key ring."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis.keyring import KeyRing, SealBroken
from tenancy.application.people_ports import SigningKey
from tenancy.application.ports import CannotOpen


class Ed25519Signer:
    """The port `Signer`."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def new_key(self, key_id: str, now: datetime) -> SigningKey:
        """A key pair, the private half sealed."""
        private = Ed25519PrivateKey.generate()
        public = {
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key_id,
            "x": urlsafe_b64encode(private.public_key().public_bytes_raw()).decode().rstrip("="),
        }  # fmt: skip
        return SigningKey(key_id, now, public, self._ring.seal(private.private_bytes_raw(), _context(key_id)))

    def sign(self, key: SigningKey, claims: Mapping[str, str | int]) -> str:
        """An access token. Raises `CannotOpen`."""
        private = Ed25519PrivateKey.from_private_bytes(self._open(key))
        return jwt.encode(
            dict(claims), private, algorithm="EdDSA", headers={"kid": key.key_id, "typ": "at+jwt"}
        )

    def resealed(self, key: SigningKey) -> SigningKey | None:
        """The key under the newest master key; None when it is. Raises `CannotOpen`."""
        plain = self._open(key)
        if not self._ring.needs_reseal(key.box):
            return None
        return SigningKey(
            key.key_id, key.created_at, key.public, self._ring.seal(plain, _context(key.key_id))
        )

    def _open(self, key: SigningKey) -> bytes:
        try:
            return self._ring.open(key.box, _context(key.key_id))
        except SealBroken as error:
            raise CannotOpen(str(error)) from error


def _context(key_id: str) -> str:
    return f"signing-key\x1f{key_id}"
