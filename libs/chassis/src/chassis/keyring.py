"""Sealing secrets at rest: AES-256-GCM under a ring of keys, or under a data key that itself lies wrapped by the ring.

A box is text, `<form>.<key>.<base64url of nonce and ciphertext>`: the key's name stands in the box, so keys may turn
while old boxes are still about. Form f1 is sealed by the ring itself and names the ring's key; form f2 is sealed by a
data key and names its version. `context` says what the secret is and whose; it is bound to the box (associated data),
so that a box moved to another tenant, name or version cannot be opened.
"""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

_FORM = "f1"
_DATA_FORM = "f2"
_NONCE_BYTES = 12
_KEY_BYTES = 32
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_LONE_KEY_ID = "1"
_FINGERPRINT = b"frontdesk key fingerprint\x1f"


class KeyRingInvalid(ValueError):
    """The master key is no key ring; the message says what is wrong and never shows key material."""


class SealBroken(Exception):
    """A box cannot be opened: its key is not in the ring, it was changed, or it belongs to another context."""


class KeyRing:
    """Seals with its newest key and opens with any of them."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """`keys` by id, newest first, 32 bytes each. Raises `KeyRingInvalid`."""
        if not keys:
            raise KeyRingInvalid("the key ring is empty: give at least one key of 32 bytes")
        self._ciphers = {key_id: _cipher(key_id, key) for key_id, key in keys.items()}
        self._newest = next(iter(keys))
        self.fingerprints: Mapping[str, str] = {
            key_id: sha256(_FINGERPRINT + key).hexdigest()[:16] for key_id, key in keys.items()
        }
        """What tells the keys apart, by id, and gives nothing of them away: a key is 256 random bits."""

    @classmethod
    def from_secret(cls, master_key: SecretStr) -> Self:
        """Read a ring from `id:base64,id:base64`, newest first, or from one bare base64 key, whose id is 1.

        Raises `KeyRingInvalid`.
        """
        keys: dict[str, bytes] = {}
        for entry in master_key.get_secret_value().split(","):
            key_id, colon, encoded = entry.strip().rpartition(":")
            key_id = key_id if colon else _LONE_KEY_ID
            if key_id in keys:
                raise KeyRingInvalid(f"the key ring names the key {key_id!r} twice")
            keys[key_id] = _decode(key_id, encoded)
        return cls(keys)

    def seal(self, plain: bytes, context: str) -> str:
        """Seal bytes for a context, under the newest key."""
        return _sealed(self._ciphers[self._newest], _FORM, self._newest, plain, context)

    def open(self, box: str, context: str) -> bytes:
        """The bytes that were sealed for this context. Raises `SealBroken`."""
        key_id, payload = _parts(box, _FORM)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SealBroken(
                f"the box was sealed with the key {key_id!r}, which is not in FRONTDESK_MASTER_KEY: add it behind the newest"
            )
        return _opened(cipher, payload, _bound(_FORM, key_id, context))

    def needs_reseal(self, box: str) -> bool:
        """Whether the box is under another key than the newest. Raises `SealBroken` when it is no box of the ring's."""
        return _parts(box, _FORM)[0] != self._newest


class DataKey:
    """A key of one owner, wrapped by the ring where it is kept: turning the ring wraps it anew and touches no box.

    Once the wrapped key is destroyed, nothing that it sealed opens any more, not for the holder of the ring either.
    """

    def __init__(self, owner: str, version: int, key: bytes) -> None:
        """An owner's key of 32 bytes; `version` never repeats for an owner."""
        self._owner = owner
        self._version = version
        self._key = key
        self._cipher = AESGCM(key)

    @classmethod
    def make(cls, owner: str, version: int) -> Self:
        """A new key."""
        return cls(owner, version, AESGCM.generate_key(8 * _KEY_BYTES))

    @classmethod
    def unwrap(cls, ring: KeyRing, owner: str, version: int, wrapped: str) -> Self:
        """The key that was wrapped for this owner and version. Raises `SealBroken`."""
        return cls(owner, version, ring.open(wrapped, _wrapping(owner, version)))

    def wrap(self, ring: KeyRing) -> str:
        """The key as it may be kept: under the ring's newest key, bound to its owner and version."""
        return ring.seal(self._key, _wrapping(self._owner, self._version))

    def seal(self, plain: bytes, context: str) -> str:
        """Seal bytes of the owner's for a context."""
        return _sealed(self._cipher, _DATA_FORM, str(self._version), plain, self._bound_to(context))

    def open(self, box: str, context: str) -> bytes:
        """The bytes that were sealed for this owner and context. Raises `SealBroken`."""
        version, payload = _parts(box, _DATA_FORM)
        return _opened(self._cipher, payload, _bound(_DATA_FORM, version, self._bound_to(context)))

    def _bound_to(self, context: str) -> str:
        return f"{self._owner}\x1f{context}"


def _wrapping(owner: str, version: int) -> str:
    return f"data key\x1f{owner}\x1f{version}"


def _sealed(cipher: AESGCM, form: str, key: str, plain: bytes, context: str) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    sealed = cipher.encrypt(nonce, plain, _bound(form, key, context))
    return f"{form}.{key}.{urlsafe_b64encode(nonce + sealed).decode().rstrip('=')}"


def _opened(cipher: AESGCM, payload: bytes, bound: bytes) -> bytes:
    try:
        return cipher.decrypt(payload[:_NONCE_BYTES], payload[_NONCE_BYTES:], bound)
    except InvalidTag as error:
        raise SealBroken(
            "the box does not open: it was changed, sealed for something else, or the key differs"
        ) from error


def _cipher(key_id: str, key: bytes) -> AESGCM:
    if not _KEY_ID.fullmatch(key_id):
        raise KeyRingInvalid(f"{key_id[:40]!r} is no key id: letters, digits, _ and -, at most 32 of them")
    if len(key) != _KEY_BYTES:
        raise KeyRingInvalid(f"the key {key_id!r} has {len(key)} bytes instead of {_KEY_BYTES}")
    # The master key serves other purposes too (chassis.settings.derive), so sealing has a key of its own.
    return AESGCM(
        HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=b"frontdesk sealing f1").derive(key)
    )


def _decode(key_id: str, encoded: str) -> bytes:
    plain = encoded.translate(str.maketrans("+/", "-_")).rstrip("=")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", plain):
        raise KeyRingInvalid(
            f"the key {key_id[:40]!r} is not base64: make one with `openssl rand -base64 32`"
        )
    try:
        return urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except ValueError as error:
        raise KeyRingInvalid(
            f"the key {key_id[:40]!r} is not base64: make one with `openssl rand -base64 32`"
        ) from error


def _parts(box: str, wanted: str) -> tuple[str, bytes]:
    form, _, rest = box.partition(".")
    key_id, dot, encoded = rest.partition(".")
    if form != wanted or not dot:
        raise SealBroken("this is no sealed box")
    try:
        payload = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError as error:
        raise SealBroken("the sealed box is damaged: it is not base64") from error
    if len(payload) <= _NONCE_BYTES:
        raise SealBroken("the sealed box is damaged: it is too short")
    return key_id, payload


def _bound(form: str, key_id: str, context: str) -> bytes:
    return f"{form}\x1f{key_id}\x1f{context}".encode()
